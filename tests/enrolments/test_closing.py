"""When an agreement ends: what is closed with it, what stays to be seen to, and by whom."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import AgreementArea
from server.db.base import Base
from server.enrolments import life
from server.enrolments.life_queries import case_of_partner
from server.loans.models import Loan
from server.notices.mails import WrittenMail
from server.pickups.machine import PICKUP
from server.successions.machine import SUCCESSION
from server.successions.models import SuccessionHand
from server.supplies.models import SupplyRequest
from server.workflow.actions import Stand
from server.workflow.models import StateChange
from server.workflow.registry import MACHINES
from tests import factories
from tests.enrolments.lifekit import DAY, TODAY, end_on
from tests.personas import World
from tests.successions.test_flow import offered, step, tried
from tests.workflow.born import born

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
LEAVE = {"day": TODAY.isoformat(), "comment": "会員がいなくなりました"}
CLOSED = ("loan", "supply", "sign")


async def _at(db: AsyncSession, name: str, world: World, state: str) -> Stand:
    """A record of the partner in that state."""
    stand = await born(db, name, world)
    row = await db.get({"loan": Loan, "supply": SupplyRequest}[name], stand.id)
    await factories.bring_to(db, MACHINES[name], row, state)
    return stand


async def _states(db: AsyncSession, stands: dict[str, Stand]) -> dict[str, str | None]:
    found = {}
    for key, stand in stands.items():
        table = Base.metadata.tables[MACHINES[key.split("-")[0]].table]
        found[key] = await db.scalar(select(table.c.state).where(table.c.id == stand.id))
    return found


@pytest.fixture
async def open_things(db: AsyncSession, world: World) -> dict[str, Stand]:
    """One of everything, undecided and under way."""
    stands = {name: await born(db, name, world) for name in CLOSED}
    stands["loan-out"] = await _at(db, "loan", world, "out")
    stands["supply-approved"] = await _at(db, "supply", world, "approved")
    stands["pickup"] = await born(db, "pickup", world)
    await db.commit()
    return stands


async def test_withdrawal_closes_what_is_undecided(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, open_things: dict[str, Stand],
    count_queries: Count,
) -> None:  # fmt: skip
    await world.login(client, world.kenji)
    with count_queries() as seen:
        page = (await client.get("/partner/withdraw")).text
    assert len(seen) <= 5, seen.statements
    for words in ("貸出中の草刈り機", "まだ受け取っていない支給品", "ごみの回収依頼"):
        assert f"{words}: 1件" in page.split("いっしょに取り消されるもの")[0]
    for words in ("草刈り機の予約", "支給の申請", "表示板の希望"):
        assert f"{words}: 1件" in page.split("いっしょに取り消されるもの")[1]
    for _twice in range(2):
        assert (await client.post("/partner/withdraw", data=LEAVE)).status_code == 303
    assert await _states(db, open_things) == {
        "loan": "cancelled", "supply": "cancelled", "sign": "cancelled", "loan-out": "out",
        "supply-approved": "approved", "pickup": PICKUP.initial[0],
    }  # fmt: skip
    ids = [open_things[name].id for name in CLOSED]
    steps = await db.execute(
        select(StateChange.machine, StateChange.verb, StateChange.by_hat, StateChange.comment)
        .where(StateChange.object_id.in_(ids))
        .order_by(StateChange.machine)
    )
    why = "合意が終わるため。"
    assert [tuple(row) for row in steps] == [
        (name, "cancel", "partner", why) for name in sorted(CLOSED)
    ]


async def test_the_city_sees_the_same_before_it_ends_an_agreement(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, open_things: dict[str, Stand]
) -> None:
    await world.login(client, world.sato)
    path = f"/staff/partners/{world.partner.code}"
    page = (await client.get(path)).text
    assert page.count("貸出中の草刈り機: 1件") == 2  # beside 辞退 and 解消
    form = {"verb": "dissolve", "dissolve-day": TODAY.isoformat(), "dissolve-comment": "見本"}
    assert (await client.post(path, data=form)).status_code == 303
    states = await _states(db, open_things)
    assert (states["loan"], states["loan-out"]) == ("cancelled", "out")
    assert "いっしょに取り消される" not in (await client.get(path)).text  # it is over


async def test_the_calendar_closes_them_too(
    world: World, db: AsyncSession, open_things: dict[str, Stand]
) -> None:
    await end_on(db, world.partner, TODAY - DAY)
    case = await case_of_partner(db, world.partner.id, lock=True)
    assert await life.expire(db, None, case, TODAY)
    await db.commit()
    hats = await db.scalars(
        select(StateChange.by_hat).where(
            StateChange.object_id.in_([open_things[name].id for name in CLOSED])
        )
    )
    assert set(hats.all()) == {"system"}


# --- handing areas on ----------------------------------------------------------------------------


async def _way(db: AsyncSession) -> list[tuple[str, ...]]:
    rows = await db.execute(
        select(StateChange.verb, StateChange.by_hat)
        .where(StateChange.machine == SUCCESSION.name)
        .order_by(StateChange.id)
    )
    return [tuple(row) for row in rows]


async def _trial_ends(db: AsyncSession) -> list[tuple[Any, str | None]]:
    rows = await db.execute(
        select(AgreementArea.period, AgreementArea.end_reason).where(AgreementArea.trial)
    )
    return [(period.upper, reason) for period, reason in rows]


async def test_who_offered_leaves_during_the_trial(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await tried(client, world)
    await world.login(client, world.kenji)
    day = TODAY + 10 * DAY
    leave = {**LEAVE, "day": day.isoformat()}
    assert "区域の引き継ぎ: 1件" in (await client.get("/partner/withdraw")).text
    assert (await client.post("/partner/withdraw", data=leave)).status_code == 303
    assert (await _way(db))[-2:] == [("stop_trial", "partner"), ("withdraw", "partner")]
    assert await _trial_ends(db) == [(day, "trial_ended")]  # they may log up to the last day
    assert await db.scalar(text("SELECT state FROM successions")) == "withdrawn"


async def test_who_tries_leaves(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    """The area is offered again; the one who offers it is told."""
    await tried(client, world)
    await world.login(client, world.yosomono)
    assert (await client.post("/partner/withdraw", data=LEAVE)).status_code == 303
    assert (await _way(db))[-1] == ("stop_trial", "other")
    row = (await db.execute(text("SELECT state, other_partner_id FROM successions"))).one()
    assert tuple(row) == ("offered", None)
    assert (await db.scalars(select(SuccessionHand))).all() == []
    told = select(WrittenMail.to_address).where(WrittenMail.body.contains("合意が終わる"))
    assert "kenji@example.jp" in (await db.scalars(told)).all()


async def test_a_raised_hand_comes_down(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    path = await offered(client, world)
    await world.login(client, world.yosomono)
    assert await step(client, path, "raise_hand", message="見本") == 303
    assert (await client.post("/partner/withdraw", data=LEAVE)).status_code == 303
    assert (await db.scalars(select(SuccessionHand))).all() == []
    assert await db.scalar(text("SELECT state FROM successions")) == "offered"
    acts = await db.scalars(text("SELECT action FROM audit_events ORDER BY id"))
    assert "succession.lower_hand" in acts.all()
