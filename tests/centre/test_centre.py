"""The pages of the citizens' activity centre: what it sees, what it must not, what it logs."""

import csv
import datetime as dt
import io
import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.enrolments.machine import ENROLMENT
from server.enrolments.models import PartnerContact
from server.policy import COORDINATOR
from server.routes import ROWS
from server.successions.machine import SUCCESSION
from server.successions.models import Succession
from server.supplies.models import CentreSupport
from tests import factories
from tests.conftest import START
from tests.exchange.kit import as_, count
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
TODAY = START.date()
PAGES = ("/centre", "/centre/partners", "/centre/board", "/centre/supports")
SECRETS = {
    "name": "見本れんらく太郎", "phone": "090-9999-8888", "email": "secret@example.jp",
    "address": "見本町9番9号", "postal_code": "051-9999",
}  # fmt: skip


async def with_contacts(db: AsyncSession, world: World) -> None:
    for role in ("representative", "contact"):
        db.add(
            PartnerContact(
                partner_id=world.partner.id, role=role, period=Range(dt.date(2020, 4, 1), None),
                **SECRETS,
            )
        )  # fmt: skip
    await db.commit()


async def test_who_may(client: httpx2.AsyncClient, world: World, count_queries: Count) -> None:
    for path in PAGES:
        assert (await client.get(path)).status_code == 303
    for who in (world.hanako, world.kenji, world.toyo):
        for path in PAGES:
            assert (await as_(client, world, who, path)).status_code == 403
    for who in (world.kanae, world.sato, world.kanri):
        await world.login(client, who)
        for path in PAGES:
            with count_queries() as seen:
                assert (await client.get(path)).status_code == 200
            assert len(seen) <= 5, path
    for path in PAGES[:3]:
        assert (await client.post(path)).status_code == 405


async def test_a_coordinator_reaches_no_page_of_the_staff(
    client: httpx2.AsyncClient, world: World
) -> None:
    await world.login(client, world.kanae)
    id, code = str(uuid.uuid4()), world.partner.code
    tried = 0
    for row in ROWS:
        if row.policy.name not in ("staff", "admin"):
            continue
        path = re.sub(r"\{\w+:uuid\}", id, row.path)
        path = path.replace("{code}", code).replace("{day}", "2026-06-15")
        path = re.sub(r"\{\w+\}", "x", path)
        answer = await client.request(row.methods[0], path)
        assert answer.status_code == 403, path
        tried += 1
    assert tried > 30
    assert COORDINATOR.name == "coordinator"


async def test_no_contact_data_in_page_or_statement(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, count_queries: Count
) -> None:
    """Neither the HTML nor the SQL behind it holds anything to reach a partner by."""
    await with_contacts(db, world)
    await world.login(client, world.kanae)
    for path in (*PAGES, "/centre/partners?q=見本", "/centre/partners?state=active"):
        with count_queries() as seen:
            page = (await client.get(path)).text
        for secret in (*SECRETS.values(), "kenji@example.jp", "見本けんじ", "見本とよ"):
            assert secret not in page, (path, secret)
        own = [s for s in seen.statements if "FROM account_roles" not in s and "sessions" not in s]
        assert own, "there is something to look at"
        for statement in own:
            wrong = r"partner_contacts|phone|\bemail\b|address|postal|display_name|answers ->"
            assert not re.search(wrong, statement), statement
    assert world.partner.name in (await client.get("/centre/partners")).text


