"""The desk, the list of partners, the audit trail."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import AgreementArea
from server.areas.models import AreaImport
from server.audit.actions import record
from server.partners.models import Partner
from tests import factories
from tests.conftest import START, FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
TODAY = START.date()
D = dt.date
Count = Callable[[], AbstractContextManager[Any]]


@pytest.mark.parametrize("path", ["/staff", "/staff/partners", "/staff/audit"])
async def test_who_may(client: httpx2.AsyncClient, world: World, path: str) -> None:
    assert (await client.get(path)).status_code == 303
    for somebody in (world.hanako, world.kenji, world.kanae):
        await world.login(client, somebody)
        assert (await client.get(path)).status_code == 403
    await world.login(client, world.sato)
    assert (await client.get(path)).status_code == (403 if path == "/staff/audit" else 200)
    await world.login(client, world.kanri)
    assert (await client.get(path)).status_code == 200
    assert (await client.post(path)).status_code == 405


async def period(db: AsyncSession, partner: Partner, lower: dt.date, upper: dt.date | None) -> None:
    await factories.set_period(db, partner, lower, upper)
    await db.commit()


async def test_desk(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, count_queries: Count
) -> None:
    await factories.cleanup(db, world.partner, world.street, day=TODAY, state="submitted")
    await factories.cleanup(db, world.partner, world.park, day=TODAY, people=12)
    await factories.area(db, "だれもいない道")
    db.add(
        AreaImport(
            filename="<b>台帳.geojson", sha256=b"x", state="asking", created_by=world.sato.id
        )
    )
    await period(db, world.partner, D(2025, 4, 1), TODAY + dt.timedelta(days=31))
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = (await client.get("/staff")).text
    assert len(seen) <= 4
    for words in ("活動報告 1", "母恋〜輪西 歩道", "土木課維持係の分です",
                  "提出済み(確認待ち)", "7月14日まで", "&lt;b&gt;台帳.geojson",
                  "質問があります", "<b>1</b> 回", "延べ12人"):  # fmt: skip
        assert words in page, words
    assert "担い手がいない(空白)" in page


@pytest.mark.parametrize(
    ("upper", "shown"),
    [
        (D(2026, 6, 14), "6月13日で終わりました"),  # [.., 6/14) ended yesterday
        (D(2026, 6, 15), "6月14日まで"),
        (D(2026, 8, 13), "8月12日まで"),
        (D(2026, 8, 14), ""),  # 61 days ahead
        (D(2026, 4, 14), ""),  # long ago
        (None, ""),  # without end
    ],
)
async def test_ending_agreements(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, upper: dt.date | None, shown: str
) -> None:
    await period(db, world.partner, D(2025, 4, 1), upper)
    await world.login(client, world.sato)
    page = (await client.get("/staff")).text
    assert (world.partner.name in page) is bool(shown)
    assert shown in page


async def test_a_renewed_agreement_is_not_ending(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await period(db, world.partner, D(2025, 4, 1), TODAY + dt.timedelta(days=10))
    await factories.next_agreement(db, world.partner, TODAY + dt.timedelta(days=10), None)
    await db.commit()
    await world.login(client, world.sato)
    assert world.partner.name not in (await client.get("/staff")).text


async def test_partners(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, count_queries: Count
) -> None:
    await factories.cleanup(db, world.partner, world.street, day=D(2026, 6, 1))
    await period(db, world.partner, D(2025, 4, 1), D(2026, 4, 1))
    await db.execute(
        update(AgreementArea)
        .where(AgreementArea.partner_id == world.partner.id)
        .values(period=Range(D(2025, 4, 1), D(2026, 4, 1)))
    )
    await db.commit()
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = (await client.get("/staff/partners")).text
    assert len(seen) <= 3
    own = page.split(">見本母恋町会</a>", 1)[1].split("</tr>", 1)[0]
    for words in ("町内会・自治会", "なし", "2025/04/01〜", "2026/03/31", "切れています",
                  "2026/06/01", "12人", "2人"):  # fmt: skip
        assert words in own, words
    other = page.split(">見本みなと工業</a>", 1)[1].split("</tr>", 1)[0]
    for words in ("企業・団体", "1か所", "2027/06/13", "記録なし", "1人"):
        assert words in other, words
    for query, found in (("?q=ぼこい", True), ("?q=みなと", False), ("?subject=company", False),
                         ("?subject=x&page=0&q=%00", True), ("?page=500", False)):  # fmt: skip
        part = await client.get("/staff/partners" + query, headers={"HX-Request": "true"})
        assert part.status_code == 200
        assert ("見本母恋町会" in part.text) is found, query


async def test_audit(
    client: httpx2.AsyncClient,
    db: AsyncSession,
    world: World,
    clock: FixedClock,
    count_queries: Count,
) -> None:
    record(db, None, "area.create", "area", world.street.id, code="A-0001")
    clock.now = START + dt.timedelta(days=2)
    record(db, None, "area.edit", "area", world.street.id, code="A-0001",
           before={"name": "<i>前"}, after={"name": "後"})  # fmt: skip
    record(db, None, "custom.act", "thing", "42")
    await db.commit()
    await world.login(client, world.kanri)
    with count_queries() as seen:
        page = (await client.get("/staff/audit")).text
    assert len(seen) <= 3
    assert page.index("custom.act") < page.index("&lt;i&gt;前")

    async def shown(query: str) -> list[bool]:
        part = (await client.get("/staff/audit?" + query, headers={"HX-Request": "true"})).text
        return [">区域を加えた" in part, ">区域を直した" in part, ">custom.act" in part]

    assert await shown("") == [True, True, True]
    assert await shown("action=area.") == [True, True, False]
    assert await shown("action=area.edit") == [False, True, False]
    assert await shown("object=a-0001") == [True, True, False]
    assert await shown(f"object={world.street.id}") == [True, True, False]
    assert await shown("object=thing") == [False, False, True]
    assert await shown("since=2026-06-15") == [False, True, True]
    assert await shown("until=2026-06-14") == [True, False, False]
    assert await shown("until=2026-06-16&since=2026-06-16") == [False, True, True]
    for odd in ("since=x&until=0&before=abc&action=%00&object=%00", "until=9999-12-31",
                "before=99999999999999999999", "before=9999999999999999999",
                "since=0001-01-01"):  # fmt: skip
        assert await shown(odd) == [True, True, True], odd


async def test_audit_pages_by_id(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    for n in range(60):
        record(db, None, f"act.n{n:02}", "thing", str(n))
    await db.commit()
    await world.login(client, world.kanri)
    first = (await client.get("/staff/audit")).text
    assert "act.n59" in first
    assert "act.n09" not in first
    link = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"', 1)[0]
    second = (await client.get("/staff/audit" + link.replace("&amp;", "&"))).text
    assert "act.n09" in second
    assert "act.n10" not in second
