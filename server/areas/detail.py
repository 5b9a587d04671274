"""One area as the public may see it. A name that is not public is not selected at all."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Text,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import AgreementArea
from server.areas.lineage import Relative, elders, heirs, read_relatives
from server.areas.models import Area, AreaVersion
from server.areas.queries import public_state
from server.areas.search import search_text
from server.citysettings.registry import CityRules
from server.cleanups.models import Cleanup, CleanupLitter
from server.coverage.care import care_of_areas
from server.db.context import now
from server.errors import NotFound
from server.http.i18n import gettext as _
from server.maps.features import collect
from server.opportunities.models import Opportunity
from server.partners.models import Partner

RECENT_CLEANUPS = 10
RECENT_DAYS = dt.timedelta(days=400)
COMING = 5


@dataclass(frozen=True)
class PartnerName:
    """A partner as the public may see it: without name and code unless it is public."""

    code: str | None
    name: str | None
    person: bool


@dataclass(frozen=True)
class PastCleanup:
    """An accepted cleanup on the public page."""

    day: dt.date
    people: int
    bags: float
    partner: PartnerName


@dataclass(frozen=True)
class ComingOpportunity:
    """A published opportunity that has not begun."""

    id: uuid.UUID
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True)
class AreaDetail:
    """Everything the public page of an area shows."""

    id: uuid.UUID
    code: str
    name: str
    kind: str
    manager: str
    section: str
    length_m: float
    area_m2: float
    season_from: str | None
    season_to: str | None
    safety_notes: str
    retired_on: dt.date | None
    version: int
    lon: float
    lat: float
    state: str
    last_on: dt.date | None
    drawn: bool  # somebody drew lately what was really cleaned
    partners: tuple[PartnerName, ...]
    cleanups: tuple[PastCleanup, ...]
    coming: tuple[ComingOpportunity, ...]
    versions: tuple[dt.datetime, ...]  # when each shape or description began, oldest first
    elders: tuple[Relative, ...]  # the areas it was split from or merged of; their logs are there
    heirs: tuple[Relative, ...]


def public_partner() -> ColumnElement[Any]:
    """SQL: ``[code, name, is a person]`` of a partner; code and name only if it is public."""
    shown = Partner.name_public
    return func.json_build_array(
        case((shown, Partner.code)), case((shown, Partner.name)), Partner.subject == "citizen"
    )


def _partners(day: dt.date) -> Any:
    order = aggregate_order_by(public_partner(), Partner.name_kana, Partner.code)
    return (
        select(func.json_agg(order))
        .select_from(AgreementArea)
        .join(Partner, Partner.id == AgreementArea.partner_id)
        .where(AgreementArea.area_id == Area.id, AgreementArea.period.contains(day))
        .scalar_subquery()
    )


def _cleanups(day: dt.date) -> Any:
    bags = (
        select(cast(func.coalesce(func.sum(CleanupLitter.quantity), 0), Float))
        .where(CleanupLitter.cleanup_id == Cleanup.id, CleanupLitter.unit == "bag")
        .scalar_subquery()
    )
    recent = (
        select(Cleanup.done_on, Cleanup.id, Cleanup.people, bags.label("bags"),
               public_partner().label("partner"))
        .join(Partner, Partner.id == Cleanup.partner_id)
        .where(Cleanup.area_id == Area.id, Cleanup.state == "accepted", Cleanup.done_on <= day)
        .order_by(Cleanup.done_on.desc(), Cleanup.id.desc())
        .limit(RECENT_CLEANUPS)
        .correlate(Area)
        .subquery("recent")
    )  # fmt: skip
    line = func.json_build_array(recent.c.done_on, recent.c.people, recent.c.bags, recent.c.partner)
    order = aggregate_order_by(line, recent.c.done_on.desc(), recent.c.id.desc())
    return select(func.json_agg(order)).select_from(recent).scalar_subquery()


def _coming(moment: dt.datetime) -> Any:
    soon = (
        select(Opportunity.id, Opportunity.title, Opportunity.starts_at, Opportunity.ends_at)
        .where(
            Opportunity.area_id == Area.id,
            Opportunity.state == "published",
            Opportunity.starts_at > moment,
        )
        .order_by(Opportunity.starts_at)
        .limit(COMING)
        .correlate(Area)
        .subquery("soon")
    )
    line = func.json_build_array(soon.c.id, soon.c.title, soon.c.starts_at, soon.c.ends_at)
    order = aggregate_order_by(line, soon.c.starts_at)
    return select(func.json_agg(order)).select_from(soon).scalar_subquery()


def _versions() -> Any:
    order = aggregate_order_by(AreaVersion.valid_from, AreaVersion.version)
    return select(func.array_agg(order)).where(AreaVersion.area_id == Area.id).scalar_subquery()


def _drawn_lately(day: dt.date) -> tuple[ColumnElement[bool], ...]:
    return (
        Cleanup.area_id == Area.id,
        Cleanup.state == "accepted",
        Cleanup.extent.is_not(None),
        Cleanup.done_on.between(day - RECENT_DAYS, day),
    )


async def area_detail(db: AsyncSession, code: str, day: dt.date, rules: CityRules) -> AreaDetail:
    """One area with partners, recent cleanups and what is coming: one statement. NotFound."""
    care = care_of_areas(day, rules)
    middle = func.ST_PointOnSurface(Area.geom)
    plain = (
        Area.id, Area.code, Area.name, Area.kind, Area.manager, Area.section, Area.length_m,
        Area.area_m2, Area.season_from, Area.season_to, Area.safety_notes, Area.retired_on,
        Area.version,
    )  # fmt: skip
    statement = (
        select(
            *plain,
            func.ST_X(middle).label("lon"),
            func.ST_Y(middle).label("lat"),
            func.coalesce(public_state(care, now(db)), literal("context")).label("state"),
            care.c.last_on,
            exists().where(*_drawn_lately(day)).label("drawn"),
            _partners(day).label("partners"),
            _cleanups(day).label("cleanups"),
            _coming(now(db)).label("coming"),
            _versions().label("versions"),
            elders().label("elders"),
            heirs().label("heirs"),
        )
        .outerjoin(care, care.c.area_id == Area.id)
        .where(Area.code == search_text(code))
    )
    row = (await db.execute(statement)).first()
    if row is None:
        raise NotFound(_("活動区域が見つかりません。"))
    return _detail(row)


def _detail(row: Any) -> AreaDetail:
    values = {name: getattr(row, name) for name in AreaDetail.__dataclass_fields__}
    parse = dt.datetime.fromisoformat
    values["partners"] = tuple(PartnerName(*one) for one in row.partners or ())
    values["cleanups"] = tuple(
        PastCleanup(dt.date.fromisoformat(day), people, bags, PartnerName(*who))
        for day, people, bags, who in row.cleanups or ()
    )
    values["coming"] = tuple(
        ComingOpportunity(uuid.UUID(id_), title, parse(starts), parse(ends))
        for id_, title, starts, ends in row.coming or ()
    )
    values["versions"] = tuple(row.versions or ())
    values["elders"], values["heirs"] = read_relatives(row.elders), read_relatives(row.heirs)
    return AreaDetail(**values)


async def area_layer(db: AsyncSession, code: str, day: dt.date, rules: CityRules) -> str:
    """The area in its public colour, and faintly where the last cleanups really were.

    Always whole, whatever the viewport: it is one area. Raises NotFound.
    """
    care = care_of_areas(day, rules)
    state = func.coalesce(public_state(care, now(db)), "context")
    area = (
        select(cast(Area.id, Text).label("id"), Area.name, state.label("state"), Area.geom)
        .add_columns(literal(0).label("rank"))
        .outerjoin(care, care.c.area_id == Area.id)
        .where(Area.code == search_text(code))
    )
    drawn = (
        select(cast(Cleanup.id, Text), literal(""), literal("context"), Cleanup.extent, literal(1))
        .join(Area, Area.id == Cleanup.area_id)
        .where(Area.code == search_text(code), *_drawn_lately(day))
        .order_by(Cleanup.done_on.desc())
        .limit(RECENT_CLEANUPS)
    )
    both = union_all(area, select(drawn.subquery())).subquery("both")
    body = await collect(db, select(both).order_by(both.c.rank))
    if not json.loads(body)["features"]:
        raise NotFound(_("活動区域が見つかりません。"))
    return body
