"""The desk's page: who may, taking on and giving back, accepting many, without and with HTMX."""

import asyncio
import datetime as dt
import random
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.audit.models import AuditEvent
from server.cleanups.models import Cleanup
from server.db.engine import make_engine, make_sessions
from server.desk import actions
from server.desk.models import DeskAssignment
from server.pickups.models import Pickup
from server.policy import Actor
from server.services import system_clock
from server.workflow.models import StateChange
from tests import factories
from tests.conftest import START
from tests.desk.things import POINT, TODAY, Desk
from tests.personas import World, create_world

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
DESK = "/staff/desk?section=all"


@pytest.fixture
def desk(db: AsyncSession, world: World) -> Desk:
    return Desk(db, world, random.Random(4))  # noqa: S311


async def audits(db: AsyncSession, action: str) -> int:
    found = select(func.count()).where(AuditEvent.action == action)
    return (await db.execute(found)).scalar_one()


async def state_of(db: AsyncSession, model: Any, id: uuid.UUID) -> str:
    return str((await db.execute(select(model.state).where(model.id == id))).scalar_one())


async def holder_of(db: AsyncSession, id: uuid.UUID) -> uuid.UUID | None:
    found = select(DeskAssignment.account_id).where(DeskAssignment.object_id == id)
    return (await db.execute(found)).scalar_one_or_none()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_may(client: httpx2.AsyncClient, world: World, method: str) -> None:
    assert (await client.request(method, "/staff/desk")).status_code == 303
    for somebody in (world.hanako, world.kenji, world.kanae):
        await world.login(client, somebody)
        assert (await client.request(method, "/staff/desk")).status_code == 403
    await world.login(client, world.sato)
    assert (await client.request(method, "/staff/desk")).status_code == (
        200 if method == "GET" else 422
    )
    assert (await client.put("/staff/desk")).status_code == 405


async def test_the_queue(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, desk: Desk, count_queries: Count
) -> None:
    await desk.one_of_each()
    await desk.spread([world.sato.id, world.kanri.id])
    await db.commit()
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = (await client.get(DESK)).text
    assert len(seen) <= 4
    waiting = [one for one in desk.items if one.waits]
    assert page.count("data-desk-row") == len(waiting)
    for one in waiting:
        assert f"{one.kind}:{one.id}" in page
    for words in ("届出・合意", "草刈り機", "受け持つ", "自分", "見本かんり", "日過ぎています",
                  "相手を待っています", "日前", "まとめて受け付ける", "昔の課",
                  "課が決まっていない", f"すべての課({len(waiting)})",
                  f"すべて {len(waiting)}"):  # fmt: skip
        assert words in page, words
    part = (await client.get(DESK + "&kind=loan", headers={"HX-Request": "true"})).text
    assert "<html" not in part
    assert part.count("data-desk-row") == 2


async def test_ones_own_section_comes_first(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, desk: Desk
) -> None:
    await desk.cleanup()  # さとう is of the roads section, and so is the street
    row = Pickup(partner_id=world.partner.id, point=POINT, section="環境課", manager="city",
                 place_note="ごみの集積所", wished_on=TODAY)  # fmt: skip
    await desk.add("pickup", row, "requested", (), partner=world.partner)
    await db.commit()
    await world.login(client, world.sato)
    for path in ("/staff/desk", "/staff"):
        page = (await client.get(path)).text
        assert "母恋〜輪西 歩道" in page
        assert "ごみの集積所" not in page
    assert "ごみの集積所" in (await client.get(DESK)).text
    await world.login(client, world.kanri)  # of no section
    assert "ごみの集積所" in (await client.get("/staff/desk")).text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?section=all&q=みあたらない", "この条件で待っているものはありません"),
        ("?section=環境課", "この課で待っているものはありません"),
        ("?section=all&page=7", "このページには何もありません"),
    ],
)
async def test_empty_lists_say_why(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, desk: Desk, query: str, words: str
) -> None:
    await world.login(client, world.sato)
    assert "待っているものはありません" in (await client.get("/staff/desk")).text
    await desk.cleanup()
    await db.commit()
    assert words in (await client.get("/staff/desk" + query)).text


# --- taking on, giving back -----------------------------------------------------------------------


