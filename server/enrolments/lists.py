"""Lists of applications: one's own, and the city's with its counts."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.areas.search import search_text
from server.enrolments.machine import LIVE, OVER
from server.enrolments.models import Enrolment, EnrolmentArea
from server.enrolments.queries import own, visible
from server.http.forms import nfkc, to_katakana
from server.http.i18n import gettext as _
from server.partners.models import Partner
from server.policy import Actor

PAGE_ROWS = 50
MY_ROWS = 20
# What the staff's list is divided into; together every state, each once.
TABS: Mapping[str, tuple[str, ...]] = {
    "waiting": ("submitted", "checking"),
    "returned": ("returned",),
    "draft": ("draft",),
    "agreed": ("agreed", *LIVE),
    "over": OVER,
}
SORTS = ("age", "new", "code", "name")


@dataclass(frozen=True)
class Line:
    """An application in a list. ``since`` is when it was sent, or begun while it is a draft."""

    id: uuid.UUID
    code: str
    state: str
    subject: str
    name: str
    by_proxy: bool
    section: str
    areas: int
    since: dt.datetime


@dataclass(frozen=True)
class Asked:
    """What staff ask of the list; ``tab`` is a key of TABS or empty for all."""

    tab: str = "waiting"
    section: str = ""
    q: str = ""
    sort: str = "age"
    page: int = 1


def read_asked(params: Mapping[str, str], sections: tuple[str, ...]) -> Asked:
    """Read the filter from an address; what is unknown is as if not asked."""
    tab, section, sort = (params.get(name, "") for name in ("tab", "section", "sort"))
    number = nfkc(params.get("page"))
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    return Asked(
        tab=tab if tab in TABS else ("" if tab == "all" else "waiting"),
        section=section if section in sections else "", q=search_text(params.get("q")),
        sort=sort if sort in SORTS else "age", page=max(1, page),
    )  # fmt: skip


_NAME = func.coalesce(Partner.name, func.nullif(Enrolment.answers["name"].astext, ""))
_SINCE = func.coalesce(Enrolment.submitted_at, Enrolment.created_at)


def _lines() -> Any:
    areas = (
        select(func.count())
        .where(EnrolmentArea.enrolment_id == Enrolment.id)
        .correlate(Enrolment)
        .scalar_subquery()
    )
    return select(
        Enrolment.id, Enrolment.code, Enrolment.state, Enrolment.subject, Enrolment.by_proxy,
        Enrolment.section, _NAME.label("name"), areas.label("areas"), _SINCE.label("since"),
    ).outerjoin(Partner, Partner.id == Enrolment.partner_id)  # fmt: skip


def _line(row: Any) -> Line:
    values = {name: getattr(row, name) for name in Line.__dataclass_fields__}
    return Line(**{**values, "name": row.name or _("(名前はまだありません)")})


async def own_cases(db: AsyncSession, actor: Actor) -> tuple[Line, ...]:
    """What somebody has filed, and the cases of their partners; the newest first."""
    statement = _lines().where(own(actor)).order_by(Enrolment.created_at.desc()).limit(MY_ROWS)
    return tuple(_line(row) for row in await db.execute(statement))


def _filter(asked: Asked, actor: Actor) -> ColumnElement[bool]:
    found = [visible(actor)]
    if asked.section:
        found.append(Enrolment.section == asked.section)
    if asked.q:
        kana = Enrolment.answers["name_kana"].astext
        found.append(
            or_(
                Enrolment.code.icontains(nfkc(asked.q), autoescape=True),
                _NAME.icontains(asked.q, autoescape=True),
                kana.icontains(to_katakana(asked.q), autoescape=True),
            )
        )
    return and_(*found)


async def staff_counts(db: AsyncSession, asked: Asked, actor: Actor) -> dict[str, int]:
    """How many applications each tab holds under the other filters; ``all`` is their sum."""
    statement = (
        select(Enrolment.state, func.count())
        .outerjoin(Partner, Partner.id == Enrolment.partner_id)
        .where(_filter(asked, actor))
        .group_by(Enrolment.state)
    )
    by_state: dict[str, int] = {row[0]: row[1] for row in await db.execute(statement)}
    counts = {tab: sum(by_state.get(s, 0) for s in states) for tab, states in TABS.items()}
    return {**counts, "all": sum(counts.values())}


async def staff_page(db: AsyncSession, asked: Asked, actor: Actor) -> tuple[Line, ...]:
    """One page of ``PAGE_ROWS``."""
    order: dict[str, tuple[Any, ...]] = {
        "age": (_SINCE, Enrolment.code),
        "new": (_SINCE.desc(), Enrolment.code),
        "code": (Enrolment.code,),
        "name": (_NAME, Enrolment.code),
    }
    statement = _lines().where(_filter(asked, actor))
    if asked.tab:
        statement = statement.where(Enrolment.state.in_(TABS[asked.tab]))
    statement = statement.order_by(*order[asked.sort]).limit(PAGE_ROWS)
    statement = statement.offset((asked.page - 1) * PAGE_ROWS)
    return tuple(_line(row) for row in await db.execute(statement))
