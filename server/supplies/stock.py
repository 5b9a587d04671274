"""Reads of the stock: what lies where, and the book of moves."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.http.forms import tidy
from server.ledgers.lists import FILE_ROWS, PAGE_ROWS, days_of_year, year_of
from server.supplies.models import CATEGORIES, MOVES

GIVEN = "given"  # hand-outs and returns together: what the yearly figures are made of


@dataclass(frozen=True)
class Item:
    """A kind of thing as the staff see it. ``levels`` by place; only places where it lies."""

    id: uuid.UUID
    code: str
    name: str
    unit: str
    category: str
    per_request: int | None
    per_year: int | None
    position: int
    active: bool
    levels: dict[uuid.UUID, Decimal]

    @property
    def total(self) -> Decimal:
        """How much there is at all places."""
        return sum(self.levels.values(), Decimal(0))


@dataclass(frozen=True)
class StockPlace:
    """A place as the staff see it."""

    id: uuid.UUID
    name: str
    address: str
    hours: str
    position: int
    active: bool
    where: str  # "latitude, longitude", as maps on the web show it, or empty


@dataclass(frozen=True)
class Store:
    """Everything in stock: items (in order) with their levels, and the places."""

    items: tuple[Item, ...]
    places: tuple[StockPlace, ...]


_STORE = text("""
SELECT (SELECT json_agg(json_build_array(id, name, address, hours, position, active,
                          coalesce(ST_Y(point) || ', ' || ST_X(point), ''))
                        ORDER BY active DESC, position, name) FROM supply_places) AS places,
       (SELECT json_agg(json_build_array(i.id, i.code, i.name, i.unit, i.category, i.per_request,
                                         i.per_year, i.position, i.active,
                          (SELECT json_object_agg(k.place_id, k.quantity::text)
                             FROM stock_levels k WHERE k.item_id = i.id))
                        ORDER BY i.active DESC, i.position, i.code) FROM supply_items i) AS items
""")


async def store(db: AsyncSession) -> Store:
    """Items, places and levels in one statement."""
    row = (await db.execute(_STORE)).one()
    places = tuple(StockPlace(uuid.UUID(id), *rest) for id, *rest in row.places or ())
    items = tuple(_item(*fields) for fields in row.items or ())
    return Store(items, places)


def _item(id: str, *rest: Any) -> Item:
    *plain, levels = rest
    fields: tuple[Any, ...] = (uuid.UUID(id), *plain, _levels(levels))
    return Item(*fields)


def _levels(found: Mapping[str, str] | None) -> dict[uuid.UUID, Decimal]:
    return {uuid.UUID(place): Decimal(amount) for place, amount in (found or {}).items()}


@dataclass(frozen=True)
class BookFilter:
    """What the book of moves is narrowed to; ``reason`` may be GIVEN."""

    item: str = ""
    category: str = ""
    place: str = ""
    reason: str = ""
    year: int | None = None
    page: int = 1

    def query(self, **changed: Any) -> str:
        """The query of an address with some of it changed."""
        now = replace(self, **{"page": 1, **changed})
        said = {name: getattr(now, name) for name in ("item", "category", "place", "reason")}
        said |= {"year": now.year, "page": now.page if now.page > 1 else None}
        return urlencode({key: value for key, value in said.items() if value})


def read_book_filter(params: Mapping[str, str], today: dt.date) -> BookFilter:
    """The filter of an address; what makes no sense is left out."""
    page, category = params.get("page", ""), params.get("category", "")
    reason = params.get("reason", "")
    return BookFilter(
        item=tidy(params.get("item", ""))[:40],
        category=category if category in CATEGORIES else "",
        place=tidy(params.get("place", ""))[:40],
        reason=reason if reason in (*MOVES, GIVEN) else "",
        year=year_of(params, today),
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


@dataclass(frozen=True)
class Move:
    """A line of the book: positive into the place, negative out of it."""

    id: uuid.UUID
    moved_on: dt.date
    item_name: str
    unit: str
    place_name: str
    quantity: Decimal
    reason: str
    partner_code: str | None
    partner_name: str | None
    request_id: uuid.UUID | None
    loan_id: uuid.UUID | None
    note: str
    who: str


@dataclass(frozen=True)
class Sum:
    """Totals of one item under the filter: into the places, out of them."""

    name: str
    unit: str
    into: Decimal
    out: Decimal


@dataclass(frozen=True)
class Book:
    """Some lines of the book, the newest first; totals of all that the filter lets through."""

    moves: tuple[Move, ...]
    sums: tuple[Sum, ...]
    more: bool


_WHERE = """
 WHERE m.moved_on >= :first AND m.moved_on < :after
   AND (:item = '' OR i.code = :item) AND (:category = '' OR i.category = :category)
   AND (:place = '' OR s.id::text = :place)
   AND (:reason = '' OR m.reason = :reason
        OR (:reason = 'given' AND m.reason IN ('handout', 'return')))
"""
_FROM = """
  FROM stock_moves m JOIN supply_items i ON i.id = m.item_id
  JOIN supply_places s ON s.id = m.place_id
"""
_MOVES = text(f"""
SELECT m.id, m.moved_on, i.name AS item_name, i.unit, s.name AS place_name, m.quantity, m.reason,
       p.code AS partner_code, p.name AS partner_name, m.request_id, m.loan_id, m.note,
       coalesce(a.display_name, '') AS who
{_FROM} LEFT JOIN partners p ON p.id = m.partner_id LEFT JOIN accounts a ON a.id = m.by
{_WHERE} ORDER BY m.moved_on DESC, m.created_at DESC, m.id DESC LIMIT :rows OFFSET :skip
""")
_SUMS = text(f"""
SELECT i.name, i.unit, coalesce(sum(m.quantity) FILTER (WHERE m.quantity > 0), 0) AS into,
       coalesce(-sum(m.quantity) FILTER (WHERE m.quantity < 0), 0) AS out
{_FROM} {_WHERE} GROUP BY i.id ORDER BY i.position, i.code
""")


async def book(db: AsyncSession, asked: BookFilter, as_file: bool) -> Book:
    """The book under a filter: two statements."""
    first, after = days_of_year(asked.year)
    values = {
        "first": first, "after": after, "item": asked.item, "category": asked.category,
        "place": asked.place, "reason": asked.reason,
    }  # fmt: skip
    rows, skip = (FILE_ROWS, 0) if as_file else (PAGE_ROWS + 1, (asked.page - 1) * PAGE_ROWS)
    found = (await db.execute(_MOVES, {**values, "rows": rows, "skip": skip})).all()
    shown = found if as_file else found[:PAGE_ROWS]
    sums = () if as_file else (await db.execute(_SUMS, values)).all()
    return Book(
        tuple(Move(**row._mapping) for row in shown),
        tuple(Sum(**row._mapping) for row in sums),
        len(found) > len(shown),
    )


_LEVEL = text("""
SELECT i.name, i.unit, coalesce(k.quantity, 0) AS quantity FROM supply_items i
  LEFT JOIN stock_levels k ON k.item_id = i.id AND k.place_id = :place WHERE i.id = :item
""")


async def level(
    db: AsyncSession, item_id: uuid.UUID, place_id: uuid.UUID
) -> tuple[str, str, Decimal]:
    """Name and unit of an item, and how much of it lies at the place."""
    row = (await db.execute(_LEVEL, {"item": item_id, "place": place_id})).one()
    return row.name, row.unit, row.quantity
