"""The desk: one queue over everything that waits for the city, in one statement.

List and counts come from the same rows (the view ``desk_items``), so they cannot disagree: the
number beside a choice is the number of rows somebody gets who takes that choice and leaves the
other filters as they are.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Text,
    Uuid,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.areas.search import reading
from server.citysettings.queries import City
from server.db.context import now
from server.desk.filters import ALL, NONE, DeskFilter
from server.desk.models import DeskAssignment
from server.http.forms import nfkc, to_katakana
from server.partners.models import Partner
from server.policy import Actor

PAGE_ROWS = 50
ITEMS = table(
    "desk_items",
    column("kind", Text), column("id", Uuid), column("code", Text), column("title", Text),
    column("partner_id", Uuid), column("section", Text), column("state", Text),
    column("since", DateTime(timezone=True)), column("due_on", Date), column("patient", Boolean),
)  # fmt: skip


@dataclass(frozen=True)
class DeskItem:
    """A thing that waits. ``due``: the day it is fixed for, or else the day by which the city means
    to answer (``fixed`` tells which); None = it waits for others."""

    kind: str
    id: uuid.UUID
    code: str
    title: str
    partner_code: str
    partner: str
    section: str
    state: str
    since: dt.date
    due: dt.date | None
    fixed: bool
    holder_id: uuid.UUID | None
    holder: str

    @property
    def key(self) -> str:
        """What a form calls it."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class DeskPage:
    """One page of the queue. ``total`` rows fit the filter; the counts say how many would fit with
    that one choice instead."""

    today: dt.date
    rows: tuple[DeskItem, ...]
    total: int
    kinds: Mapping[str, int]
    all_kinds: int
    sections: Mapping[str, int]  # "" = no section
    all_sections: int
    who: Mapping[str, int]  # "", mine, free
    overdue: int
    on_time_or_not: int  # the same without asking for overdue


def effective_due(answer_days: int, zone: str) -> ColumnElement[Any]:
    """SQL: the day that is fixed, else so many days after it came; null for what is patient."""
    came = cast(func.timezone(zone, ITEMS.c.since), Date)
    return case((ITEMS.c.patient, None), else_=func.coalesce(ITEMS.c.due_on, came + answer_days))


def _text_matches(asked: str) -> ColumnElement[bool]:
    if not asked:
        return true()
    plain = nfkc(asked)
    kana = reading(Partner.name_kana, Partner.name).icontains(to_katakana(asked), autoescape=True)
    fields = (ITEMS.c.title, ITEMS.c.code, Partner.name, Partner.code)
    return or_(
        *(func.normalize(field).icontains(plain, autoescape=True) for field in fields),
        *(field.icontains(asked, autoescape=True) for field in fields),
        kana,
    )


def _in_section(asked: DeskFilter) -> ColumnElement[bool]:
    if asked.section == ALL:
        return true()
    return ITEMS.c.section == ("" if asked.section == NONE else asked.section)


def _waiting(asked: DeskFilter, actor: Actor, city: City, today: dt.date) -> CTE:
    """Everything that fits the text, with a mark per other filter: does it fit that one?"""
    due = effective_due(city.rules.desk_due_days, city.zone.key)
    mine = func.coalesce(DeskAssignment.account_id == actor.account_id, False)
    free = DeskAssignment.account_id.is_(None)
    late = func.coalesce(due < today, False)
    came = cast(func.timezone(city.zone.key, ITEMS.c.since), Date)
    return (
        select(
            ITEMS.c.kind, ITEMS.c.id, ITEMS.c.code, ITEMS.c.title, ITEMS.c.section, ITEMS.c.state,
            ITEMS.c.since, came.label("came"), due.label("due"),
            ITEMS.c.due_on.is_not(None).label("fixed"),
            func.coalesce(Partner.code, "").label("partner_code"),
            func.coalesce(Partner.name, "").label("partner"),
            DeskAssignment.account_id.label("holder_id"),
            func.coalesce(Account.display_name, "").label("holder"),
            mine.label("mine"), free.label("free"), late.label("late"),
            (literal(asked.kind) == ITEMS.c.kind if asked.kind else true()).label("fits_kind"),
            _in_section(asked).label("fits_section"),
            {"mine": mine, "free": free}.get(asked.who, true()).label("fits_who"),
            (late if asked.overdue else true()).label("fits_due"),
        )
        .select_from(ITEMS)
        .outerjoin(Partner, Partner.id == ITEMS.c.partner_id)
        .outerjoin(
            DeskAssignment,
            and_(DeskAssignment.kind == ITEMS.c.kind, DeskAssignment.object_id == ITEMS.c.id),
        )
        .outerjoin(Account, Account.id == DeskAssignment.account_id)
        .where(_text_matches(asked.q))
        .cte("waiting")
        .prefix_with("MATERIALIZED")
    )  # fmt: skip


