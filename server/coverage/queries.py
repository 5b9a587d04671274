"""Coverage reads. ``care_of_areas`` is the shared expression: join it on ``area_id``.

Tiles, legend, table, file and map come from the same filtered rows, so their numbers agree.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    case,
    cast,
    exists,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.selectable import LateralFromClause

from geo.shapes import Bounds
from server.agreements.models import AgreementArea
from server.areas.models import Area
from server.areas.search import matches, reading
from server.citysettings.registry import CityRules
from server.cleanups.models import Cleanup
from server.coverage.care import care_of_areas, city_today, season_of
from server.coverage.filters import CoverageFilter
from server.maps.features import collect, in_box
from server.partners.models import Partner

__all__ = ["care_of_areas", "city_today", "season_of"]

PAGE_ROWS = 100
FILE_ROWS = 20_000
# From what needs care most to what needs none; the order of the column 状態.
SEVERITY = {"overdue": 5, "never": 4, "unassigned": 3, "due": 2, "resting": 1, "fresh": 0}


@dataclass(frozen=True)
class CoverageRow:
    """An area in the table. ``season_days`` since ``last_on`` leave the pauses out."""

    id: uuid.UUID
    code: str
    name: str
    kind: str
    manager: str
    section: str
    state: str
    last_on: dt.date | None
    season_days: int | None
    times: int
    people: int
    length_m: float
    area_m2: float
    partners: tuple[tuple[str, str], ...]  # code, name


@dataclass(frozen=True)
class StateTotal:
    """All areas of one state."""

    areas: int = 0
    length_m: float = 0
    area_m2: float = 0
    dormant: int = 0
    times: int = 0
    people: int = 0


@dataclass(frozen=True)
class Coverage:
    """One page of rows, and the totals of all rows the filter finds."""

    rows: tuple[CoverageRow, ...]
    by_state: Mapping[str, StateTotal]

    def total(self, name: str) -> float:
        """The sum of one figure of ``StateTotal`` over all states."""
        return sum(float(getattr(total, name)) for total in self.by_state.values())

    def of(self, state: str) -> StateTotal:
        return self.by_state.get(state, StateTotal())

    @property
    def areas(self) -> int:
        return int(self.total("areas"))

    @property
    def cared_percent(self) -> int | None:
        """Share of the length that is fresh or due; of the areas where nothing has length."""
        name = "length_m" if self.total("length_m") else "areas"
        whole = self.total(name)
        cared = sum(getattr(self.of(state), name) for state in ("fresh", "due"))
        return round(100 * cared / whole) if whole else None


def _conditions(asked: CoverageFilter, care: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name in ("kind", "manager", "section"):
        if value := getattr(asked, name):
            found.append(getattr(Area, name) == value)
    if asked.q:
        found.append(matches(asked.q))
    if asked.state:
        found.append(care.c.dormant if asked.state == "dormant" else care.c.state == asked.state)
    if asked.partner:
        live = select(AgreementArea.id).join(Partner, Partner.id == AgreementArea.partner_id)
        live = live.where(AgreementArea.area_id == Area.id, Partner.code == asked.partner)
        found.append(exists(live.where(AgreementArea.period.contains(asked.day))))
    return found


def _year_of_work(asked: CoverageFilter) -> LateralFromClause:
    """Accepted cleanups of an area from the start of the 年度 to the day of the picture."""
    return (
        select(
            func.count().label("times"),
            cast(func.coalesce(func.sum(Cleanup.people), 0), Integer).label("people"),
        )
        .where(
            Cleanup.area_id == Area.id,
            Cleanup.state == "accepted",
            Cleanup.done_on.between(asked.year_began, asked.day),
        )
        .lateral("work")
    )


def _found(asked: CoverageFilter, rules: CityRules) -> Select[*tuple[Any, ...]]:
    care = care_of_areas(asked.day, rules)
    work = _year_of_work(asked)
    columns = (
        Area.id, Area.code, Area.name, reading(Area.name_kana, Area.name).label("reading"),
        Area.kind, Area.manager, Area.section, Area.length_m, Area.area_m2,
        care.c.state, care.c.last_on, care.c.season_days,
        care.c.dormant, work.c.times, work.c.people,
    )  # fmt: skip
    return (
        select(*columns)
        .join(care, care.c.area_id == Area.id)
        .join(work, true())
        .where(*_conditions(asked, care))
    )


def _order(asked: CoverageFilter, rows: Any) -> list[ColumnElement[Any]]:
    severity = case(SEVERITY, value=rows.c.state, else_=0)
    # Never cleaned is the longest wait there is.
    wait = func.coalesce(rows.c.season_days, 1_000_000)
    keys: dict[str, list[ColumnElement[Any]]] = {
        "name": [rows.c.reading],
        "state": [severity, wait],
        "last": [wait],
    }
    chosen = keys.get(asked.sort) or [rows.c[asked.sort]]
    ordered = [key.desc() if asked.down else key.asc() for key in chosen]
    return [*ordered, rows.c.code.asc()]


def live_partners(area_id: ColumnElement[Any], day: dt.date) -> LateralFromClause:
    """For each area the partners who care for it on ``day``: JSON ``[[code, name], …]``."""
    pair = func.json_build_array(Partner.code, Partner.name)
    return (
        select(
            func.json_agg(aggregate_order_by(pair, Partner.name_kana, Partner.code)).label("all")
        )
        .select_from(AgreementArea)
        .join(Partner, Partner.id == AgreementArea.partner_id)
        .where(AgreementArea.area_id == area_id, AgreementArea.period.contains(day))
        .lateral("carers")
    )


def _totals(rows: Any) -> ColumnElement[Any]:
    per_state = (
        select(
            rows.c.state,
            func.json_build_object(
                "areas", func.count(),
                "length_m", func.sum(rows.c.length_m),
                "area_m2", func.sum(rows.c.area_m2),
                "dormant", func.count().filter(rows.c.dormant),
                "times", func.sum(rows.c.times),
                "people", func.sum(rows.c.people),
            ).label("total"),
        )
        .group_by(rows.c.state)
        .subquery("per_state")
    )  # fmt: skip
    return select(func.json_object_agg(per_state.c.state, per_state.c.total)).scalar_subquery()


async def coverage(
    db: AsyncSession, asked: CoverageFilter, rules: CityRules, *, limit: int = PAGE_ROWS
) -> Coverage:
    """The areas the filter finds, one page of them, and the totals over all: one statement."""
    rows = _found(asked, rules).cte("found")
    order = _order(asked, rows)
    number = func.row_number().over(order_by=order).label("n")
    page = (
        select(rows, number).order_by("n").limit(limit).offset((asked.page - 1) * limit)
    ).subquery("page")
    carers = live_partners(page.c.id, asked.day)
    totals = select(_totals(rows).label("totals")).subquery("totals")
    statement = (
        select(totals.c.totals, page, carers.c.all.label("partners"))
        .select_from(totals.outerjoin(page, true()).outerjoin(carers, true()))
        .order_by(page.c.n)
    )
    answer = (await db.execute(statement)).all()
    by_state = {name: StateTotal(**t) for name, t in (answer[0].totals or {}).items()}
    return Coverage(tuple(_row(r) for r in answer if r.id is not None), by_state)


def _row(found: Any) -> CoverageRow:
    values = {name: getattr(found, name) for name in CoverageRow.__dataclass_fields__}
    values["partners"] = tuple((code, name) for code, name in found.partners or ())
    return CoverageRow(**values)


async def coverage_layer(
    db: AsyncSession, asked: CoverageFilter, rules: CityRules, box: Bounds | None
) -> str:
    """The same areas as GeoJSON, coloured by state; those that need care most come first."""
    care = care_of_areas(asked.day, rules)
    severity = case(SEVERITY, value=care.c.state, else_=0)
    rows = (
        select(
            Area.id, Area.name, care.c.state, Area.geom,
            func.concat("/areas/", Area.code, "/card").label("url"),
        )
        .join(care, care.c.area_id == Area.id)
        .where(*_conditions(asked, care), *in_box(Area.geom, box))
        .order_by(severity.desc(), Area.code)
    )  # fmt: skip
    return await collect(db, rows)


@dataclass(frozen=True)
class FilterChoices:
    """What the selects of the filter offer."""

    sections: tuple[str, ...]
    partners: tuple[tuple[str, str], ...]  # code, name
    first_year_day: dt.date | None  # the oldest accepted cleanup


async def filter_choices(db: AsyncSession) -> FilterChoices:
    """Sections that areas have, partners that ever agreed, and where the 年度 begin."""
    sections = select(func.array_agg(func.distinct(Area.section))).where(Area.section != "")
    pair = func.json_build_array(Partner.code, Partner.name)
    partners = select(
        func.json_agg(aggregate_order_by(pair, Partner.name_kana, Partner.code))
    ).where(exists().where(AgreementArea.partner_id == Partner.id))
    first = select(func.min(Cleanup.done_on)).where(Cleanup.state == "accepted")
    row = (
        await db.execute(
            select(
                sections.scalar_subquery().label("sections"),
                partners.scalar_subquery().label("partners"),
                first.scalar_subquery().label("first"),
            )
        )
    ).one()
    return FilterChoices(
        tuple(sorted(row.sections or ())),
        tuple((code, name) for code, name in row.partners or ()),
        row.first,
    )
