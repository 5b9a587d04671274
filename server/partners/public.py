"""A partner as everybody may see it: ``/partners/{code}``.

Name and introduction of a partner who is not public never leave the database.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Float, Integer, case, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import AgreementArea
from server.areas.models import Area
from server.areas.search import search_text
from server.cleanups.models import Cleanup, CleanupLitter
from server.errors import NotFound
from server.http.i18n import gettext as _
from server.opportunities.models import Opportunity
from server.partners.models import Partner

COMING = 10


@dataclass(frozen=True)
class CaredArea:
    """An area the partner cares for today."""

    code: str
    name: str
    kind: str
    length_m: float
    area_m2: float
    id: uuid.UUID


@dataclass(frozen=True)
class Coming:
    """A published activity that has not begun."""

    id: uuid.UUID
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True)
class PublicPartner:
    """``name`` is None when the partner does not wish to be named; sums are of this 年度."""

    code: str
    name: str | None
    subject: str
    introduction: str
    since: dt.date | None
    times: int
    people: int
    bags: float
    areas: tuple[CaredArea, ...]
    coming: tuple[Coming, ...]


def _areas(day: dt.date) -> Any:
    line = func.json_build_array(
        Area.code, Area.name, Area.kind, Area.length_m, Area.area_m2, Area.id
    )
    return (
        select(func.json_agg(aggregate_order_by(line, Area.name_kana, Area.code)))
        .select_from(AgreementArea)
        .join(Area, Area.id == AgreementArea.area_id)
        .where(
            AgreementArea.partner_id == Partner.id,
            AgreementArea.period.contains(day),
            Area.retired_on.is_(None) | (Area.retired_on > day),
        )
        .scalar_subquery()
    )


def _coming(moment: dt.datetime) -> Any:
    soon = (
        select(Opportunity.id, Opportunity.title, Opportunity.starts_at, Opportunity.ends_at)
        .where(
            Opportunity.partner_id == Partner.id,
            Opportunity.state == "published",
            Opportunity.starts_at > moment,
        )
        .order_by(Opportunity.starts_at)
        .limit(COMING)
        .correlate(Partner)
        .subquery("soon")
    )
    line = func.json_build_array(soon.c.id, soon.c.title, soon.c.starts_at, soon.c.ends_at)
    order = aggregate_order_by(line, soon.c.starts_at)
    return select(func.json_agg(order)).select_from(soon).scalar_subquery()


def _work(year_began: dt.date, day: dt.date) -> Any:
    bags = (
        select(func.sum(CleanupLitter.quantity))
        .where(CleanupLitter.cleanup_id == Cleanup.id, CleanupLitter.unit == "bag")
        .scalar_subquery()
    )
    return (
        select(
            func.count().label("times"),
            cast(func.coalesce(func.sum(Cleanup.people), 0), Integer).label("people"),
            cast(func.coalesce(func.sum(bags), 0), Float).label("bags"),
        )
        .where(
            Cleanup.partner_id == Partner.id,
            Cleanup.state == "accepted",
            Cleanup.done_on.between(year_began, day),
        )
        .lateral("work")
    )


async def public_partner(
    db: AsyncSession, code: str, day: dt.date, year_began: dt.date, moment: dt.datetime
) -> PublicPartner:
    """One partner with areas, the sums of the 年度 and what is coming; raises NotFound."""
    work, shown = _work(year_began, day), Partner.name_public
    row = (
        await db.execute(
            select(
                Partner.code, Partner.subject, case((shown, Partner.since)).label("since"),
                case((shown, Partner.name)).label("name"),
                case((shown, Partner.introduction), else_="").label("introduction"),
                work.c.times, work.c.people, work.c.bags,
                _areas(day).label("areas"), _coming(moment).label("coming"),
            )
            .select_from(Partner).join(work, work.c.times >= 0)
            .where(Partner.code == search_text(code))
        )
    ).first()  # fmt: skip
    if row is None:
        raise NotFound(_("パートナーが見つかりません。"))
    values = {name: getattr(row, name) for name in PublicPartner.__dataclass_fields__}
    parse = dt.datetime.fromisoformat
    values["areas"] = tuple(CaredArea(*one) for one in row.areas or ())
    values["coming"] = tuple(
        Coming(uuid.UUID(id_), title, parse(starts), parse(ends))
        for id_, title, starts, ends in row.coming or ()
    )
    return PublicPartner(**values)
