"""Announcements: to whom, once, and who has read them."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.exchange.announce_queries import Audience, reach
from server.exchange.models import Announcement, AnnouncementRecipient
from server.notices.mails import WrittenMail
from tests import factories
from tests.conftest import START
from tests.exchange.kit import as_, audits, count, mails
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
NEW = "/centre/announcements/new"
TODAY = START.date()


def written(**more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()), "title": "草の袋の回収について", "body": "来週から始まります。",
        "to": "all", "verb": "send", **more,
    }  # fmt: skip


async def test_who_may(client: httpx2.AsyncClient, world: World) -> None:
    for path in (NEW, "/announcements"):
        assert (await client.get(path)).status_code == 303
    for who, new, read in (
        (world.hanako, 403, 403), (world.kenji, 403, 200), (world.kanae, 200, 200),
        (world.sato, 200, 200),
    ):  # fmt: skip
        assert (await as_(client, world, who, NEW)).status_code == new
        assert (await client.get("/announcements")).status_code == read
    await world.login(client, world.kenji)
    assert (await client.post(NEW, data=written())).status_code == 403
    assert (await client.post("/announcements")).status_code == 405


async def test_preview_then_sent_once(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await factories.member(db, world.other_partner, world.kenji)  # in both: still one mail
    await db.commit()
    await world.login(client, world.kanae)
    what = written()
    preview = await client.post(NEW, data=what | {"verb": "preview"})
    assert preview.status_code == 200 and "2団体に送る" in preview.text
    assert await count(db, Announcement) == 0 and await mails(db) == []
    again = await client.post(NEW, data=what | {"verb": "edit"})
    assert "草の袋の回収について" in again.text and "送る前に確かめる" in again.text
    for _ in range(2):
        answer = await client.post(NEW, data=what)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/announcements/{what['id']}"
    subject = "【まちピカ】草の袋の回収について"
    assert await mails(db) == [("kenji@example.jp", subject), ("yosomono@example.jp", subject)]
    body = (await db.scalars(select(WrittenMail.body))).first() or ""
    assert "来週から始まります。" in body and f"/announcements/{what['id']}" in body
    assert await audits(db, "announcement.send") == 1
    await world.login(client, world.sato)
    assert (await client.post(NEW, data=what)).status_code == 409, "another's announcement"


async def test_reading_is_noted_once(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: Any, count_queries: Count
) -> None:
    await world.login(client, world.sato)
    what = written(to="chosen", partners=[world.partner.code])
    await client.post(NEW, data=what)
    path = f"/announcements/{what['id']}"
    assert "1団体中 0団体" in (await client.get("/announcements")).text
    assert "未読" in (await as_(client, world, world.toyo, "/announcements")).text
    with count_queries() as seen:
        assert (await client.get(path)).status_code == 200
    assert len(seen) <= 5
    first = await db.scalar(select(AnnouncementRecipient.read_at))
    assert first is not None
    clock.now = clock.now.replace(hour=15)
    page = (await as_(client, world, world.kenji, path)).text
    assert "けんじ" not in page.split("<main")[1], "no names"
    row = select(AnnouncementRecipient.read_at).execution_options(populate_existing=True)
    assert await db.scalar(row) == first
    assert "未読" not in (await client.get("/announcements")).text
    page = (await as_(client, world, world.kanae, path)).text
    assert "1団体中 1団体が読みました" in page and world.partner.name in page


async def test_others_do_not_see_it(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kanae)
    what = written(to="chosen", partners=[world.partner.code])
    await client.post(NEW, data=what)
    path = f"/announcements/{what['id']}"
    assert (await as_(client, world, world.yosomono, path)).status_code == 404
    assert what["title"] not in (await client.get("/announcements")).text
    assert (await as_(client, world, world.hanako, path)).status_code == 403
    assert (
        await as_(client, world, world.kenji, f"/announcements/{uuid.uuid4()}")
    ).status_code == 404
    assert (await client.get("/announcements/x")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Audience(), {"partner", "other"}),
        (Audience(subjects=("company",)), {"other"}),
        (Audience(kinds=("park",)), {"partner"}),
        (Audience(subjects=("company",), kinds=("park",)), set()),
        (Audience(("company", "neighbourhood"), ("park", "beach")), {"partner", "other"}),
        (Audience(partners=("MP-9999",)), set()),
    ],
)  # fmt: skip
async def test_whom_it_reaches(
    db: AsyncSession, world: World, asked: Audience, expected: set[str]
) -> None:
    """Never a partner whose agreement is over."""
    old = await factories.partner(db, "見本むかしの会", subject="company")
    await factories.agreement(db, old, [], since=TODAY.replace(year=2020))
    found = await reach(db, asked, TODAY)
    assert found.partners == len(expected)
    assert found.addresses == len(expected), "けんじ and よそもの; とよさん has none"
    chosen = Audience(partners=(world.partner.code, old.code))
    assert (await reach(db, chosen, TODAY)).partners == 1


async def test_partners_without_an_address_are_counted(db: AsyncSession, world: World) -> None:
    silent = await factories.partner(db, "見本しずかな会")
    await factories.agreement(db, silent, [], since=TODAY)
    await factories.member(db, silent, world.toyo)
    found = await reach(db, Audience(), TODAY)
    assert (found.partners, found.addresses, found.silent) == (3, 2, 1)


async def test_to_one_partner_from_the_list(client: httpx2.AsyncClient, world: World) -> None:
    page = (await as_(client, world, world.kanae, f"{NEW}?partner={world.partner.code}")).text
    assert f'value="{world.partner.code}" checked' in page and 'value="chosen" checked' in page
    assert world.other_partner.name not in page
    assert (await client.get(f"{NEW}?partner=<x>")).status_code == 200


async def test_searching_keeps_what_is_ticked(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.sato)
    kept = written(to="chosen", partners=[world.partner.code], search="みなと", verb="find")
    page = (await client.post(NEW, data=kept)).text
    assert f'value="{world.partner.code}" checked' in page
    assert f'value="{world.other_partner.code}"' in page and "来週から始まります。" in page


@pytest.mark.parametrize(
    "bad",
    [{"title": " "}, {"body": ""}, {"to": "x"}, {"to": "chosen"}, {"title": "長" * 81},
     {"to": "some", "subjects": ["university"]}, {"to": "chosen", "partners": ["MP-9999"]}],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["preview", "send"])
async def test_bad_input_is_shown_again(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, bad: dict[str, Any], verb: str
) -> None:
    await world.login(client, world.kanae)
    answer = await client.post(NEW, data=written(verb=verb) | bad)
    assert answer.status_code == 422
    assert "来週から始まります。" in answer.text or "body" in bad
    assert await count(db, Announcement) == 0 and await mails(db) == []
