"""The staff's list of activities: what was asked for, and the rows, in one statement."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.http.forms import nfkc, tidy
from server.http.i18n import lazy as _l
from server.labels import OPPORTUNITY_KINDS
from server.opportunities.models import Opportunity
from server.opportunities.nearby import offered_places, taken_places
from server.partners.models import Partner

PAGE_ROWS = 50
LAST_PAGE = 200
STATES = {
    "coming": _l("これから"),
    "few": _l("最少人数に足りない"),
    "draft": _l("下書き"),
    "past": _l("おわった"),
    "cancelled": _l("中止"),
}
HOSTS = {"city": _l("市"), "partner": _l("パートナー")}


@dataclass(frozen=True)
class StaffFilter:
    """What the staff asked for; empty = all."""

    q: str = ""
    state: str = "coming"
    kind: str = ""
    host: str = ""
    page: int = 1

    def query(self, **changes: object) -> str:
        """As the query of an address, with changes."""
        values = asdict(replace(self, **changes))  # type: ignore[arg-type]
        return urlencode({k: v for k, v in values.items() if v not in ("", 1)})


def read_filter(asked: Mapping[str, str]) -> StaffFilter:
    """The filter in an address; what is not known is left out."""
    page = asked.get("page", "1")
    return StaffFilter(
        q=tidy(nfkc(asked.get("q")))[:60],
        state=asked["state"] if asked.get("state") in STATES else "coming",
        kind=asked["kind"] if asked.get("kind") in OPPORTUNITY_KINDS else "",
        host=asked["host"] if asked.get("host") in HOSTS else "",
        page=min(int(page), LAST_PAGE) if page.isascii() and page.isdigit() and int(page) else 1,
    )


@dataclass(frozen=True)
class StaffRow:
    """An activity as the staff's list shows it. No partner = the city."""

    id: uuid.UUID
    title: str
    kind: str
    state: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    partner_code: str | None
    partner_name: str | None
    capacity: int
    min_people: int | None
    taken: int
    offered: int
    wants_hands: bool
    series_id: uuid.UUID | None


async def listed(db: AsyncSession, asked: StaffFilter, now: dt.datetime) -> list[StaffRow]:
    """A page of activities and one row more, if there is one: coming ones soonest first."""
    order = Opportunity.starts_at
    latest_first = asked.state in ("past", "cancelled")
    statement = (
        select(
            Opportunity.id, Opportunity.title, Opportunity.kind, Opportunity.state,
            Opportunity.starts_at, Opportunity.ends_at, Partner.code.label("partner_code"),
            Partner.name.label("partner_name"), Opportunity.capacity, Opportunity.min_people,
            taken_places().label("taken"), offered_places().label("offered"),
            Opportunity.wants_hands, Opportunity.series_id,
        )
        .outerjoin(Partner, Partner.id == Opportunity.partner_id)
        .where(*_conditions(asked, now))
        .order_by(order.desc() if latest_first else order, Opportunity.id)
        .limit(PAGE_ROWS + 1)
        .offset((asked.page - 1) * PAGE_ROWS)
    )  # fmt: skip
    return [StaffRow(**row._mapping) for row in await db.execute(statement)]


def _conditions(asked: StaffFilter, now: dt.datetime) -> list[ColumnElement[bool]]:
    published = Opportunity.state == "published"
    found: list[ColumnElement[bool]] = {
        "coming": [published, Opportunity.starts_at > now],
        "few": [
            published, Opportunity.starts_at > now, taken_places() < Opportunity.min_people,
        ],
        "draft": [Opportunity.state == "draft"],
        "past": [published, Opportunity.starts_at <= now],
        "cancelled": [Opportunity.state == "cancelled"],
    }[asked.state]  # fmt: skip
    if asked.kind:
        found.append(Opportunity.kind == asked.kind)
    if asked.host:
        is_city = Opportunity.partner_id.is_(None)
        found.append(is_city if asked.host == "city" else ~is_city)
    if asked.q:
        found.append(
            or_(
                func.strpos(Opportunity.title, asked.q) > 0,
                func.strpos(Partner.name, asked.q) > 0,
                Partner.code == asked.q.upper(),
            )
        )
    return found
