"""The queue against a plain picture of the same things; counts against lists."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.citysettings.queries import City, load_city
from server.desk.filters import ALL, NONE, DeskFilter, own_section, read_filter
from server.desk.kinds import KINDS, state_label
from server.desk.queries import DeskPage, desk_page
from server.enrolments.machine import ENROLMENT
from server.policy import Actor
from server.workflow.registry import MACHINES
from tests import factories
from tests.desk.things import SECTIONS, TODAY, Desk, Waiting
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
DAYS = 7  # desk_due_days, as the city has it by default


def staff(account: Account, section: str | None = None) -> Actor:
    return Actor(account.id, account.display_name, roles=frozenset({"staff"}), section=section)


def fits(item: Waiting, asked: DeskFilter, me: Actor) -> bool:
    due = item.due(DAYS)
    texts = [*item.words, *((item.partner.name, item.partner.code) if item.partner else ())]
    return (
        item.waits
        and asked.section in (ALL, item.section or NONE)
        and asked.kind in ("", item.kind)
        and {"": True, "mine": item.holder == me.account_id, "free": item.holder is None}[asked.who]
        and (not asked.overdue or (due is not None and due < TODAY))
        and any(asked.q in one for one in ["", *texts] if asked.q or one == "")
    )


def questions(luck: random.Random) -> list[DeskFilter]:
    return [
        DeskFilter(
            section=luck.choice((ALL, ALL, *(s or NONE for s in SECTIONS))),
            kind=luck.choice(("", "", *KINDS)),
            who=luck.choice(("", "", "mine", "free")),
            overdue=luck.random() < 0.3,
            q=luck.choice(("", "", "", "見本", "母恋", "MP-0", "A-", "みあたらない")),
        )
        for _ in range(25)
    ]


async def ask(db: AsyncSession, asked: DeskFilter, me: Actor, city: City, rows: int) -> DeskPage:
    return await desk_page(db, asked, me, city, rows=rows)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_lists_and_counts_are_what_a_plain_count_says(
    db: AsyncSession, world: World, seed: int
) -> None:
    luck = random.Random(seed)  # noqa: S311
    desk = Desk(db, world, luck)
    await desk.one_of_each()
    await desk.spread([world.sato.id, world.kanri.id])
    me, city = staff(world.sato), await load_city(db)
    for asked in [DeskFilter(), *questions(luck)]:
        page = await ask(db, asked, me, city, 500)
        expected = [one for one in desk.items if fits(one, asked, me)]
        assert {one.id for one in page.rows} == {one.id for one in expected}, asked
        assert page.total == len(page.rows) == len(expected)
        by_id = {one.id: one for one in expected}
        for row in page.rows:
            made = by_id[row.id]
            assert (row.kind, row.section, row.due, row.fixed) == (
                made.kind, made.section, made.due(DAYS), made.due_on is not None,
            )  # fmt: skip
            assert (row.since, row.holder_id) == (made.since, made.holder)
            assert row.partner == (made.partner.name if made.partner else "")
        order = [(row.due is None, row.due or TODAY, row.since) for row in page.rows]
        assert order == sorted(order), "by due day, then by age"
        check_counts(page, desk.items, asked, me)


def check_counts(page: DeskPage, items: list[Waiting], asked: DeskFilter, me: Actor) -> None:
    """Each number beside a choice is the length of the list behind it."""

    def n(**changes: Any) -> int:
        return sum(fits(one, replace(asked, **changes), me) for one in items)

    assert page.all_kinds == n(kind="")
    assert page.all_sections == n(section=ALL)
    assert page.overdue == n(overdue=True)
    assert page.on_time_or_not == n(overdue=False)
    for kind in KINDS:
        assert page.kinds.get(kind, 0) == n(kind=kind), (asked, kind)
    for section in SECTIONS:
        assert page.sections.get(section, 0) == n(section=section or NONE), (asked, section)
    for who in ("", "mine", "free"):
        assert page.who[who] == n(who=who), (asked, who)
    assert sum(page.kinds.values()) == page.all_kinds
    assert sum(page.sections.values()) == page.all_sections


async def test_pages_are_parts_of_one_list(
    db: AsyncSession, world: World, count_queries: Count
) -> None:
    desk = Desk(db, world, random.Random(9))  # noqa: S311
    await desk.one_of_each()
    me, city = staff(world.sato), await load_city(db)
    whole = await ask(db, DeskFilter(), me, city, 500)
    seen = []
    for number in range(1, 9):
        with count_queries() as statements:
            part = await ask(db, DeskFilter(page=number), me, city, 4)
        assert len(statements) == 1
        assert part.total == whole.total
        seen += [row.id for row in part.rows]
    assert seen == [row.id for row in whole.rows][: len(seen)]
    assert max(Counter(seen).values()) == 1


async def test_every_waiting_state_is_on_the_desk(db: AsyncSession, world: World) -> None:
    """The view in SQL and the machines in Python name the same states."""
    view = (await db.execute(text("SELECT pg_get_viewdef('desk_items'::regclass)"))).scalar_one()
    for kind, machine in MACHINES.items():
        for state in machine.states:
            assert (kind in KINDS) == bool(machine.waiting)
            if state in machine.waiting:
                assert f"'{state}'" in view, (kind, state)
                assert state_label(kind, state)
    assert state_label("cleanup", "submitted") == "提出済み(確認待ち)"


async def test_a_case_due_for_renewal_is_due_on_its_last_day(
    db: AsyncSession, world: World
) -> None:
    case = await factories.live_case(db, world.partner)
    await factories.bring_to(db, ENROLMENT, case, "renewal")
    page = await ask(db, DeskFilter(kind="enrolment"), staff(world.sato), await load_city(db), 9)
    last = (
        await db.execute(select(text("upper(period) - 1")).select_from(text("agreements")).where(
            text(f"enrolment_id = '{case.id}'")))
    ).scalar_one()  # fmt: skip
    assert [(row.title, row.due, row.fixed) for row in page.rows] == [("見本母恋町会", last, True)]


async def test_reading_the_filter(world: World, db: AsyncSession) -> None:
    rules = (await load_city(db)).rules
    roads = staff(world.sato, "土木課維持係")
    assert own_section(roads, rules) == "土木課維持係"
    assert own_section(staff(world.sato, "昔の課"), rules) == ALL
    assert own_section(staff(world.sato), rules) == ALL
    own = read_filter({}, roads, rules)
    assert (own.section, own.query()) == ("土木課維持係", "")
    every = read_filter({"section": "all"}, roads, rules)
    assert every.query() == "section=all"
    odd = read_filter(
        {"kind": "x", "who": "y", "overdue": "2", "page": "-1", "q": "\x00 a\n"}, roads, rules
    )
    assert odd == DeskFilter(section="土木課維持係", own="土木課維持係", q="a")
    assert odd.query(kind="loan", overdue=True, page=3) == "kind=loan&overdue=1&q=a&page=3"
