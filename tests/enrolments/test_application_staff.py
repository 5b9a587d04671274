"""The city's side: the list and its counts, a case, filing for somebody who came with paper."""

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
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.db.base import uuid7
from tests.conftest import FixedClock
from tests.enrolments.applying import GROUP, acts, case_row, fill, start, verbs
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


async def sent(client: httpx2.AsyncClient, world: World, subject: str = "company") -> uuid.UUID:
    await world.login(client, world.hanako)
    id = await start(client, subject)
    await fill(client, id, subject)
    assert (await client.post(f"/applications/{id}/submit")).status_code == 303
    await world.login(client, world.sato)
    return id


async def test_who_may(client: httpx2.AsyncClient, world: World) -> None:
    id = await sent(client, world)
    paths = ["/staff/applications", "/staff/applications/new", f"/staff/applications/{id}"]
    assert (await client.post("/staff/applications")).status_code == 405
    for path in paths:
        await world.login(client, world.sato)
        assert (await client.get(path)).status_code == 200
        for somebody in (world.hanako, world.kenji, world.kanae):
            await world.login(client, somebody)
            assert (await client.get(path)).status_code == 403
            if path != paths[0]:
                assert (await client.post(path, data={"verb": "take_up"})).status_code == 403
        client.cookies.clear()
        assert (await client.get(path)).status_code == 303
    await world.login(client, world.sato)
    assert (await client.get(f"/staff/applications/{uuid.uuid4()}")).status_code == 404
    unknown = f"/staff/applications/{uuid.uuid4()}"
    assert (await client.post(unknown, data={"verb": "take_up"})).status_code == 404


async def test_list_and_counts(
    client: httpx2.AsyncClient, world: World, clock: FixedClock, count_queries: Count
) -> None:
    first = await sent(client, world)
    clock.now += dt.timedelta(hours=1)
    second = await sent(client, world, "citizen")
    await client.post(f"/staff/applications/{second}", data={"verb": "take_up"})
    with count_queries() as seen:
        page = (await client.get("/staff/applications")).text
    assert len(seen) <= 4
    assert page.index(str(first)) < page.index(str(second))  # the longest waiting first
    newest = (await client.get("/staff/applications?sort=new")).text
    assert newest.index(str(second)) < newest.index(str(first))
    for query, rows in (
        ("", 2), ("tab=all", 4), ("tab=agreed", 2), ("tab=over", 0), ("q=たかさき", 1),
        ("q=たかさき&tab=agreed", 0), ("section=環境課", 0), ("section=土木課維持係", 2),
        ("tab=bogus&page=x&sort=y", 2), ("page=9", 0), ("q=%00", 2),
    ):  # fmt: skip
        text = (await client.get(f"/staff/applications?{query}")).text
        assert text.count('data-label="番号"') == rows, query
        if "page" not in query:
            active = re.search(r'aria-current="page">[^<]*<span class="muted">(\d+)<', text)
            assert active is not None, query
            assert int(active[1]) == rows, query


async def test_opening_a_case_is_noted(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, count_queries: Count
) -> None:
    id = await sent(client, world)
    assert (await client.get(f"/applications/{id}")).headers["location"].startswith("/staff/")
    with count_queries() as seen:
        page = (await client.get(f"/staff/applications/{id}")).text
    assert len(seen) <= 5
    for words in ("見本髙田", "0143-22-1111", "見本通り", "確認をはじめる", "公用袋"):
        assert words in page
    assert (await acts(db, id)).count("enrolment.view") == 1
    details = str(list(await db.scalars(select(AuditEvent.detail))))
    assert "takada" not in details
    assert "0143" not in details


