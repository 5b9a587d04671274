"""Reads of areas for everybody. What is private (a person's name) is not selected here."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, and_, case, cast, exists, func, literal, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from geo.shapes import Bounds
from server.agreements.models import AgreementArea
from server.areas.models import KINDS, Area, AreaVersion
from server.areas.search import matches, search_text
from server.citysettings.registry import CityRules
from server.cleanups.models import Cleanup, CleanupLitter
from server.coverage.care import care_of_areas
from server.db.context import now
from server.errors import NotFound
from server.http.i18n import gettext as _
from server.maps.features import collect, in_box
from server.opportunities.models import Opportunity
from server.partners.models import Partner

PAGE_ROWS = 60
RECENT_CLEANUPS = 10
COMING = 5


@dataclass(frozen=True)
class AreaFilter:
    """What a visitor asks of the list; empty = all. ``partner`` is a code."""

    q: str = ""
    kind: str = ""
    partner: str = ""
    page: int = 1


def read_area_filter(params: Mapping[str, str]) -> AreaFilter:
    """Read a filter from an address; unknown kinds and odd pages are as if not asked."""
    kind, page = params.get("kind", ""), params.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    return AreaFilter(
        q=search_text(params.get("q")),
        kind=kind if kind in KINDS else "",
        partner=search_text(params.get("partner")),
        page=max(1, number),
    )


@dataclass(frozen=True)
class AreaLine:
    """An area in the public list. ``state`` is a public state: open, fresh, unassigned, context."""

    id: uuid.UUID
    code: str
    name: str
    kind: str
    manager: str
    length_m: float
    area_m2: float
    state: str
    last_on: dt.date | None


@dataclass(frozen=True)
class AreaPage:
    """One page of the list and how many there are in all."""

    rows: tuple[AreaLine, ...]
    total: int


def _cared_by(code: str, day: dt.date) -> ColumnElement[bool]:
    held = select(AgreementArea.id).join(Partner, Partner.id == AgreementArea.partner_id)
    return exists(
        held.where(
            AgreementArea.area_id == Area.id,
            AgreementArea.period.contains(day),
            Partner.code == code,
        )
    )


def _asked(asked: AreaFilter, day: dt.date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.kind:
        found.append(Area.kind == asked.kind)
    if asked.q:
        found.append(matches(asked.q))
    if asked.partner:
        found.append(_cared_by(asked.partner, day))
    return found


def _public_state(care: Any, moment: dt.datetime) -> ColumnElement[str]:
    """What the public sees: where to join, what is clean, what looks for hands. No blame."""
    coming = exists().where(
        Opportunity.area_id == Area.id,
        Opportunity.state == "published",
        Opportunity.starts_at > moment,
    )
    return case(
        (coming, "open"),
        (care.c.state.in_(("fresh", "unassigned")), care.c.state),
        else_="context",
    )


async def list_areas(
    db: AsyncSession, asked: AreaFilter, day: dt.date, rules: CityRules
) -> AreaPage:
    """Areas in force, by reading; one page of ``PAGE_ROWS``."""
    care = care_of_areas(day, rules)
    kana = func.coalesce(func.nullif(Area.name_kana, ""), Area.name)
    found = (
        select(
            Area.id, Area.code, Area.name, Area.kind, Area.manager, Area.length_m, Area.area_m2,
            care.c.last_on, care.c.area_id, kana.label("kana"),
        )
        .join(care, care.c.area_id == Area.id)
        .where(*_asked(asked, day))
        .add_columns(_public_state(care, now(db)).label("state"))
    ).cte("found")  # fmt: skip
    total = select(func.count()).select_from(found).scalar_subquery()
    page = select(found).order_by(found.c.kana, found.c.code).limit(PAGE_ROWS)
    page_rows = page.offset((asked.page - 1) * PAGE_ROWS).subquery("page")
    counted = select(total.label("total")).subquery("counted")
    statement = select(counted.c.total, page_rows).select_from(
        counted.outerjoin(page_rows, true())
    )
    answer = (await db.execute(statement.order_by(page_rows.c.kana, page_rows.c.code))).all()
    rows = tuple(_line(row) for row in answer if row.id is not None)
    return AreaPage(rows, answer[0].total)


def _line(row: Any) -> AreaLine:
    return AreaLine(**{name: getattr(row, name) for name in AreaLine.__dataclass_fields__})


async def areas_layer(
    db: AsyncSession, asked: AreaFilter, day: dt.date, rules: CityRules, box: Bounds | None
) -> str:
    """The same areas as GeoJSON with their public state."""
    care = care_of_areas(day, rules)
    state = _public_state(care, now(db))
    rows = (
        select(
            Area.id, Area.name, state.label("state"), Area.geom,
            func.concat("/areas/", Area.code, "/card").label("url"),
        )
        .join(care, care.c.area_id == Area.id)
        .where(*_asked(asked, day), *in_box(Area.geom, box))
        .order_by(case((state == "open", 0), else_=1), Area.code)
    )  # fmt: skip
    return await collect(db, rows)


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
    partners: tuple[PartnerName, ...]
    cleanups: tuple[PastCleanup, ...]
    coming: tuple[ComingOpportunity, ...]
    versions: tuple[dt.datetime, ...]  # when each shape or description began, oldest first


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
    line = func.json_build_array(
        recent.c.done_on, recent.c.people, recent.c.bags, recent.c.partner
    )
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


async def area_detail(
    db: AsyncSession, code: str, day: dt.date, rules: CityRules
) -> AreaDetail:
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
            func.coalesce(_public_state(care, now(db)), literal("context")).label("state"),
            care.c.last_on,
            _partners(day).label("partners"),
            _cleanups(day).label("cleanups"),
            _coming(now(db)).label("coming"),
            _versions().label("versions"),
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
    return AreaDetail(**values)


async def area_layer(db: AsyncSession, code: str, box: Bounds | None) -> str | None:
    """An area in its colour, and faintly where the last cleanups really were; None = unknown."""
    area_id = await db.scalar(select(Area.id).where(Area.code == search_text(code)))
    if area_id is None:
        return None
    area = select(
        cast(Area.id, Text).label("id"), Area.name, literal("open").label("state"), Area.geom
    ).where(Area.id == area_id, *in_box(Area.geom, box))
    return await collect(db, area)
