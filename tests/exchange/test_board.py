"""The board: who reads, who speaks with which voice, looked at before it is shown."""

import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.models import CitySetting
from server.exchange.models import Post
from server.partners.models import Partner
from tests.conftest import START, FixedClock
from tests.exchange.kit import as_, audits, count, history, mails
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]


def question(**more: str) -> dict[str, str]:
    return {
        "id": str(uuid.uuid4()), "title": "草の袋はいつ取りに来ますか",
        "body": "去年は火曜日でした。", **more,
    }  # fmt: skip


async def ask(client: httpx2.AsyncClient, world: World, who: Any, **more: str) -> str:
    await world.login(client, who)
    what = question(**more)
    answer = await client.post("/board/new", data=what)
    assert answer.status_code == 303, answer.text
    return what["id"]


async def answer(client: httpx2.AsyncClient, world: World, who: Any, to: str, body: str) -> str:
    await world.login(client, who)
    id = str(uuid.uuid4())
    sent = await client.post(f"/board/{to}", data={"verb": "answer", "id": id, "body": body})
    assert sent.status_code == 303
    return id


async def take(
    client: httpx2.AsyncClient, world: World, who: Any, id: str, verb: str, comment: str = ""
) -> httpx2.Response:
    await world.login(client, who)
    return await client.post(f"/board/{id}", data={"verb": verb, "comment": comment})


async def test_who_may(client: httpx2.AsyncClient, world: World) -> None:
    id = await ask(client, world, world.kanae)
    client.cookies.clear()
    for path in ("/board", "/board/new", f"/board/{id}"):
        assert (await client.get(path)).status_code == 303
        assert (await as_(client, world, world.hanako, path)).status_code == 403
        for who in (world.kenji, world.toyo, world.kanae, world.sato, world.kanri):
            assert (await as_(client, world, who, path)).status_code == 200
        client.cookies.clear()
    await world.login(client, world.hanako)
    assert (await client.post("/board/new", data=question())).status_code == 403
    assert (await client.post("/board")).status_code == 405
    await world.login(client, world.kenji)
    assert (await client.get(f"/board/{uuid.uuid4()}")).status_code == 404
    assert (await client.post(f"/board/{uuid.uuid4()}", data={"body": "x"})).status_code == 404


