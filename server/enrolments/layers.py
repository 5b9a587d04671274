"""Finding an area that nobody cares for: the list, its map, and the map of one application."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, cast, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from geo.shapes import Bounds
from server.agreements.models import AgreementArea
from server.areas.models import KINDS, Area
from server.areas.search import matches, reading, search_text
from server.enrolments.models import Enrolment, EnrolmentArea
from server.enrolments.queries import holders_of, visible
from server.http.forms import nfkc
from server.maps.features import collect, in_box
from server.policy import Actor

PAGE_ROWS = 12


@dataclass(frozen=True)
class Asked:
    """What somebody asks of the list of areas; ``taken`` also shows those that are cared for."""

    q: str = ""
    kind: str = ""
    taken: bool = False
    page: int = 1


def read_asked(params: Any) -> Asked:
    """Read the filter from an address; what is unknown is as if not asked."""
    kind, number = params.get("kind", ""), nfkc(params.get("page"))
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 1
    return Asked(
        q=search_text(params.get("q")), kind=kind if kind in KINDS else "",
        taken=params.get("taken") == "1", page=max(1, page),
    )  # fmt: skip


@dataclass(frozen=True)
class Offered:
    """An area of the register as it is offered; ``holders`` is empty when nobody cares for it."""

    id: uuid.UUID
    code: str
    name: str
    kind: str
    length_m: float
    area_m2: float
    safety_notes: str
    holders: str


@dataclass(frozen=True)
class OfferedPage:
    """One page of them, and how many there are in all."""

    rows: tuple[Offered, ...]
    total: int


def _held(day: dt.date) -> ColumnElement[bool]:
    return exists().where(AgreementArea.area_id == Area.id, AgreementArea.period.contains(day))


def _conditions(asked: Asked, day: dt.date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Area.retired_on.is_(None) | (Area.retired_on > day)]
    if asked.kind:
        found.append(Area.kind == asked.kind)
    if asked.q:
        found.append(matches(asked.q))
    if not asked.taken:
        found.append(~_held(day))
    return found


def _offered(day: dt.date) -> Any:
    return select(
        Area.id, Area.code, Area.name, Area.kind, Area.length_m, Area.area_m2, Area.safety_notes,
        func.coalesce(holders_of(Area.id, day), "").label("holders"),
    )  # fmt: skip


def _line(row: Any) -> Offered:
    return Offered(**{name: getattr(row, name) for name in Offered.__dataclass_fields__})


async def offered(db: AsyncSession, asked: Asked, day: dt.date) -> OfferedPage:
    """Areas to choose from, by reading."""
    statement = (
        _offered(day)
        .add_columns(func.count().over().label("total"))
        .where(*_conditions(asked, day))
        .order_by(reading(Area.name_kana, Area.name), Area.code)
        .limit(PAGE_ROWS)
        .offset((asked.page - 1) * PAGE_ROWS)
    )
    rows = (await db.execute(statement)).all()
    return OfferedPage(tuple(_line(row) for row in rows), rows[0].total if rows else 0)


async def one_offered(db: AsyncSession, code: str, day: dt.date) -> Offered | None:
    """One area by its number."""
    row = (await db.execute(_offered(day).where(Area.code == search_text(code)))).first()
    return _line(row) if row else None


async def free_areas(
    db: AsyncSession, asked: Asked, day: dt.date, box: Bounds | None, application: uuid.UUID | None
) -> str:
    """GeoJSON of the areas nobody cares for, the others faint behind them. With ``application``
    a tap offers to choose the area for it, otherwise it opens the public card."""
    state = case((_held(day), "context"), else_="unassigned")
    card = func.concat("/areas/", Area.code, "/card")
    if application is not None:
        card = func.concat(f"/applications/{application}/edit/areas?card=", Area.code)
    everything = Asked(asked.q, asked.kind, taken=True)
    rows = (
        select(Area.id, Area.name, state.label("state"), Area.geom, card.label("url"))
        .where(*_conditions(everything, day), *in_box(Area.geom, box))
        .order_by(case((state == "unassigned", 0), else_=1), Area.code)
    )
    return await collect(db, rows)


async def application_layer(db: AsyncSession, id: uuid.UUID, actor: Actor) -> str:
    """GeoJSON of the places of one application, numbered as in its list; a stranger's is empty."""
    order = func.row_number().over(order_by=(EnrolmentArea.created_at, EnrolmentArea.id))
    rows = (
        select(
            EnrolmentArea.id,
            func.coalesce(Area.name, EnrolmentArea.name).label("name"),
            literal("place").label("state"),
            func.coalesce(EnrolmentArea.geom, Area.geom).label("geom"),
            cast(order, Text).label("label"),
        )
        .join(Enrolment, Enrolment.id == EnrolmentArea.enrolment_id)
        .outerjoin(Area, Area.id == EnrolmentArea.area_id)
        .where(EnrolmentArea.enrolment_id == id, visible(actor))
        .order_by(order)
    )
    return await collect(db, rows)
