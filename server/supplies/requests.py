"""Reads of the requests for supplies: what is on offer, one request, lists."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.http.i18n import fiscal_year
from server.http.i18n import gettext as _
from server.ledgers.files import plain_number
from server.ledgers.lists import PAGE_ROWS, ListFilter, days_of_year
from server.ledgers.partners import MAY_ASK_SQL
from server.policy import Actor
from server.supplies.machine import SUPPLY
from server.workflow.actions import Stand

SHOWN = 30  # a partner's last requests


@dataclass(frozen=True)
class OfferedItem:
    """A thing one may ask for. ``used`` is what the partner has of it in the 年度: handed out
    minus given back, plus what is still open."""

    id: uuid.UUID
    code: str
    name: str
    unit: str
    category: str
    per_request: int | None
    per_year: int | None
    used: Decimal

    @property
    def left(self) -> Decimal | None:
        """How much may still be asked for at once; None = no limit."""
        limits = [Decimal(self.per_request)] if self.per_request else []
        if self.per_year:
            limits.append(max(Decimal(0), self.per_year - self.used))
        return min(limits, default=None)


@dataclass(frozen=True)
class Place:
    """Where things are handed out."""

    id: uuid.UUID
    name: str
    address: str
    hours: str


@dataclass(frozen=True)
class Offer:
    """What a partner may ask for. ``live`` = it is under an agreement that runs."""

    live: bool
    items: tuple[OfferedItem, ...]
    places: tuple[Place, ...]


_OFFER = text(f"""
SELECT {MAY_ASK_SQL} AS live,
  (SELECT json_agg(json_build_array(id, name, address, hours) ORDER BY position, name)
     FROM supply_places WHERE active) AS places,
  (SELECT json_agg(json_build_array(i.id, i.code, i.name, i.unit, i.category, i.per_request,
                                    i.per_year, (greatest(0, coalesce(had.amount, 0))
                                                 + coalesce(open.amount, 0))::text)
                   ORDER BY i.position, i.code)
     FROM supply_items i
     LEFT JOIN LATERAL (
          SELECT -sum(m.quantity) AS amount FROM stock_moves m
           WHERE m.item_id = i.id AND m.partner_id = p.id AND m.reason IN ('handout', 'return')
             AND m.moved_on >= :first AND m.moved_on < :after) had ON true
     LEFT JOIN LATERAL (
          SELECT sum(coalesce(l.granted, l.asked)) AS amount
            FROM supply_lines l JOIN supply_requests r ON r.id = l.request_id
           WHERE l.item_id = i.id AND r.partner_id = p.id AND r.state IN ('requested', 'approved')
             AND r.wanted_on >= :first AND r.wanted_on < :after) open ON true
    WHERE i.active) AS items
  FROM (SELECT CAST(:partner AS uuid) AS id) p
