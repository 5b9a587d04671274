"""「市との合意」 of a partner: the page, pause and resume, going on, leaving."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.models import CitySetting
from server.citysettings.registry import CityRules
from server.enrolments.jobs import advance
from server.enrolments.machine import ENROLMENT
from server.notices.mails import WrittenMail
from tests import factories
from tests.conftest import START, FixedClock
from tests.enrolments.lifekit import (
    DAY,
    END,
    TODAY,
    agreements_of,
    areas_of,
    audited,
    case_of,
    end_on,
    stands_for,
    steps_of,
)
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
BEGAN = TODAY - dt.timedelta(days=365)
PAGES = ("/partner/pause", "/partner/resume", "/partner/renew", "/partner/withdraw")
LEAVE = {"day": TODAY.isoformat(), "comment": "高齢のため"}


@pytest.mark.parametrize("path", ["/partner/agreement", *PAGES])
async def test_who_may(client: httpx2.AsyncClient, world: World, path: str) -> None:
    assert (await client.get(path)).status_code == 303
    await world.login(client, world.hanako)
    assert (await client.get(path)).status_code == 403
    await world.login(client, world.kenji)
    assert (await client.get(path)).status_code == 200
    other = {"partner": world.other_partner.code}
    if path != "/partner/agreement":
        assert (await client.get(path, params=other)).status_code == 404
        assert (await client.post(path, data={**LEAVE, **other})).status_code == 404
        assert (await client.get(path, params={"partner": "MP-9999"})).status_code == 404


async def test_the_page_says_all(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries: Count
) -> None:
    await stands_for(db, world.partner, "representative", "見本たろう", phone="0143-00-0000")
    await stands_for(db, world.other_partner, "representative", "見本よそ", phone="0143-99-9999")
    await factories.cleanup(db, world.partner, world.street, day=TODAY - DAY)
    await factories.cleanup(db, world.partner, world.street, day=dt.date(2026, 3, 31))
    await db.commit()
    await world.login(client, world.kenji)
    with count_queries() as seen:
        page = (await client.get("/partner/agreement")).text
    assert len(seen) <= 4, seen.statements
    assert "活動中" in page and "2027年6月13日(日)まで" in page
    assert "きれいなまちをつくる" in page and world.street.name in page
    assert "1回(令和8年度(2026年度))" in page  # the one of last 年度 is not counted
    assert "見本たろう" in page and "0143-00-0000" in page and "見本よそ" not in page
    assert "/partner/pause" in page and "/partner/withdraw" in page
    assert "/partner/notices/new/representative" in page and "/partner/renew" not in page


async def test_pause_and_resume(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    await world.login(client, world.kenji)
    refused = await client.post("/partner/pause", data={"comment": " ", "until": "2026-09-01"})
    assert refused.status_code == 422 and 'value="2026-09-01"' in refused.text
    early = await client.post("/partner/pause", data={"comment": "人手", "until": "2026-06-14"})
    assert early.status_code == 422 and "再開の予定の日は" in early.text
    late = await client.post("/partner/pause", data={"comment": "人手", "until": "2030-01-01"})
    assert late.status_code == 422
    assert (await case_of(db, world.partner)).state == "active"

    form = {"comment": "人手が足りないため", "until": "2026-09-01"}
    for _twice in range(2):
        assert (await client.post("/partner/pause", data=form)).status_code == 303
    case = await case_of(db, world.partner)
    assert (case.state, case.paused_from) == ("paused", TODAY)
    codes = sorted([world.street.code, world.park.code])
    assert await areas_of(db, world.partner) == [(c, BEGAN, TODAY, "paused") for c in codes]
    assert len(await areas_of(db, world.other_partner)) == 1
    assert await audited(db) == ["enrolment.pause"]
    page = (await client.get("/partner/agreement")).text
    assert "再開の予定は2026年9月1日(火)です" in page and "もとの区域にもどります" in page
    public = (await client.get(f"/areas/{world.street.code}")).text
    assert "人手が足りない" not in public and "休止" not in public
    mail = (await db.execute(select(WrittenMail))).scalars().all()
    assert mail == []  # とよさん has no address, and けんじ did it himself

    clock.now += dt.timedelta(days=200)  # in winter: 2026-12-31
    winter = TODAY + dt.timedelta(days=200)
    await world.login(client, world.kenji)
    assert "予定の日を過ぎました" in (await client.get("/partner/agreement")).text
    for _twice in range(2):
        assert (await client.post("/partner/resume")).status_code == 303
    case = await case_of(db, world.partner)
    assert (case.state, case.paused_from, case.paused_until) == ("active", None, None)
    assert await areas_of(db, world.partner) == [
        row for c in codes for row in ((c, BEGAN, TODAY, "paused"), (c, winter, END, None))
    ]
    assert [s[:2] for s in await steps_of(db, case.id)] == [
        ("pause", "paused"), ("resume", "active"),
    ]  # fmt: skip


async def test_a_pause_on_the_first_day_keeps_the_areas_for_later(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    """A row that would have no day left is deleted, and comes back all the same."""
    new = await factories.partner(db, "見本あたらしい会")
    await factories.member(db, new, world.hanako, "manager")
    await factories.agreement(db, new, [world.street], since=TODAY + dt.timedelta(days=365))
    await db.commit()
    assert await areas_of(db, new) == [(world.street.code, TODAY, TODAY + 730 * DAY, None)]
    await world.login(client, world.hanako)
    await client.post("/partner/pause", data={"comment": "まちがい"})
    assert await areas_of(db, new) == []
    await client.post("/partner/resume")
    assert await areas_of(db, new) == [(world.street.code, TODAY, TODAY + 730 * DAY, None)]


async def test_an_area_retired_meanwhile_does_not_come_back(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    await client.post("/partner/pause", data={"comment": "人手"})
    world.park.retired_on = TODAY
    await db.merge(world.park)
    await db.commit()
    await client.post("/partner/resume")
    live = [row[0] for row in await areas_of(db, world.partner) if row[2] == END]
    assert live == [world.street.code]


async def test_steps_that_do_not_fit_are_refused(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.kenji)
    assert (await client.post("/partner/renew")).status_code == 303  # active already: nothing to do
    case = await case_of(db, world.partner)
    await factories.bring_to(db, ENROLMENT, case, "changing")
    await db.commit()
    assert (await client.post("/partner/pause", data={"comment": "人手"})).status_code == 409
    assert (await client.post("/partner/resume")).status_code == 409
    assert (await client.post("/partner/renew")).status_code == 409
    assert await steps_of(db, case.id) == []


# --- going on ------------------------------------------------------------------------------------


async def in_renewal(db: AsyncSession, world: World, last_day: dt.date) -> None:
    await end_on(db, world.partner, last_day)
    await factories.bring_to(db, ENROLMENT, await case_of(db, world.partner), "renewal")
    await db.commit()


async def rule(db: AsyncSession, **values: object) -> None:
    for key, value in values.items():
        db.add(CitySetting(key=key, value=value, changed_at=START))
    await db.commit()


async def test_one_tap_goes_on(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    clock.now = dt.datetime(2027, 2, 3, 10, 0, tzinfo=clock.now.tzinfo)
    await in_renewal(db, world, dt.date(2027, 3, 31))
    await world.login(client, world.kenji)
    page = (await client.get("/partner/agreement")).text
    assert "自動的に更新されます" in page and "/partner/renew" in page
    page = (await client.get("/partner/renew")).text
    assert "2027年4月1日(木)" in page and "令和10年3月31日" in page
    for _twice in range(2):
        assert (await client.post("/partner/renew")).status_code == 303
    case = await case_of(db, world.partner)
    assert case.state == "active"
    april, next_april = dt.date(2027, 4, 1), dt.date(2028, 4, 1)
    assert await agreements_of(db, world.partner) == [
        ("new", BEGAN, april), ("renewal", april, next_april),
    ]  # fmt: skip
    codes = sorted([world.street.code, world.park.code])
    assert [row[:3] for row in await areas_of(db, world.partner)] == [
        row for c in codes for row in ((c, BEGAN, april), (c, april, next_april))
    ]
    assert await steps_of(db, case.id) == [("renew", "active", "partner")]


async def test_fixed_years_without_auto_renewal_take_a_wish(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await rule(db, auto_renew=False, term_mode="years")
    await in_renewal(db, world, TODAY + 30 * DAY)
    await world.login(client, world.kenji)
    assert "市に知らせます" in (await client.get("/partner/renew")).text
    for _twice in range(2):
        assert (await client.post("/partner/renew")).status_code == 303
    case = await case_of(db, world.partner)
    assert (case.state, case.renewal_wished_on) == ("renewal", TODAY)
    assert await steps_of(db, case.id) == [("wish_renewal", "renewal", "partner")]
    assert len(await agreements_of(db, world.partner)) == 1
    assert (
        "続ける希望を2026年6月14日(日)に受け付けました"
        in (await client.get("/partner/agreement")).text
    )


async def test_going_on_ends_a_pause(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await end_on(db, world.partner, TODAY + 30 * DAY)
    await world.login(client, world.kenji)
    await client.post("/partner/pause", data={"comment": "冬のあいだ"})
    assert await advance(db, (await case_of(db, world.partner)).id, CityRules(), TODAY) == [
        "await_renewal"
    ]
    await db.commit()
    assert "活動を再開したことになります" in (await client.get("/partner/renew")).text
    assert (await client.post("/partner/renew")).status_code == 303
    case = await case_of(db, world.partner)
    assert (case.state, case.paused_from) == ("active", None)
    street = [r for r in await areas_of(db, world.partner) if r[0] == world.street.code]
    old_end = TODAY + 31 * DAY
    assert [row[1:] for row in street] == [
        (BEGAN, TODAY, "paused"), (TODAY, old_end, None), (old_end, dt.date(2027, 4, 1), None),
    ]  # fmt: skip


# --- leaving -------------------------------------------------------------------------------------


async def test_withdraw_today(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    await world.login(client, world.kenji)
    empty = await client.post("/partner/withdraw", data={"day": "2026-06-20", "comment": ""})
    assert empty.status_code == 422 and 'value="2026-06-20"' in empty.text
    for day in (TODAY - DAY, END + DAY):
        wrong = await client.post("/partner/withdraw", data={**LEAVE, "day": day.isoformat()})
        assert wrong.status_code == 422 and "の日を入れてください" in wrong.text
    for _twice in range(2):
        assert (await client.post("/partner/withdraw", data=LEAVE)).status_code == 303
    case = await case_of(db, world.partner)
    assert (case.state, case.ended_on) == ("withdrawn", TODAY)
    assert await agreements_of(db, world.partner) == [("new", BEGAN, TODAY)]
    assert {row[2:] for row in await areas_of(db, world.partner)} == {(TODAY, "withdrawn")}
    assert await steps_of(db, case.id) == [("withdraw", "withdrawn", "partner")]
    assert await audited(db) == ["enrolment.withdraw"]
    page = (await client.get("/partner/agreement")).text
    assert "もう一度届け出る" in page and "/partner/withdraw" not in page
    assert (await client.post("/partner/pause", data={"comment": "x"})).status_code == 409


async def test_withdraw_on_a_coming_day(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    """The periods end then; no job is needed, and until then the areas are cared for."""
    day = TODAY + 40 * DAY
    await world.login(client, world.kenji)
    await client.post("/partner/withdraw", data={**LEAVE, "day": day.isoformat()})
    assert {row[2:] for row in await areas_of(db, world.partner)} == {(day, "withdrawn")}
    page = (await client.get("/partner/agreement")).text
    assert "2026年7月24日(金)に終わります" in page and world.street.name in page


async def test_withdraw_ends_what_has_not_begun(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    """A renewal concluded ahead keeps its row, with no day in force."""
    await in_renewal(db, world, TODAY + 30 * DAY)
    await world.login(client, world.kenji)
    await client.post("/partner/renew")
    assert len(await agreements_of(db, world.partner)) == 2
    await client.post("/partner/withdraw", data=LEAVE)
    assert sorted(await agreements_of(db, world.partner)) == [
        ("new", BEGAN, TODAY), ("renewal", None, None),
    ]  # fmt: skip
    assert {row[2] for row in await areas_of(db, world.partner)} == {TODAY}
    assert "はじまる前に終わりました" in (await client.get("/partner/agreement")).text


async def test_only_who_signs_may_bind_the_partner(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    """A member may pause, which can be undone, but neither go on nor leave for all."""
    await in_renewal(db, world, TODAY + 30 * DAY)
    await world.login(client, world.toyo)
    page = (await client.get("/partner/agreement")).text
    assert "代表・担当の人だけ" in page
    assert "/partner/renew" not in page and "/partner/withdraw" not in page
    for path, form in (("/partner/renew", {}), ("/partner/withdraw", LEAVE)):
        assert (await client.get(path)).status_code == 403
        assert (await client.post(path, data=form)).status_code == 403
    assert (await case_of(db, world.partner)).state == "renewal"


async def test_open_matters_are_named_first(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries: Count
) -> None:
    await factories.opportunity(db, world.partner, starts=dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    await db.commit()
    await world.login(client, world.kenji)
    with count_queries() as seen:
        page = (await client.get("/partner/withdraw")).text
    assert "これからの活動の募集: 1件" in page and "草刈り機の予約・貸出:" not in page
    assert f'value="{TODAY.isoformat()}"' in page
    assert len(seen) <= 5, seen.statements


async def test_a_person_of_two_partners_sees_both(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await factories.member(db, world.other_partner, world.kenji)
    await db.commit()
    await world.login(client, world.kenji)
    page = (await client.get("/partner/agreement")).text
    assert world.partner.name in page and world.other_partner.name in page
    form = {"comment": "人手", "partner": world.other_partner.code}
    await client.post("/partner/pause", data=form)
    assert (await case_of(db, world.other_partner)).state == "paused"
    assert (await case_of(db, world.partner)).state == "active"
    mails = (await db.execute(select(WrittenMail))).scalars().all()
    assert [m.to_address for m in mails] == ["yosomono@example.jp"]


@pytest.mark.parametrize("path", ["/partner/agreement"])
async def test_reading_only(client: httpx2.AsyncClient, world: World, path: str) -> None:
    await world.login(client, world.kenji)
    assert (await client.post(path)).status_code == 405
