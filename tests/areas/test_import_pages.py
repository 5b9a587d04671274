"""The import screens: who may, bad input, progress, discard; every finding has words."""

import uuid
from collections.abc import Callable

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from geo.files import FILE_ERROR_CODES, FINDING_SEVERITY
from server.accounts.models import Account, AccountRole
from server.areas import import_words
from server.areas.models import AreaImport
from server.audit.models import AuditEvent
from tests.personas import World

pytestmark = pytest.mark.anyio
IMPORT, EXPORT = "/staff/areas/import", "/staff/areas/export"


@pytest.fixture
async def upload(client: httpx2.AsyncClient, world: World) -> str:
    """An upload by さとう that waits for a worker; the path of its page."""
    await world.login(client, world.sato)
    answer = await client.post(IMPORT, files={"file": ("区域.geojson", b'{"type": "x"}')})
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def test_upload_is_kept_and_queued_in_one_go(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, upload: str
) -> None:
    made = (await db.execute(select(AreaImport))).scalar_one()
    assert upload == f"{IMPORT}/{made.id}"
    assert (made.filename, made.state, made.created_by) == ("区域.geojson", "queued", world.sato.id)
    event = (await db.execute(select(AuditEvent))).scalar_one()
    assert (event.action, event.object_id) == ("areas.import.upload", str(made.id))
    page = (await client.get(IMPORT)).text
    assert "区域.geojson" in page
    assert "順番を待っています" in page


async def test_waiting_page_asks_again_and_works_without_script(
    client: httpx2.AsyncClient, upload: str, count_queries: Callable
) -> None:
    await client.get(upload)  # the city is read once in a while
    with count_queries() as seen:
        page = (await client.get(upload)).text
    assert len(seen) <= 4, seen.statements
    assert f'hx-get="{upload}" hx-trigger="every 1s"' in page
    assert f'href="{upload}"' in page
    part = (await client.get(upload, headers={"HX-Request": "true"})).text
    assert "<html" not in part
    assert part.lstrip().startswith('<div id="import"')


async def test_discard_forgets_the_file_and_again_is_harmless(
    client: httpx2.AsyncClient, db: AsyncSession, upload: str
) -> None:
    answer = await client.post(upload, data={"act": "discard"})
    assert (answer.status_code, answer.headers["location"]) == (303, IMPORT)
    assert "取りこまずに終わりました" in (await client.get(IMPORT)).text
    assert (await db.execute(select(AreaImport.id))).first() is None
    assert (await client.post(upload, data={"act": "discard"})).status_code == 404
    assert (await client.get(upload)).status_code == 404
    actions = [e.action for e in (await db.execute(select(AuditEvent))).scalars()]
    assert actions == ["areas.import.upload", "areas.import.discard"]


@pytest.mark.parametrize("act", ["apply", "answer"])
async def test_a_file_in_work_can_neither_be_applied_nor_answered(
    client: httpx2.AsyncClient, upload: str, act: str
) -> None:
    answer = await client.post(upload, data={"act": act, "fingerprint": "x"})
    assert answer.status_code == 409
    assert "順番を待っています" in answer.text


async def test_an_unknown_act_is_refused(client: httpx2.AsyncClient, upload: str) -> None:
    assert (await client.post(upload, data={"act": "x"})).status_code == 422


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "ファイルを選んでください"),
        ({"file": ("", b"")}, "ファイルを選んでください"),
        ({"file": ("a.geojson", b"")}, "ファイルが空です"),
        ({"file": (None, "text")}, "ファイルを選んでください"),
        ({"other": ("a.geojson", b"{}")}, "ファイルを選んでください"),
    ],
)
async def test_bad_uploads_are_explained(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, files: object, message: str
) -> None:
    await world.login(client, world.sato)
    answer = await client.post(IMPORT, files=files, data={"x": "y"})
    assert answer.status_code == 422
    assert 'id="error-summary"' in answer.text
    assert message in answer.text
    assert (await db.execute(select(AreaImport.id))).first() is None


async def test_a_file_of_more_than_50_mb_is_refused_at_the_door(
    client: httpx2.AsyncClient, world: World
) -> None:
    await world.login(client, world.sato)
    over = b"x" * (50 * 1024**2 + 1)
    answer = await client.post(IMPORT, files={"file": ("a.csv", over)})
    assert answer.status_code == 422
    assert "50MBまで" in answer.text
    answer = await client.post(IMPORT, files={"file": ("a.csv", over + b"x" * 1024**2)})
    assert answer.status_code == 413
    assert "大きすぎます" in answer.text


async def test_anonymous_is_sent_to_log_in(client: httpx2.AsyncClient, upload: str) -> None:
    client.cookies.clear()
    for path in (IMPORT, upload, EXPORT):
        answer = await client.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=")
    for path in (IMPORT, upload):
        assert (await client.post(path)).headers["location"].startswith("/login")


async def test_other_roles_may_not(client: httpx2.AsyncClient, world: World, upload: str) -> None:
    for who in (world.hanako, world.kenji, world.kanae):
        await world.login(client, who)
        for path in (IMPORT, upload, EXPORT):
            assert (await client.get(path)).status_code == 403
        for path in (IMPORT, upload):
            assert (await client.post(path, data={"act": "discard"})).status_code == 403


async def test_another_persons_upload_is_not_there(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, upload: str
) -> None:
    colleague = Account(display_name="見本どうりょう", email="d@example.jp")
    db.add(colleague)
    await db.flush()
    db.add(AccountRole(account_id=colleague.id, role="staff"))
    await db.commit()
    await world.login(client, colleague)
    unknown = f"{IMPORT}/{uuid.uuid4()}"
    for path in (upload, unknown):
        assert (await client.get(path)).status_code == 404
        for act in ("apply", "answer", "discard"):
            assert (await client.post(path, data={"act": act})).status_code == 404
    assert "区域.geojson" not in (await client.get(IMPORT)).text
    assert (await client.get(f"{IMPORT}/1")).status_code == 404
    await world.login(client, world.kanri)
    assert (await client.get(upload)).status_code == 200, "administrators see all"


async def test_export_page_refuses_what_it_does_not_offer(
    client: httpx2.AsyncClient, world: World
) -> None:
    await world.login(client, world.sato)
    for query in ("format=exe", "srid=1", "srid=abc", "format=kml&srid=6680", "encoding=x"):
        assert (await client.get(f"{EXPORT}?{query}")).status_code == 422, query
    assert (await client.post(EXPORT)).status_code == 405


def test_every_code_has_words_that_need_no_detail() -> None:
    for code in FILE_ERROR_CODES:
        said = import_words.file_error(code, {})
        assert said.text
        assert "{" not in said.text + said.advice
    for code, severity in FINDING_SEVERITY.items():
        found = {"code": code, "severity": severity, "detail": {}}
        if code in import_words.FILE_NOTES:
            assert "{" not in import_words.file_note(found)
            continue
        said = import_words.row_finding(found)
        assert "{" not in said.text + said.advice
        assert said.advice or severity == "warn", f"{code} says what to do"
