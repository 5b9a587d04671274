"""Reads of the mowers and their loans: free ones, one loan, lists."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.registry import CityRules
from server.http.i18n import jmonthday
from server.ledgers.lists import PAGE_ROWS, ListFilter
from server.ledgers.partners import MAY_ASK_SQL
from server.loans.machine import LOAN
from server.policy import Actor
from server.workflow.actions import Stand

SHOWN = 30  # a partner's last loans
OVERDUE = "overdue"  # not a state: still out after the last agreed day


@dataclass(frozen=True)
class Unit:
    """A machine and where it stands."""

    id: uuid.UUID
    code: str
    name: str
    place_name: str


# A machine that should be back and is not cannot be promised to anybody.
_FREE_UNITS = """
  FROM loan_units u JOIN supply_places s ON s.id = u.place_id
 WHERE u.condition = 'good'
   AND NOT EXISTS (SELECT FROM loans l
                    WHERE l.unit_id = u.id AND l.id IS DISTINCT FROM CAST(:but AS uuid)
                      AND l.state IN ('reserved', 'out')
                      AND (l.period && daterange(:first, :last, '[]')
                           OR (l.state = 'out' AND upper(l.period) <= :today)))
"""
_FREE = text(f"""SELECT u.id, u.code, u.name, s.name AS place_name {_FREE_UNITS}
 ORDER BY s.position, u.code""")


async def free_units(
    db: AsyncSession, first: dt.date, last: dt.date, today: dt.date
) -> tuple[Unit, ...]:
    """Machines that nobody has on any day from ``first`` to ``last``."""
    values = {"first": first, "last": last, "today": today, "but": None}
    return tuple(Unit(**row._mapping) for row in await db.execute(_FREE, values))


@dataclass(frozen=True)
class Operator:
    """A person who may use a machine, until when by the course."""

    id: uuid.UUID
    name: str
    course: str
    course_on: dt.date | None

    def valid_until(self, rules: CityRules) -> dt.date | None:
        """The last day the course counts; None = no course known."""
        return course_ends(self.course_on, rules)

    def may_on(self, day: dt.date, rules: CityRules) -> bool:
        """Whether the city's rules let this person work on that day."""
        until = self.valid_until(rules)
        return not rules.loan_course_required or (until is not None and day <= until)


def course_ends(course_on: dt.date | None, rules: CityRules) -> dt.date | None:
    """The last day a course of ``course_on`` counts: the day before it is so many years ago."""
    if course_on is None:
        return None
    year = course_on.year + rules.loan_course_years
    try:
        return course_on.replace(year=year) - dt.timedelta(days=1)
    except ValueError:  # a course on 29 February, or centuries from now
        return dt.date(min(year, 9999), 2, 28)


@dataclass(frozen=True)
class OwnArea:
    """An area of the partner, where the machine will be used."""

    id: uuid.UUID
    code: str
    name: str


@dataclass(frozen=True)
class Choices:
    """What a partner may choose from; ``open_loans`` it has already."""

    live: bool
    open_loans: int
    areas: tuple[OwnArea, ...]
    operators: tuple[Operator, ...]


_PEOPLE = """
  (SELECT json_agg(json_build_array(o.id, o.name, o.course, o.course_on)
                   ORDER BY o.course_on DESC NULLS LAST, o.name)
     FROM partner_operators o WHERE o.partner_id = p.id AND o.left_on IS NULL) AS operators
  FROM (SELECT CAST(:partner AS uuid) AS id) p
"""
_CHOICES = text(f"""
SELECT {MAY_ASK_SQL} AS live,
  (SELECT count(*) FROM loans l
    WHERE l.partner_id = p.id AND l.state IN ('reserved', 'out')) AS open_loans,
  (SELECT json_agg(json_build_array(a.id, a.code, a.name) ORDER BY a.code)
     FROM areas a WHERE a.retired_on IS NULL AND EXISTS (
          SELECT FROM agreement_areas g WHERE g.area_id = a.id AND g.partner_id = p.id
             AND g.period @> CAST(:day AS date))) AS areas,
{_PEOPLE}""")  # noqa: S608 - fixed text only