def _counted(waiting: CTE, per: str, *fits: ColumnElement[bool]) -> Any:
    """SQL: JSON of counts per value of a column, among the rows that fit the other filters."""
    counts = (
        select(waiting.c[per].label("value"), func.count().label("n"))
        .where(*fits)
        .group_by(waiting.c[per])
        .subquery(f"per_{per}")
    )
    return select(func.json_object_agg(counts.c.value, counts.c.n)).scalar_subquery()


def _page(waiting: CTE, asked: DeskFilter, fits: tuple[ColumnElement[bool], ...], rows: int) -> Any:
    c = waiting.c
    page = (
        select(waiting)
        .where(*fits)
        .order_by(c.due.asc().nulls_last(), c.since, c.kind, c.id)
        .limit(rows)
        .offset((asked.page - 1) * rows)
        .subquery("page")
    )
    line = func.json_build_array(
        page.c.kind, page.c.id, page.c.code, page.c.title, page.c.partner_code, page.c.partner,
        page.c.section, page.c.state, page.c.came, page.c.due, page.c.fixed, page.c.holder_id,
        page.c.holder,
    )  # fmt: skip
    order = aggregate_order_by(
        line, page.c.due.asc().nulls_last(), page.c.since, page.c.kind, page.c.id
    )
    return select(func.json_agg(order)).scalar_subquery()


async def desk_page(
    db: AsyncSession, asked: DeskFilter, actor: Actor, city: City, *, rows: int = PAGE_ROWS
) -> DeskPage:
    """One page of the queue, by due day and then by age, with the counts of every choice."""
    today = now(db).astimezone(city.zone).date()
    waiting = _waiting(asked, actor, city, today)
    c = waiting.c
    kind, section, who, due = c.fits_kind, c.fits_section, c.fits_who, c.fits_due
    count = func.count()
    row = (
        await db.execute(
            select(
                count.filter(and_(kind, section, who, due)).label("total"),
                count.filter(and_(section, who, due)).label("all_kinds"),
                count.filter(and_(kind, who, due)).label("all_sections"),
                count.filter(and_(kind, section, due)).label("anybody"),
                count.filter(and_(kind, section, due, c.mine)).label("mine"),
                count.filter(and_(kind, section, due, c.free)).label("free"),
                count.filter(and_(kind, section, who, c.late)).label("overdue"),
                count.filter(and_(kind, section, who)).label("any_due"),
                _counted(waiting, "kind", section, who, due).label("kinds"),
                _counted(waiting, "section", kind, who, due).label("sections"),
                _page(waiting, asked, (kind, section, who, due), rows).label("page"),
            ).select_from(waiting)
        )
    ).one()  # fmt: skip
    return DeskPage(
        today=today, rows=tuple(_item(line) for line in row.page or ()), total=row.total,
        kinds=row.kinds or {}, all_kinds=row.all_kinds,
        sections=row.sections or {}, all_sections=row.all_sections,
        who={"": row.anybody, "mine": row.mine, "free": row.free},
        overdue=row.overdue, on_time_or_not=row.any_due,
    )  # fmt: skip


def _item(line: list[Any]) -> DeskItem:
    day = dt.date.fromisoformat
    (kind, id, code, title, partner_code, partner, section, state, came, due, fixed, by, who) = line
    return DeskItem(
        kind=kind, id=uuid.UUID(id), code=code, title=title, partner_code=partner_code,
        partner=partner, section=section, state=state, since=day(came),
        due=day(due) if due else None, fixed=fixed,
        holder_id=uuid.UUID(by) if by else None, holder=who,
    )  # fmt: skip