async def test_taking_on_and_giving_back(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, desk: Desk
) -> None:
    one, other = await desk.cleanup(), await desk.pickup()
    await db.commit()
    await world.login(client, world.sato)
    keys = [f"{x.kind}:{x.id}" for x in (one, other)]
    answer = await client.post(DESK, data={"verb": "assign", "item": keys})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/staff/desk?section=all&did=assign&done=2"
    page = (await client.get(answer.headers["location"])).text
    assert "2件を受け持ちました。" in page
    assert await holder_of(db, one.id) == await holder_of(db, other.id) == world.sato.id
    assert await audits(db, "desk.assign") == 2
    await client.post(DESK, data={"verb": "assign", "item": keys})  # again: harmless
    assert await audits(db, "desk.assign") == 2
    # A row's own button needs no mark.
    answer = await client.post(DESK, data={"row": f"release:{keys[0]}", "item": keys})
    assert answer.status_code == 303
    assert await holder_of(db, one.id) is None
    assert await holder_of(db, other.id) == world.sato.id
    assert await audits(db, "desk.release") == 1
    await client.post(DESK, data={"row": f"release:{keys[0]}"})
    assert await audits(db, "desk.release") == 1


async def test_what_a_colleague_has_stays_with_the_colleague(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, desk: Desk
) -> None:
    one, free = await desk.cleanup(), await desk.pickup()
    await desk.hold(one, world.kanri.id)
    await db.commit()
    await world.login(client, world.sato)
    keys = [f"{x.kind}:{x.id}" for x in (one, free)]
    page = await client.post(DESK, data={"verb": "assign", "item": keys})
    assert page.status_code == 200
    for words in ("1件を受け持ちました。", "1件はできませんでした。", "母恋〜輪西 歩道",
                  "見本かんりさんが先に受け持ちました。"):  # fmt: skip
        assert words in page.text, words
    assert await holder_of(db, one.id) == world.kanri.id
    assert await holder_of(db, free.id) == world.sato.id
    page = await client.post(DESK, data={"row": f"release:{keys[0]}"})
    assert "見本かんりさんが受け持っています。" in page.text
    assert await holder_of(db, one.id) == world.kanri.id
    await world.login(client, world.kanri)  # an admin frees what somebody has who is away
    await client.post(DESK, data={"row": f"release:{keys[1]}"})
    assert await holder_of(db, free.id) is None


async def test_a_colleague_takes_over_from_somebody_who_is_away(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, desk: Desk
) -> None:
    one, free = await desk.cleanup(), await desk.pickup()
    await desk.hold(one, world.kanri.id)
    await db.commit()
    await world.login(client, world.sato)
    page = (await client.get(DESK)).text
    assert f'value="take_over:{one.kind}:{one.id}"' in page and f"take_over:{free.kind}" not in page
    assert "いまは見本かんりさんの受け持ちです。代わりに受け持ちますか。" in page  # asked first
    for _twice in range(2):
        answer = await client.post(DESK, data={"row": f"take_over:{one.kind}:{one.id}"})
        assert answer.headers["location"].endswith("did=take_over&done=1")
    assert await holder_of(db, one.id) == world.sato.id
    trail = select(AuditEvent.detail).where(AuditEvent.action == "desk.take_over")
    (detail,) = (await db.scalars(trail)).all()
    assert (detail["had"], detail["has"]) == (str(world.kanri.id), str(world.sato.id))
    assert "1件を引き取りました。" in (await client.get(answer.headers["location"])).text
    # what nobody has is taken on, what is settled cannot be
    await client.post(DESK, data={"row": f"take_over:{free.kind}:{free.id}"})
    assert await holder_of(db, free.id) == world.sato.id
    gone = await client.post(DESK, data={"row": f"take_over:cleanup:{uuid.uuid4()}"})
    assert "もう受付にありません" in gone.text
    assert await audits(db, "desk.take_over") == 1