async def choices(db: AsyncSession, partner_id: uuid.UUID | None, day: dt.date) -> Choices:
    """A partner's areas on ``day``, operators, and how much it has already; one statement."""
    row = (await db.execute(_CHOICES, {"partner": partner_id, "day": day})).one()
    return Choices(
        row.live, row.open_loans,
        tuple(OwnArea(uuid.UUID(id), *rest) for id, *rest in row.areas or ()),
        tuple(_operator(*fields) for fields in row.operators or ()),
    )  # fmt: skip


def _operator(id: str, name: str, course: str, course_on: str | None) -> Operator:
    return Operator(
        uuid.UUID(id), name, course, dt.date.fromisoformat(course_on) if course_on else None
    )


_COUNTER = text(f"""
SELECT (SELECT json_agg(json_build_array(u.id, u.code, u.name, s.name) ORDER BY s.position, u.code)
         {_FREE_UNITS}) AS units,
{_PEOPLE}""")


async def at_the_counter(
    db: AsyncSession, loan: "Loan"
) -> tuple[tuple[Unit, ...], tuple[Operator, ...]]:
    """What is settled when a machine leaves: the machines free on the days of this loan (its own
    among them) and the partner's people."""
    values = {
        "first": loan.first, "last": loan.last, "today": loan.today, "but": loan.id,
        "partner": loan.partner_id,
    }  # fmt: skip
    row = (await db.execute(_COUNTER, values)).one()
    units = tuple(Unit(uuid.UUID(id), *rest) for id, *rest in row.units or ())
    return units, tuple(_operator(*fields) for fields in row.operators or ())


@dataclass(frozen=True)
class Loan:
    """A loan as pages need it; ``first`` to ``last`` are its days, both included."""

    id: uuid.UUID
    partner_id: uuid.UUID
    partner_code: str
    partner_name: str
    state: str
    unit_id: uuid.UUID
    unit_code: str
    unit_name: str
    unit_condition: str
    place_id: uuid.UUID
    place_name: str
    first: dt.date
    last: dt.date
    area_id: uuid.UUID | None
    area_code: str | None
    area_name: str | None
    operator_id: uuid.UUID | None
    operator_name: str | None
    fuel_litres: Decimal | None
    purpose: str
    out_on: dt.date | None
    returned_on: dt.date | None
    checked: str | None
    check_note: str
    section: str
    by_proxy: bool
    requested_by: uuid.UUID | None
    created_at: dt.datetime
    today: dt.date

    @property
    def days_over(self) -> int:
        """Days since the last agreed one while the machine is still away; 0 = in time."""
        return max(0, (self.today - self.last).days) if self.state == "out" else 0

    @property
    def days(self) -> str:
        """``6月14日〜6月20日``."""
        if self.first == self.last:
            return jmonthday(self.first)
        return f"{jmonthday(self.first)}〜{jmonthday(self.last)}"

    @property
    def stand(self) -> Stand:
        """Where it stands, for a step."""
        title = f"{self.unit_code} {self.days}"
        return Stand(self.id, self.state, title, self.partner_id, self.requested_by)


_LOAN = """
SELECT l.id, l.partner_id, p.code AS partner_code, p.name AS partner_name, l.state, l.unit_id,
       u.code AS unit_code, u.name AS unit_name, u.condition AS unit_condition, u.place_id,
       s.name AS place_name, lower(l.period) AS first, upper(l.period) - 1 AS last, l.area_id,
       a.code AS area_code, a.name AS area_name, l.operator_id, o.name AS operator_name,
       l.fuel_litres, l.purpose, l.out_on, l.returned_on, l.checked, l.check_note, l.section,
       l.by_proxy, l.requested_by, l.created_at, CAST(:today AS date) AS today
  FROM loans l JOIN partners p ON p.id = l.partner_id JOIN loan_units u ON u.id = l.unit_id
  JOIN supply_places s ON s.id = u.place_id LEFT JOIN areas a ON a.id = l.area_id
  LEFT JOIN partner_operators o ON o.id = l.operator_id
"""
_OVER = "(l.state = 'out' AND upper(l.period) <= :today)"
_ONE = text(f"{_LOAN} WHERE l.id = :id AND (:staff OR l.partner_id = ANY(:partners))")
_OWN = text(f"""{_LOAN} WHERE l.partner_id = ANY(:partners)
 ORDER BY l.state IN {LOAN.waiting} DESC, lower(l.period) DESC, l.id LIMIT {SHOWN}""")

