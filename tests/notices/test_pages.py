"""My notices, the ways I choose, saved searches, this device, LINE."""

import base64
import json
import os

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.db.base import uuid7
from server.matching.models import SavedSearch
from server.notices.choosing import MOST_SEARCHES
from server.notices.models import LineLink, NoticeChoice, NoticeSettings, PushSubscription
from tests.notices.kit import rows, tell
from tests.personas import World

pytestmark = pytest.mark.anyio
PAGES = ("/me/notices", "/me/alerts", "/me/line")
WRITES = ("/me/alerts", "/me/alerts/searches", "/me/push", "/me/line")


def subscription(n: int = 1, **other: object) -> dict[str, object]:
    key = base64.urlsafe_b64encode(b"\x04" + os.urandom(64)).decode().rstrip("=")
    auth = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
    return {"endpoint": f"https://push.example.jp/{n}", "p256dh": key, "auth": auth} | other


async def audited(db: AsyncSession, action: str) -> int:
    counted = select(func.count()).where(AuditEvent.action == action)
    return int((await db.execute(counted)).scalar_one())


async def test_nobody_reads_or_writes_without_a_log_in(client: httpx2.AsyncClient) -> None:
    for path in PAGES:
        assert (await client.get(path)).headers["location"].startswith("/login"), path
    for path in (*WRITES, f"/me/alerts/searches/{uuid7()}/remove"):
        assert (await client.post(path)).status_code == 303, path


async def test_the_inbox_marks_what_is_new_once_and_shows_only_mine(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
) -> None:
    await tell(db, "signup", world.hanako, subject="【中止】<b>春</b>")
    await tell(db, "help", world.kenji, key="2", subject="けんじだけ")
    await world.login(client, world.hanako)
    with count_queries() as seen:
        page = (await client.get("/me/notices")).text
    assert len(seen) <= 4, seen.statements
    assert "【中止】&lt;b&gt;春" in page
    assert "told--new" in page
    assert "けんじだけ" not in page
    assert "told--new" not in (await client.get("/me/notices")).text
    await world.login(client, world.toyo)
    assert "お知らせはまだありません" in (await client.get("/me/notices")).text


async def test_ways_and_hours_are_kept_and_used(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
) -> None:
    await world.login(client, world.hanako)
    with count_queries() as seen:
        page = (await client.get("/me/alerts")).text
    assert len(seen) <= 4, seen.statements
    assert 'value="signup.mail" checked' in page
    assert 'value="announcement.push" checked' not in page
    form = {"wanted": ["signup.mail", "announcement.push"], "rhythm": "weekly",
            "quiet_from": "22:00", "quiet_to": "6:30"}  # fmt: skip
    for _n in range(2):
        answer = await client.post("/me/alerts", data=form)
        assert answer.headers["location"] == "/me/alerts"
    page = (await client.get("/me/alerts")).text
    assert 'value="announcement.push" checked' in page
    assert 'value="nearby.mail" checked' not in page
    kept = (await db.scalars(select(NoticeSettings))).one()
    assert (kept.rhythm, str(kept.quiet_from), str(kept.quiet_to)) == (
        "weekly", "22:00:00", "06:30:00"
    )  # fmt: skip
    assert await audited(db, "notices.choose") == 2
    await tell(db, "nearby", world.hanako)
    assert await rows(db) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"rhythm": "hourly"}, {"wanted": ["signup.fax"]}, {"quiet_from": "22:00"},
        {"quiet_from": "25:00", "quiet_to": "6:00"},
    ],
)  # fmt: skip
async def test_nonsense_is_said_beside_the_field_and_ticks_stay(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, wrong: dict[str, object]
) -> None:
    await world.login(client, world.hanako)
    form = {"wanted": ["help.line"], "rhythm": "now"} | wrong
    answer = await client.post("/me/alerts", data=form)
    assert answer.status_code == 422
    assert "error-summary" in answer.text
    if "wanted" not in wrong:
        assert 'value="help.line" checked' in answer.text
    assert await db.scalar(select(func.count()).select_from(NoticeChoice)) == 0