async def test_what_is_settled_cannot_be_taken(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    done = await factories.cleanup(db, world.partner, world.street, day=TODAY)
    await db.commit()
    await world.login(client, world.sato)
    for key in (f"cleanup:{done.id}", f"fault:{uuid.uuid4()}"):
        page = await client.post(DESK, data={"verb": "assign", "item": key})
        assert "もう受付にありません" in page.text
    assert (await db.execute(select(func.count()).select_from(DeskAssignment))).scalar_one() == 0


@pytest.mark.parametrize(
    "data",
    [
        {"verb": "assign"},
        {"verb": "burn", "item": f"cleanup:{uuid.uuid4()}"},
        {"verb": "assign", "item": "cleanup:nonsense"},
        {"verb": "assign", "item": f"person:{uuid.uuid4()}"},
        {"row": "assign"},
        {},
        {"verb": "accept", "item": [f"cleanup:{uuid.uuid4()}" for _ in range(201)]},
    ],
)
async def test_nonsense_is_told(
    client: httpx2.AsyncClient, world: World, data: dict[str, Any]
) -> None:
    await world.login(client, world.sato)
    page = await client.post(DESK, data=data)
    assert page.status_code == 422
    assert "notice--error" in page.text


async def test_two_take_the_same_at_the_same_moment(database_url: str) -> None:
    """The key of the table decides: one has it, the other is told who."""
    engine = make_engine(database_url, 4)
    sessions = make_sessions(engine, clock=system_clock)
    async with sessions() as db, db.begin():
        world = await create_world(db, START)
        rows = [
            await factories.cleanup(db, world.partner, world.street, day=TODAY, state="submitted")
            for _ in range(6)
        ]
        keys = [("cleanup", row.id) for row in rows]

    async def take(who: Account, chosen: list[Any]) -> actions.Outcome:
        actor = Actor(who.id, who.display_name, roles=frozenset({"staff"}))
        async with sessions() as db, db.begin():
            return await actions.assign(db, actor, chosen)

    first, second = await asyncio.gather(
        take(world.sato, keys), take(world.kanri, list(reversed(keys)))
    )
    assert first.done + second.done == 6
    assert len(first.failed) + len(second.failed) == 6
    async with sessions() as db:
        assert await audits(db, "desk.assign") == 6
        owners = (await db.execute(select(DeskAssignment.account_id))).scalars().all()
    assert owners.count(world.sato.id) == first.done
    assert {f.why for f in (*first.failed, *second.failed)} <= {
        "見本さとうさんが先に受け持ちました。",
        "見本かんりさんが先に受け持ちました。",
    }
    await engine.dispose()


# --- accepting many -------------------------------------------------------------------------------


async def test_accepting_many(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, desk: Desk
) -> None:
    report = await desk.cleanup()
    twin = await desk.cleanup(area=world.park)
    await desk.cleanup(area=world.park)  # the same day and area
    older = await desk.cleanup(area=world.park, day=TODAY - dt.timedelta(days=1))
    pickup, private = await desk.pickup(), await desk.pickup(private_land=True)
    sign = await desk.sign()
    await db.commit()
    await world.login(client, world.sato)
    chosen = (report, twin, older, pickup, private, sign)
    keys = [f"{x.kind}:{x.id}" for x in chosen]
    page = await client.post(DESK, data={"verb": "accept", "item": keys})
    assert page.status_code == 200
    for words in ("3件を受け付けました。", "3件はできませんでした。",
                  "同じ日・同じ区域の報告がほかにもあります", "私有地にあります",
                  "まとめて受け付けられるのは、活動報告と回収依頼だけです"):  # fmt: skip
        assert words in page.text, words
    for cleanup, state in ((report, "accepted"), (twin, "submitted"), (older, "accepted")):
        assert await state_of(db, Cleanup, cleanup.id) == state
    assert await state_of(db, Pickup, pickup.id) == "accepted"
    assert await state_of(db, Pickup, private.id) == "requested"
    assert await audits(db, "cleanup.review") == 2
    assert await audits(db, "pickup.accept") == 1
    history = select(StateChange.verb, StateChange.by).where(
        StateChange.object_id == pickup.id, StateChange.to_state == "accepted"
    )
    assert (await db.execute(history)).one() == ("accept", world.sato.id)
    # Sent again: what is accepted counts as done, and nothing is written twice.
    again = await client.post(DESK, data={"verb": "accept", "item": [keys[0], keys[3]]})
    assert again.headers["location"].endswith("did=accept&done=2")
    assert await audits(db, "cleanup.review") == 2
    assert await audits(db, "pickup.accept") == 1


async def test_one_that_fails_does_not_hold_up_the_others(
    db: AsyncSession, world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a savepoint: what a failed one had written is gone, the rest stays."""
    items = [await desk.cleanup(day=TODAY - dt.timedelta(days=n)) for n in range(3)]
    real = actions.review_cleanup

    async def review(db: AsyncSession, actor: Actor, id: uuid.UUID, *rest: Any) -> None:
        await real(db, actor, id, *rest)
        if id == items[1].id:
            raise actions.DomainError("途中でだめになりました。")

    monkeypatch.setattr(actions, "review_cleanup", review)
    actor = Actor(world.sato.id, "見本さとう", roles=frozenset({"staff"}))
    outcome = await actions.accept(db, actor, [("cleanup", one.id) for one in items])
    assert (outcome.done, [f.why for f in outcome.failed]) == (2, ["途中でだめになりました。"])
    await db.commit()
    states = [await state_of(db, Cleanup, one.id) for one in items]
    assert states == ["accepted", "submitted", "accepted"]
    assert await audits(db, "cleanup.review") == 2


async def test_with_htmx_the_list_comes_back_at_once(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, desk: Desk
) -> None:
    one = await desk.cleanup()
    await desk.pickup()
    await db.commit()
    await world.login(client, world.sato)
    answer = await client.post(
        DESK, data={"verb": "accept", "item": f"cleanup:{one.id}"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert answer.headers["hx-push-url"] == "/staff/desk?section=all"
    assert "<html" not in answer.text
    assert "1件を受け付けました。" in answer.text
    assert answer.text.count("data-desk-row") == 1
