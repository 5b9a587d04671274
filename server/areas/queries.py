"""Reads of many areas: the public list and its map.

One area is read in ``detail.py``, the register of the staff in ``register.py``.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from geo.shapes import Bounds
from server.agreements.models import AgreementArea
from server.areas.models import KINDS, MANAGERS, Area
from server.areas.search import matches, reading, search_text
from server.citysettings.registry import CityRules
from server.coverage.care import care_of_areas
from server.db.context import now
from server.maps.features import collect, in_box
from server.opportunities.models import Opportunity
from server.partners.models import Partner

PAGE_ROWS = 60


@dataclass(frozen=True)
class AreaFilter:
    """What a visitor asks of the list; empty = all. ``partner`` is a code. Manager and section are
    asked in the register only."""

    q: str = ""
    kind: str = ""
    partner: str = ""
    page: int = 1
    manager: str = ""
    section: str = ""


def read_area_filter(params: Mapping[str, str]) -> AreaFilter:
    """Read a filter from an address; unknown kinds and odd pages are as if not asked."""
    kind, page = params.get("kind", ""), params.get("page", "1")
    manager = params.get("manager", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    return AreaFilter(
        q=search_text(params.get("q")),
        kind=kind if kind in KINDS else "",
        partner=search_text(params.get("partner")),
        page=max(1, number),
        manager=manager if manager in MANAGERS else "",
        section=search_text(params.get("section")),
    )


@dataclass(frozen=True)
class AreaLine:
    """An area in the public list. ``state`` is a public state: open, unassigned, context."""

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


def conditions(asked: AreaFilter, day: dt.date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.kind:
        found.append(Area.kind == asked.kind)
    if asked.manager:
        found.append(Area.manager == asked.manager)
    if asked.section:
        found.append(Area.section == asked.section)
    if asked.q:
        found.append(matches(asked.q))
    if asked.partner:
        found.append(_cared_by(asked.partner, day))
    return found


def public_state(care: Any, moment: dt.datetime) -> ColumnElement[str]:
    """What the public sees: where to join and what looks for hands. Nobody is blamed."""
    coming = exists().where(
        Opportunity.area_id == Area.id,
        Opportunity.state == "published",
        Opportunity.starts_at > moment,
    )
    return case(
        (coming, "open"),
        (care.c.state == "unassigned", "unassigned"),
        else_="context",
    )


async def list_areas(
    db: AsyncSession, asked: AreaFilter, day: dt.date, rules: CityRules
) -> AreaPage:
    """Areas in force, by reading; one page of ``PAGE_ROWS``. Only its areas are asked for care."""
    care = care_of_areas(day, rules)
    kana = reading(Area.name_kana, Area.name)
    in_force = Area.retired_on.is_(None) | (Area.retired_on > day)
    found = (
        select(Area.id, Area.code, kana.label("kana")).where(in_force, *conditions(asked, day))
    ).cte("found")
    chosen = select(found).order_by(found.c.kana, found.c.code).limit(PAGE_ROWS)
    few = chosen.offset((asked.page - 1) * PAGE_ROWS).cte("few")
    page = (
        select(
            Area.id, Area.code, Area.name, Area.kind, Area.manager, Area.length_m, Area.area_m2,
            care.c.last_on, public_state(care, now(db)).label("state"), few.c.kana,
        )
        .join(few, few.c.id == Area.id)
        .join(care, care.c.area_id == Area.id)
        .subquery("page")
    )  # fmt: skip
    counted = select(func.count().label("total")).select_from(found).subquery("counted")
    statement = select(counted.c.total, page).select_from(counted.outerjoin(page, true()))
    answer = (await db.execute(statement.order_by(page.c.kana, page.c.code))).all()
    rows = tuple(_line(row) for row in answer if row.id is not None)
    return AreaPage(rows, answer[0].total)


def _line(row: Any) -> AreaLine:
    return AreaLine(**{name: getattr(row, name) for name in AreaLine.__dataclass_fields__})


async def areas_layer(
    db: AsyncSession, asked: AreaFilter, day: dt.date, rules: CityRules, box: Bounds | None
) -> str:
    """The same areas as GeoJSON with their public state."""
    care = care_of_areas(day, rules)
    state = public_state(care, now(db))
    rows = (
        select(
            Area.id, Area.name, state.label("state"), Area.geom,
            func.concat("/areas/", Area.code, "/card").label("url"),
        )
        .join(care, care.c.area_id == Area.id)
        .where(*conditions(asked, day), *in_box(Area.geom, box))
        .order_by(case((state == "open", 0), else_=1), Area.code)
    )  # fmt: skip
    return await collect(db, rows)