async def test_a_search_is_saved_once_shown_and_removed(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    form = {"id": str(uuid7()), "place": "母恋駅", "radius": "2000", "work": ["litter"],
            "weekday": ["7"], "band": ["morning"], "trait": ["children"]}  # fmt: skip
    for _n in range(2):
        answer = await client.post("/me/alerts/searches", data=form)
        assert answer.headers["location"] == "/me/alerts#searches"
    saved = (await db.scalars(select(SavedSearch))).one()
    assert (saved.label, saved.radius_m, saved.children_ok) == ("母恋駅", 2000, True)
    assert await audited(db, "saved_search.create") == 1
    page = (await client.get("/me/alerts")).text
    assert "2km以内" in page
    assert "ごみ拾い・日曜・午前・子ども可" in page
    remove = f"/me/alerts/searches/{saved.id}/remove"
    assert (await client.get(remove)).status_code == 405
    await world.login(client, world.kenji)
    assert (await client.post(remove)).status_code == 404
    assert (await client.post("/me/alerts/searches/nonsense/remove")).status_code == 404
    await world.login(client, world.hanako)
    assert (await client.post(remove)).status_code == 303
    assert (await client.post(remove)).status_code == 404
    assert await db.scalar(select(func.count()).select_from(SavedSearch)) == 0


async def test_an_unknown_place_keeps_the_form_and_the_list_is_bounded(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    answer = await client.post("/me/alerts/searches", data={"place": "月の裏", "work": ["litter"]})
    assert answer.status_code == 422
    assert "月の裏" in answer.text
    for _n in range(MOST_SEARCHES):
        assert (await client.post("/me/alerts/searches", data={})).status_code in (303, 422)
    answer = await client.post("/me/alerts/searches", data={"radius": "0"})
    saved = await db.scalar(select(func.count()).select_from(SavedSearch))
    assert saved is not None and saved <= MOST_SEARCHES


async def test_a_browser_subscribes_and_another_person_takes_it_over(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    sent = subscription()
    for _n in range(2):
        answer = await client.post("/me/push", data=sent, headers={"Accept": "application/json"})
        assert answer.json() == {"on": True}
    assert "いま1台の端末" in (await client.get("/me/alerts")).text
    await world.login(client, world.kenji)
    assert (await client.post("/me/push", data=sent)).status_code == 303
    row = (await db.scalars(select(PushSubscription))).one()
    assert row.account_id == world.kenji.id
    off = {"act": "off", "endpoint": sent["endpoint"]}
    await world.login(client, world.hanako)
    await client.post("/me/push", data=off)
    await db.refresh(row)
    assert row.gone_at is None, "a stranger ends nothing"
    await world.login(client, world.kenji)
    for _n in range(2):
        assert (await client.post("/me/push", data={"act": "off"})).status_code == 303
    await db.refresh(row)
    assert row.gone_at is not None
    assert (await client.get("/me/push")).status_code == 405
    assert await audited(db, "push.subscribe") == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://push.example.jp/1"}, {"endpoint": "https://127.0.0.1/x"},
        {"endpoint": "https://[::1]/x"}, {"endpoint": "https://localhost/x"},
        {"endpoint": "https://db.internal/x"}, {"endpoint": "https://169.254.169.254/latest"},
        {"endpoint": "https://2130706433/"}, {"endpoint": "https://push.example.jp:5432/"},
        {"endpoint": "https://u:p@push.example.jp/"}, {"endpoint": "javascript:alert(1)"},
        {"endpoint": "https://push.example.jp/\r\nX: y"}, {"endpoint": "https://x" * 400},
        {"endpoint": "https://[bad"}, {"endpoint": "https://プッシュ.jp/"}, {"endpoint": ""},
        {"p256dh": "AAAA"}, {"p256dh": "!" * 87}, {"auth": ""}, {"auth": "A" * 5000},
    ],
)  # fmt: skip
async def test_hostile_subscriptions_are_refused(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, wrong: dict[str, object]
) -> None:
    await world.login(client, world.hanako)
    assert (await client.post("/me/push", data=subscription(**wrong))).status_code == 422
    assert await db.scalar(select(func.count()).select_from(PushSubscription)) == 0


async def test_bodies_of_other_kinds_do_no_harm(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.hanako)
    for body in (b"", b"{", json.dumps(subscription()).encode(), b"\xff\x00" * 50):
        answer = await client.post(
            "/me/push", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, body


async def test_many_browsers_are_too_many(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    codes = [(await client.post("/me/push", data=subscription(n))).status_code for n in range(12)]
    assert codes == [303] * 10 + [422] * 2
    assert await db.scalar(select(func.count()).select_from(PushSubscription)) == 10


async def test_without_an_official_account_line_is_said_to_be_off(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.hanako)
    assert "LINEはまだ使えません" in (await client.get("/me/line")).text
    assert (await client.post("/line/webhook", content=b"{}")).status_code == 404
    assert (await client.post("/me/line", data={"act": "unlink"})).status_code == 303
    assert await db.scalar(select(func.count()).select_from(LineLink)) == 0


async def test_the_service_worker_stands_at_the_root(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/sw.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert "notificationclick" in answer.text