async def test_a_partners_post_waits_to_be_looked_at(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    id = await ask(client, world, world.kenji)
    mine = (await client.get("/board")).text
    assert "確認待ち" in mine and "まだ質問はありません" in mine
    assert (await as_(client, world, world.toyo, f"/board/{id}")).status_code == 200
    assert (await as_(client, world, world.yosomono, f"/board/{id}")).status_code == 404
    assert "草の袋" not in (await client.get("/board")).text
    assert (await take(client, world, world.yosomono, id, "publish")).status_code == 404
    assert (await take(client, world, world.kenji, id, "publish")).status_code == 403
    for _ in range(2):
        assert (await take(client, world, world.kanae, id, "publish")).status_code == 303
    page = (await as_(client, world, world.yosomono, "/board")).text
    assert "草の袋" in page and "回答待ち" in page and world.partner.name in page
    assert "けんじ" not in page + (await client.get(f"/board/{id}")).text
    assert await history(db, uuid.UUID(id)) == ["create", "publish"]
    assert await audits(db, "post.publish") == 1
    assert [to for to, _subject in await mails(db)] == ["kenji@example.jp"]


async def test_the_centre_and_the_city_are_published_at_once(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    for who, voice in ((world.kanae, "市民活動センター"), (world.sato, "市(土木課維持係)")):
        id = await ask(client, world, who, title=f"{voice}から")
        assert await history(db, uuid.UUID(id)) == ["create", "publish"]
        page = (await as_(client, world, world.kenji, f"/board/{id}")).text
        assert f"<b>{voice}</b>" in page and who.display_name not in page
    assert await mails(db) == []


async def test_sent_twice_is_one(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kenji)
    what = question()
    for _ in range(2):
        assert (await client.post("/board/new", data=what)).status_code == 303
    assert await count(db, Post) == 1 and await audits(db, "post.create") == 1
    await world.login(client, world.yosomono)
    assert (await client.post("/board/new", data=what)).status_code == 409


async def test_answers_and_who_is_told(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: FixedClock,
    count_queries: Count,
) -> None:  # fmt: skip
    id = await ask(client, world, world.kenji)
    await take(client, world, world.kanae, id, "publish")
    before = Counter(await mails(db))
    await answer(client, world, world.sato, id, "木曜日です。")
    ((to, subject),) = (Counter(await mails(db)) - before).elements()
    assert to == "kenji@example.jp" and "回答がありました" in subject
    clock.now = START.replace(hour=11)
    theirs = await answer(client, world, world.yosomono, id, "うちは電話で頼みました。")
    page = (await as_(client, world, world.kenji, f"/board/{id}")).text
    assert "木曜日です。" in page and "電話で頼みました" not in page
    await world.login(client, world.kanae)
    hop = await client.get(f"/board/{theirs}")
    assert hop.status_code == 303 and hop.headers["location"] == f"/board/{id}#post-{theirs}"
    await take(client, world, world.kanae, theirs, "publish")
    await world.login(client, world.kenji)
    with count_queries() as seen:
        page = (await client.get(f"/board/{id}")).text
    assert len(seen) <= 5
    assert page.index("木曜日です。") < page.index("電話で頼みました") and "回答 2件" in page
    with count_queries() as seen:
        page = (await client.get("/board")).text
    assert len(seen) <= 5 and "回答 2件" in page


async def test_refused_with_a_reason_the_author_reads(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    id = await ask(client, world, world.kenji)
    blank = await take(client, world, world.kanae, id, "refuse", "  ")
    assert blank.status_code == 422 and "理由を書いてください" in blank.text
    assert (await take(client, world, world.kanae, id, "refuse", "宣伝です")).status_code == 303
    page = (await as_(client, world, world.kenji, f"/board/{id}")).text
    assert "掲載されませんでした" in page and "宣伝です" in page
    assert "宣伝です" in (await client.get("/board")).text
    assert (await as_(client, world, world.yosomono, f"/board/{id}")).status_code == 404
    assert (await take(client, world, world.kanae, id, "publish")).status_code == 409
    assert [to for to, _s in await mails(db)] == ["kenji@example.jp"]


async def test_hidden_and_shown_again(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    id = await ask(client, world, world.kenji)
    await take(client, world, world.kanae, id, "publish")
    await answer(client, world, world.sato, id, "木曜日です。")
    assert (await take(client, world, world.sato, id, "hide", "まちがい")).status_code == 303
    assert (await as_(client, world, world.yosomono, f"/board/{id}")).status_code == 404
    assert "草の袋" not in (await client.get("/board")).text
    sent = {"verb": "answer", "body": "x", "id": str(uuid.uuid4())}
    await world.login(client, world.kanae)
    assert (await client.post(f"/board/{id}", data=sent)).status_code == 409
    assert (await take(client, world, world.kanae, id, "publish")).status_code == 303
    assert "木曜日です。" in (await as_(client, world, world.yosomono, f"/board/{id}")).text
    assert (await take(client, world, world.yosomono, id, "hide", "x")).status_code == 403
    assert (await take(client, world, world.kenji, id, "hide", "解決した")).status_code == 303
    assert await history(db, uuid.UUID(id)) == ["create", "publish", "hide", "publish", "hide"]
    assert (await take(client, world, world.kenji, id, "burn")).status_code == 422


async def test_partners_who_are_not_to_be_named(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    for subject, voice in (("citizen", "個人パートナー"), ("company", "パートナー")):
        await db.execute(
            update(Partner).where(Partner.id == world.partner.id)
            .values(name_public=False, subject=subject)
        )  # fmt: skip
        await db.commit()
        id = await ask(client, world, world.kenji)
        await take(client, world, world.kanae, id, "publish")
        page = (await as_(client, world, world.yosomono, f"/board/{id}")).text
        assert f"<b>{voice}</b>" in page and world.partner.name not in page
        assert world.partner.name not in (await client.get("/board")).text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("body", "電話は０９０−１２３４−５６７８", "電話番号らしいもの(090-1234-5678)"),
        ("title", "〇九〇一二三四五六七八へ", "電話番号"),
        ("body", "taro＠example.jp まで", "メールアドレスらしいもの(taro@example.jp)"),
        ("body", "LINE ID: taro123", "LINEのID"),
        ("body", "https://x.com/mihon", "SNSのアカウント"),
    ],
)
@pytest.mark.parametrize("who", ["kenji", "kanae"])
async def test_contact_data_is_refused_beside_the_field(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, field: str, value: str, said: str,
    who: str,
) -> None:  # fmt: skip
    await world.login(client, getattr(world, who))
    answer = await client.post("/board/new", data=question(**{field: value}))
    assert answer.status_code == 422 and said in answer.text
    assert f'id="{field}-error"' in answer.text and value in answer.text
    assert await count(db, Post) == 0


async def test_contact_data_in_an_answer(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    id = await ask(client, world, world.kanae)
    await world.login(client, world.kenji)
    sent = {"verb": "answer", "body": "0143-22-1111へ", "id": str(uuid.uuid4())}
    answer = await client.post(f"/board/{id}", data=sent)
    assert (
        answer.status_code == 422 and "電話番号" in answer.text and "0143-22-1111へ" in answer.text
    )
    db.add(CitySetting(key="contact", value="地域生活課 0143-22-1111", changed_at=START))
    await db.commit()
    from server.citysettings.queries import load_city
    from server.exchange.board_actions import refuse_contacts

    refuse_contacts(sent["body"], "body", (await load_city(db)).rules)  # the office may be named


async def test_search_and_unanswered(
    client: httpx2.AsyncClient, world: World, clock: FixedClock
) -> None:
    first = await ask(client, world, world.kanae, title="花壇の水やり", body="夏の当番")
    clock.now = START.replace(hour=11)
    await ask(client, world, world.sato, title="袋の色", body="100%_白です")
    await answer(client, world, world.sato, first, "朝がよいです")
    page = (await client.get("/board")).text
    assert page.index("袋の色") < page.index("花壇の水やり"), "the newest first"
    for q, found in (
        ("花壇", True),
        ("当番", True),
        ("朝がよい", True),
        ("%", False),
        ("_", False),
    ):
        assert ("花壇の水やり" in (await client.get("/board", params={"q": q})).text) is found, q
    page = (await client.get("/board?open=1")).text
    assert "袋の色" in page and "花壇の水やり" not in page
    assert (await client.get("/board?page=9&q=%00&open=x")).status_code == 200
    part = await client.get("/board?q=袋", headers={"HX-Request": "true"})
    assert "<html" not in part.text and "袋の色" in part.text


@pytest.mark.parametrize(
    "bad", [{"title": ""}, {"body": " "}, {"title": "長" * 81}, {"voice": "city"}]
)
async def test_bad_input_is_shown_again(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, bad: dict[str, str]
) -> None:
    await world.login(client, world.kenji)
    answer = await client.post("/board/new", data=question() | bad)
    assert answer.status_code == 422
    assert "去年は火曜日でした。" in answer.text or "body" in bad
    assert await count(db, Post) == 0


async def test_a_post_is_for_the_section_of_the_scheme(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    """On the staff's desk it waits with the section in charge."""
    await ask(client, world, world.kenji)
    assert await db.scalar(select(Post.section)) == "地域生活課"


async def test_one_person_does_not_fill_the_queue(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.kenji)
    posts = [question() for _n in range(10)]
    for what in posts:
        assert (await client.post("/board/new", data=what)).status_code == 303
    more = question(body="もう1件あります。")
    refused = await client.post("/board/new", data=more)
    assert refused.status_code == 422
    assert "10件あります" in refused.text and "もう1件あります。" in refused.text
    assert (await client.post("/board/new", data=posts[0])).status_code == 303, "sent twice"
    await take(client, world, world.kanae, posts[0]["id"], "publish")
    await world.login(client, world.kenji)
    assert (await client.post("/board/new", data=more)).status_code == 303