async def test_steps(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    id = await sent(client, world)
    path = f"/staff/applications/{id}"
    for verb in ("agree", "submit", "begin", "bogus", ""):
        assert (await client.post(path, data={"verb": verb})).status_code == 422
    assert (await client.post(path, data={"verb": "take_up"})).status_code == 303
    late = await client.post(path, data={"verb": "take_up"})
    assert late.status_code == 409
    assert "確認中" in late.text
    checking = (await client.get(path)).text
    assert f"{path}/agreement" in checking
    long = await client.post(path, data={"verb": "reject", "comment": "長" * 2001})
    assert long.status_code == 422
    reason = {"verb": "reject", "comment": "ほかの管理者の場所のため"}
    assert (await client.post(path, data=reason)).status_code == 303
    row = await case_row(db, id)
    assert (row.state, row.ended_on is not None) == ("rejected", True)
    assert await verbs(db, id) == ["create", "submit", "take_up", "reject"]
    await world.login(client, world.hanako)
    shown = (await client.get(f"/applications/{id}")).text
    assert "ほかの管理者の場所のため" in shown
    assert "見本さとう" not in shown  # the office answers, not a person


async def test_filed_for_somebody(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.sato)
    form = {"id": str(uuid7()), "subject": "neighbourhood", "partner": ""}
    answer = await client.post("/staff/applications/new", data=form)
    id = uuid.UUID(form["id"])
    assert answer.headers["location"] == f"/applications/{id}/edit/group"
    assert "代理入力" in (await client.get(answer.headers["location"])).text
    assert (await client.post("/staff/applications/new", data=form)).status_code == 303
    row = await case_row(db, id)
    assert (row.by_proxy, row.requested_by) == (True, None)
    paper = {"paper": ("届出.pdf", io.BytesIO(PDF), "application/pdf")}
    kept = await client.post(
        f"/applications/{id}/edit/group",
        data={**GROUP, "paper_kind": "form", "attach": "1"}, files=paper,
    )  # fmt: skip
    assert kept.status_code == 303
    page = (await client.get(f"/applications/{id}/edit/group")).text
    assert "届出.pdf" in page
    await fill(client, id)
    assert (await client.post(f"/applications/{id}/submit")).status_code == 303
    case = (await client.get(f"/staff/applications/{id}")).text
    assert "代理入力" in case
    assert "届出書(紙)" in case
    # another member of staff goes on with it; the person has no page of it
    await world.login(client, world.kanri)
    assert (await client.get(f"/staff/applications/{id}")).status_code == 200
    await world.login(client, world.hanako)
    assert (await client.get(f"/applications/{id}")).status_code == 404


async def test_proxy_for_a_live_partner_is_refused(
    client: httpx2.AsyncClient, world: World
) -> None:
    await world.login(client, world.sato)
    for code, words in ((world.partner.code, "変更届"), ("MP-9999", "見つかりません")):
        form = {"id": str(uuid7()), "subject": "npo", "partner": code}
        refused = await client.post("/staff/applications/new", data=form)
        assert refused.status_code == 422
        assert words in refused.text
        assert code in refused.text


async def test_papers(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.hanako)
    id = await start(client, "npo")
    path = f"/applications/{id}/edit/group"
    paper = {"paper": ("会則.pdf", io.BytesIO(PDF), "application/pdf")}
    added = {**GROUP, "paper_kind": "rules", "attach": "1"}
    assert (await client.post(path, data=added, files=paper)).status_code == 303
    page = (await client.get(path)).text
    assert "会則・規約" in page
    file = re.search(r'name="remove_paper" value="([^"]+)"', page) or re.search(
        r'value="([^"]+)"[^>]*name="remove_paper"', page
    )
    assert file
    none = await client.post(path, data=added, files={"paper": ("", b"", "application/pdf")})
    assert none.status_code == 422
    assert "ファイルを選んで" in none.text
    bad = {"paper": ("x.pdf", io.BytesIO(b"MZ\x90"), "application/pdf")}
    refused = await client.post(path, data=added, files=bad)
    assert refused.status_code == 422
    assert "見本髙﨑𠮷町会" in refused.text
    await world.login(client, world.kenji)
    assert (await client.get(f"/files/{file[1]}")).status_code == 404
    await world.login(client, world.hanako)
    gone = await client.post(path, data={**GROUP, "remove_paper": file[1]})
    assert gone.status_code == 303
    assert "会則.pdf" not in (await client.get(path)).text