_STAFF_WHERE = """
 WHERE coalesce(l.out_on, lower(l.period)) >= :first
   AND coalesce(l.out_on, lower(l.period)) < :after
   AND (:q = '' OR p.code = upper(:q) OR u.code = upper(:q) OR p.name ILIKE :like
        OR p.name_kana ILIKE :like)
"""
_STAFF = text(f"""{_LOAN} {_STAFF_WHERE}
   AND (:state = '' OR l.state = :state OR (:state = '{OVERDUE}' AND {_OVER}))
 ORDER BY l.state IN {LOAN.waiting} DESC,
          CASE l.state WHEN 'out' THEN upper(l.period) WHEN 'reserved' THEN lower(l.period) END,
          lower(l.period) DESC, l.id LIMIT :rows OFFSET :skip""")
_COUNTS = text(f"""
SELECT l.state, count(*) AS n, count(*) FILTER (WHERE {_OVER}) AS over
  FROM loans l JOIN partners p ON p.id = l.partner_id JOIN loan_units u ON u.id = l.unit_id
{_STAFF_WHERE} GROUP BY l.state""")  # noqa: S608 - fixed text only


async def loan_of(db: AsyncSession, id: uuid.UUID, actor: Actor, today: dt.date) -> Loan | None:
    """One loan of the actor's own partners (any, for staff)."""
    values = {
        "id": id, "staff": actor.is_staff, "partners": list(actor.partner_ids), "today": today
    }  # fmt: skip
    row = (await db.execute(_ONE, values)).first()
    return Loan(**row._mapping) if row else None


async def own_loans(
    db: AsyncSession, partners: Sequence[uuid.UUID], today: dt.date
) -> tuple[Loan, ...]:
    """A partner's loans: running ones first, then the newest."""
    rows = await db.execute(_OWN, {"partners": list(partners), "today": today})
    return tuple(Loan(**row._mapping) for row in rows)


@dataclass(frozen=True)
class LoanPage:
    """Some rows of the staff's list, how many there are in each state (and overdue), and whether
    more follow."""

    rows: tuple[Loan, ...]
    counts: dict[str, int]
    more: bool


async def staff_loans(
    db: AsyncSession, asked: ListFilter, today: dt.date, as_file: bool
) -> LoanPage:
    """The staff's list: those that are out and due first. Two statements."""
    values = {**asked.bounds(), "state": asked.state, "today": today}
    found = (await db.execute(_STAFF, {**values, **asked.rows(as_file)})).all()
    counted = (await db.execute(_COUNTS, {**asked.bounds(), "today": today})).all()
    counts = {row.state: row.n for row in counted} | {OVERDUE: sum(row.over for row in counted)}
    shown = found if as_file else found[:PAGE_ROWS]
    return LoanPage(tuple(Loan(**row._mapping) for row in shown), counts, len(found) > len(shown))


@dataclass(frozen=True)
class RegisteredOperator:
    """A person of one of my partners."""

    id: uuid.UUID
    partner_id: uuid.UUID
    partner_name: str
    operator: Operator
    left_on: dt.date | None


_OPERATORS = text("""
SELECT o.id, o.partner_id, p.name AS partner_name, o.name, o.course, o.course_on, o.left_on
  FROM partner_operators o JOIN partners p ON p.id = o.partner_id
 WHERE o.partner_id = ANY(:partners) AND o.left_on IS NULL
 ORDER BY p.code, o.created_at, o.id
""")


async def own_operators(
    db: AsyncSession, partners: Sequence[uuid.UUID]
) -> tuple[RegisteredOperator, ...]:
    """The registered people of these partners who have not left."""
    rows = await db.execute(_OPERATORS, {"partners": list(partners)})
    return tuple(
        RegisteredOperator(
            row.id, row.partner_id, row.partner_name,
            Operator(row.id, row.name, row.course, row.course_on), row.left_on,
        )
        for row in rows
    )  # fmt: skip