""")  # noqa: S608 - fixed text only


async def offer(db: AsyncSession, partner_id: uuid.UUID | None, day: dt.date) -> Offer:
    """Items and places for a request wanted on ``day``, with what the partner has had in that
    年度. Without a partner (the staff's empty form) nothing is used up yet."""
    first, after = days_of_year(fiscal_year(day))
    values = {"partner": partner_id, "first": first, "after": after}
    row = (await db.execute(_OFFER, values)).one()
    items = tuple(_offered(*fields) for fields in row.items or ())
    places = tuple(Place(uuid.UUID(id), *rest) for id, *rest in row.places or ())
    return Offer(row.live, items, places)


def _offered(id: str, *rest: Any) -> OfferedItem:
    *plain, used = rest
    fields: tuple[Any, ...] = (uuid.UUID(id), *plain, Decimal(used))
    return OfferedItem(*fields)


@dataclass(frozen=True)
class Line:
    """One item of a request. ``stock`` is what lies at the place of the request now."""

    item_id: uuid.UUID
    name: str
    unit: str
    category: str
    asked: Decimal
    granted: Decimal | None
    handed: Decimal | None
    stock: Decimal

    @property
    def settled(self) -> Decimal:
        """What counts at the moment: handed, else granted, else asked."""
        granted = self.asked if self.granted is None else self.granted
        return granted if self.handed is None else self.handed


@dataclass(frozen=True)
class Request:
    """A request with its lines."""

    id: uuid.UUID
    partner_id: uuid.UUID
    partner_code: str
    partner_name: str
    state: str
    place_id: uuid.UUID
    place_name: str
    place_address: str
    place_hours: str
    wanted_on: dt.date
    purpose: str
    people: int | None
    handed_on: dt.date | None
    section: str
    by_proxy: bool
    requested_by: uuid.UUID | None
    created_at: dt.datetime
    lines: tuple[Line, ...]

    @property
    def summary(self) -> str:
        """``公用袋(大) 20枚、腕章 2枚``."""
        return "、".join(
            f"{one.name} {plain_number(one.settled)}{one.unit}" for one in self.lines
        ) or _("品目なし")

    @property
    def stand(self) -> Stand:
        """Where it stands, for a step."""
        return Stand(self.id, self.state, self.summary, self.partner_id, self.requested_by)


_REQUEST = """
SELECT r.id, r.partner_id, p.code AS partner_code, p.name AS partner_name, r.state, r.place_id,
       s.name AS place_name, s.address AS place_address, s.hours AS place_hours, r.wanted_on,
       r.purpose, r.people, r.handed_on, r.section, r.by_proxy, r.requested_by, r.created_at,
       (SELECT json_agg(json_build_array(i.id, i.name, i.unit, i.category, l.asked::text,
                                         l.granted::text, l.handed::text,
                                         coalesce(k.quantity, 0)::text)
                        ORDER BY i.position, i.code)
          FROM supply_lines l JOIN supply_items i ON i.id = l.item_id
          LEFT JOIN stock_levels k ON k.item_id = i.id AND k.place_id = r.place_id
         WHERE l.request_id = r.id) AS lines
  FROM supply_requests r JOIN partners p ON p.id = r.partner_id
  JOIN supply_places s ON s.id = r.place_id
"""

_ONE = text(f"{_REQUEST} WHERE r.id = :id AND (:staff OR r.partner_id = ANY(:partners))")
_OWN = text(f"""{_REQUEST} WHERE r.partner_id = ANY(:partners)
 ORDER BY r.state IN {SUPPLY.waiting} DESC, r.created_at DESC, r.id LIMIT {SHOWN}""")

_STAFF_WHERE = """
 WHERE coalesce(r.handed_on, r.wanted_on) >= :first AND coalesce(r.handed_on, r.wanted_on) < :after
   AND (:q = '' OR p.code = upper(:q) OR p.name ILIKE :like OR p.name_kana ILIKE :like)
"""
_STAFF = text(f"""{_REQUEST} {_STAFF_WHERE} AND (:state = '' OR r.state = :state)
 ORDER BY r.state IN {SUPPLY.waiting} DESC,
          CASE WHEN r.state IN {SUPPLY.waiting} THEN r.wanted_on END,
          coalesce(r.handed_on, r.wanted_on) DESC, r.id LIMIT :rows OFFSET :skip""")
_COUNTS = text(f"""
SELECT r.state, count(*) AS n FROM supply_requests r JOIN partners p ON p.id = r.partner_id
{_STAFF_WHERE} GROUP BY r.state""")  # noqa: S608 - fixed text only


def _amount(written: str | None) -> Decimal | None:
    return None if written is None else Decimal(written)


def _line(fields: Sequence[Any]) -> Line:
    id, name, unit, category, asked, granted, handed, stock = fields
    return Line(
        uuid.UUID(id), name, unit, category, Decimal(asked), _amount(granted), _amount(handed),
        Decimal(stock),
    )  # fmt: skip


def _request(row: Any) -> Request:
    lines = tuple(_line(fields) for fields in row.lines or ())
    return Request(**{**row._mapping, "lines": lines})


async def request_of(db: AsyncSession, id: uuid.UUID, actor: Actor) -> Request | None:
    """One request of the actor's own partners (any, for staff)."""
    values = {"id": id, "staff": actor.is_staff, "partners": list(actor.partner_ids)}
    row = (await db.execute(_ONE, values)).first()
    return _request(row) if row else None


async def own_requests(db: AsyncSession, partners: Sequence[uuid.UUID]) -> tuple[Request, ...]:
    """A partner's requests: open ones first, then the newest."""
    rows = await db.execute(_OWN, {"partners": list(partners)})
    return tuple(_request(row) for row in rows)


@dataclass(frozen=True)
class RequestPage:
    """Some rows of the staff's list, how many there are in each state, and whether more follow."""

    rows: tuple[Request, ...]
    counts: dict[str, int]
    more: bool


async def staff_requests(db: AsyncSession, asked: ListFilter, as_file: bool) -> RequestPage:
    """The staff's list: what waits first (the soonest first), then the latest. Two statements."""
    values = {**asked.bounds(), "state": asked.state}
    found = (await db.execute(_STAFF, {**values, **asked.rows(as_file)})).all()
    counted = (await db.execute(_COUNTS, asked.bounds())).all()
    counts = {row.state: row.n for row in counted}
    shown = found if as_file else found[:PAGE_ROWS]
    return RequestPage(
        tuple(_request(row) for row in shown), counts, len(found) > len(shown)
    )  # fmt: skip