async def test_partners_listed_and_found(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await factories.cleanup(db, world.partner, world.street, day=dt.date(2026, 6, 1))
    case = await factories.live_case(db, world.other_partner)
    await factories.bring_to(db, ENROLMENT, case, "paused", paused_from=TODAY)
    alone = await factories.partner(db, "見本ひとり", subject="citizen", public=False)
    await db.commit()
    await world.login(client, world.kanae)
    page = (await client.get("/centre/partners")).text
    assert "<b>3件</b>" in page and "2026/06/01" in page and "母恋〜輪西 歩道" in page
    assert "休止中" in page and "名前は非公開" in page
    for query, names in {
        "q=ボコイ": ["見本母恋町会"], "q=ぼこい": ["見本母恋町会"], "q=輪西": ["見本母恋町会"],
        f"q={alone.code}": ["見本ひとり"], "subject=company": ["見本みなと工業"],
        "state=paused": ["見本みなと工業"], "state=active": ["見本母恋町会"], "q=%": [],
        "q=x": [], "state=x&subject=x&page=x": ["見本母恋町会", "見本みなと工業", "見本ひとり"],
    }.items():  # fmt: skip
        body = (await client.get(f"/centre/partners?{query}")).text
        found = [n for n in ("見本母恋町会", "見本みなと工業", "見本ひとり") if f">{n}</a>" in body]
        assert found == names, query


async def test_first_page(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    soon = START + dt.timedelta(days=3)
    few = await factories.opportunity(db, world.partner, starts=soon, title="人の足りない日")
    full = await factories.opportunity(db, world.partner, starts=soon, title="足りている日")
    await factories.opportunity(
        db, world.partner, starts=START + dt.timedelta(days=15), title="まだ先の日"
    )
    await factories.signup(db, few, world.hanako, 4)
    await factories.signup(db, full, world.hanako, 5)
    offer = Succession(partner_id=world.partner.id, area_id=world.park.id, state="offered")
    db.add(offer)
    await db.flush()
    await factories.bring_to(db, SUCCESSION, offer, "offered")
    await factories.set_period(
        db, world.other_partner, dt.date(2025, 7, 1), TODAY + dt.timedelta(days=30)
    )
    case = await factories.live_case(db, world.partner)
    await factories.bring_to(db, ENROLMENT, case, "paused", paused_from=TODAY)
    db.add(CentreSupport(on_day=dt.date(2026, 4, 1), kind="advice", description="x"))
    db.add(CentreSupport(on_day=dt.date(2026, 3, 31), kind="advice", description="前の年度"))
    await db.commit()
    await world.login(client, world.kenji)
    ask = {"id": str(uuid.uuid4()), "title": "待っている質問", "body": "いつですか"}
    await client.post("/board/new", data=ask)
    await world.login(client, world.kanae)
    meeting = {
        "id": str(uuid.uuid4()), "title": "つぎの会", "fiscal_year": "2026", "day": "2026-07-01",
        "starts": "13:30", "ends": "15:00", "place": "見本センター",
    }  # fmt: skip
    await client.post("/centre/meetings/new", data=meeting)
    page = (await client.get("/centre")).text
    assert "人の足りない日" in page and "10人中4人" in page
    assert "足りている日" not in page and "まだ先の日" not in page
    assert "見本公園" in page and "手があがっていない" in page
    assert "待っている質問" in page and "つぎの会" in page
    assert f"/successions/{offer.id}" not in page, "that page is not the coordinator's"
    text = re.sub(r"<[^>]+>", " ", page)
    assert re.search(r"休止中\s+1 ", text) and re.search(r"まもなく期間の終わり\s+1 ", text)
    assert re.search(r"令和8年度\(2026年度\)\s+1件", text)
    assert f"/successions/{offer.id}" in (await as_(client, world, world.sato, "/centre")).text


async def test_looking_after_the_board_from_the_queue(
    client: httpx2.AsyncClient, world: World
) -> None:
    ids = [str(uuid.uuid4()) for _ in range(2)]
    await world.login(client, world.kenji)
    for n, id in enumerate(ids):
        sent = {"id": id, "title": f"質問その{n}", "body": "見本"}
        await client.post("/board/new", data=sent)
    await world.login(client, world.kanae)
    page = (await client.get("/centre/board")).text
    assert "質問その0" in page and "質問その1" in page and "確認待ち 2" in page
    publish = {"verb": "publish", "back": "queue"}
    answer = await client.post(f"/board/{ids[0]}", data=publish)
    assert answer.status_code == 303 and answer.headers["location"] == "/centre/board"
    refuse = {"verb": "refuse", "back": "queue", "comment": "重なる質問です"}
    assert (await client.post(f"/board/{ids[1]}", data=refuse)).status_code == 303
    assert "待っている書きこみはありません" in (await client.get("/centre/board")).text
    page = (await client.get("/centre/board?state=refused")).text
    assert "質問その1" in page and "重なる質問です" in page
    assert "質問その0" in (await client.get("/centre/board?state=published")).text
    assert (await client.get("/centre/board?state=x")).status_code == 200


# --- the log ----------------------------------------------------------------------------------


def support(**more: str) -> dict[str, str]:
    return {
        "id": str(uuid.uuid4()), "on_day": "2026-06-10", "kind": "matching",
        "description": "二つの町会を引き合わせた", **more,
    }  # fmt: skip


async def test_logged_once_counted_and_taken_out(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.kanae)
    what = support(partner=str(world.partner.id))
    for _ in range(2):
        sent = await client.post("/centre/supports", data=what)
        assert sent.status_code == 303 and sent.headers["location"].endswith("?year=2026")
    await client.post("/centre/supports", data=support(on_day="2026-03-31", description="=前年度"))
    assert await count(db, CentreSupport) == 2
    page = (await client.get("/centre/supports")).text
    assert "二つの町会" in page and "<b>1件</b>" in page and "団体どうしの引き合わせ 1" in page
    file = (await client.get("/centre/supports?year=2025&format=csv")).content.decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(file)))
    assert [line["内容"] for line in lines] == ["'=前年度"]
    gone = {"verb": "remove", "id": what["id"]}
    for _ in range(2):
        assert (await client.post("/centre/supports", data=gone)).status_code == 303
    assert await count(db, CentreSupport) == 1
    events = list(await db.scalars(select(AuditEvent).where(AuditEvent.object_id == what["id"])))
    assert sorted(e.action for e in events) == ["centre_support.log", "centre_support.remove"]
    removed = next(e for e in events if e.action.endswith("remove"))
    assert removed.detail["description"] == "二つの町会を引き合わせた"


async def test_it_is_the_figure_of_the_table(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    from server.citysettings.queries import load_city
    from server.reports.queries import exchange_table

    await world.login(client, world.kanae)
    await client.post("/centre/supports", data=support())
    table = await exchange_table(db, await load_city(db))
    assert (table.value("centre"), table.value("centre", "matching")) == (1, 1)


@pytest.mark.parametrize(
    "bad",
    [{"on_day": "2026-06-15"}, {"on_day": "2003-01-01"}, {"on_day": ""}, {"kind": "x"},
     {"description": " "}, {"partner": str(uuid.uuid4())}, {"description": "長" * 301}],
)  # fmt: skip
async def test_bad_input_is_shown_again(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, bad: dict[str, str]
) -> None:
    await world.login(client, world.kanae)
    answer = await client.post("/centre/supports", data=support() | bad)
    assert answer.status_code == 422
    assert "二つの町会" in answer.text or "description" in bad
    assert await count(db, CentreSupport) == 0
    assert (await client.post("/centre/supports", data={"verb": "remove"})).status_code == 422


async def test_others_cannot_log(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.kenji)
    assert (await client.post("/centre/supports", data=support())).status_code == 403
