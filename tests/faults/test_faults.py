"""Telling the city without an account, seeing the same, following it, dealing with it."""

import csv
import datetime as dt
import io
import json
import re
import uuid

import httpx2
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.faults.actions import forget_drafts
from server.faults.machine import FAULT
from server.faults.models import Fault, FaultSighting
from server.faults.queries import NEAR_SQL, RECENT
from server.files.models import StoredFile
from server.http.sessions import token_hash
from server.notices.mails import WrittenMail
from server.workflow.models import StateChange
from tests import factories
from tests.conftest import FixedClock
from tests.personas import World
from tests.pickups.kit import jpeg

pytestmark = pytest.mark.anyio
NEW = "/faults/new"
ON_STREET = ("140.99000", "42.31777")  # a few metres from 母恋〜輪西 歩道
KEY = "k" * 32


def told(**changed: str) -> dict[str, str]:
    """What somebody sends; every call is a new report."""
    usual = {
        "id": str(uuid.uuid4()), "key": KEY, "category": "dumping", "lon": ON_STREET[0],
        "lat": ON_STREET[1], "near_place": "", "place_note": "坂の下",
        "description": "タイヤが4本ある", "partner": "",
    }  # fmt: skip
    return {**usual, **changed}


async def fault(
    db: AsyncSession, state: str = "received", *, at: tuple[str, str] = ON_STREET,
    category: str = "dumping", days_ago: int = 1, clock: FixedClock, **more: object,
) -> Fault:  # fmt: skip
    """A report in a state."""
    row = Fault(
        state="received", category=category, point=f"SRID=4326;POINT({at[0]} {at[1]})",
        description="ひみつのようす", place_note="ひみつの場所", manager="city",
        section="土木課維持係", created_at=clock() - dt.timedelta(days=days_ago), seen_by_others=0,
        **more,
    )  # fmt: skip
    db.add(row)
    await db.flush()
    await db.refresh(row)
    await factories.bring_to(db, FAULT, row, "received")
    if state != "received":
        await factories.bring_to(db, FAULT, row, state)
    return row


async def one(db: AsyncSession) -> Fault:
    return (await db.scalars(select(Fault).execution_options(populate_existing=True))).one()


async def number(db: AsyncSession, table: type) -> int:
    return await db.scalar(select(func.count()).select_from(table)) or 0


async def test_without_an_account_and_sent_twice(
    client: httpx2.AsyncClient, db: AsyncSession
) -> None:
    page = (await client.get(NEW)).text
    assert "110番" in page and page.index("110番") < page.index("<form class")
    assert "メール" not in page.split("<form class", 1)[1].split("</form>")[0]
    data = told()
    answers = [await client.post(NEW, data=data) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert answers[0].headers["location"] == f"/faults/{data['id']}"
    row = await one(db)
    assert (row.code[:2], row.state, row.requested_by, row.partner_id) == (
        "F-",
        "received",
        None,
        None,
    )
    assert row.track_hash == token_hash(KEY)  # only the hash is kept
    assert (row.manager, row.section, row.area_id is not None) == ("city", "土木課維持係", True)
    acts = list(await db.scalars(select(AuditEvent.action)))
    assert acts == ["fault.create"]
    births = await db.scalars(select(StateChange.to_state).where(StateChange.object_id == row.id))
    assert list(births) == ["received"]
    mine = (await client.get(f"/faults/{row.id}")).text
    assert "タイヤが4本ある" in mine and "市道 → 土木課維持係" in mine and f"?key={KEY}" in mine


async def test_the_secret_link_works_elsewhere_and_nothing_else_does(
    client: httpx2.AsyncClient, db: AsyncSession
) -> None:
    await client.post(NEW, data=told())
    row = await one(db)
    path = f"/faults/{row.id}"
    client.cookies.clear()
    outline = (await client.get(path)).text
    assert "不法投棄" in outline and "タイヤ" not in outline and "坂の下" not in outline
    wrong = await client.get(path, params={"key": "x" * 32})
    assert wrong.status_code == 303
    assert "タイヤ" not in (await client.get(path)).text
    right = await client.get(path, params={"key": KEY})
    assert right.status_code == 303 and right.headers["location"] == path
    cookie = right.headers["set-cookie"]
    assert f"Path={path}" in cookie and "HttpOnly" in cookie
    assert "タイヤが4本ある" in (await client.get(path)).text


async def test_somebody_elses_id_is_refused(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    data = told()
    await client.post(NEW, data=data)
    other = {**data, "key": "z" * 32, "description": "ほかの人"}
    assert (await client.post(NEW, data=other)).status_code == 409
    files = [("photo", ("a.jpg", jpeg(), "image/jpeg"))]
    assert (await client.post(NEW, data=other, files=files)).status_code == 409
    assert await number(db, StoredFile) == 0  # nobody adds photos to a sent report
    await world.login(client, world.hanako)
    assert (await client.post(NEW, data=data)).status_code == 409
    assert await number(db, Fault) == 1


async def test_what_may_be_the_same_is_shown_first(
    client: httpx2.AsyncClient, db: AsyncSession, clock: FixedClock
) -> None:
    known = await fault(db, clock=clock)
    await fault(db, category="damage", clock=clock)
    await fault(db, at=("140.9950", "42.3230"), clock=clock)  # 600 m away
    await fault(db, days_ago=61, clock=clock)
    await fault(db, "done", clock=clock)
    await db.commit()
    data = told(lon="140.99030", lat="42.31777")
    files = [("photo", ("a.jpg", jpeg(), "image/jpeg"))]
    answer = await client.post(NEW, data=data, files=files)
    assert answer.status_code == 200 and "よく似たお知らせ" in answer.text
    assert re.findall(r'name="same" value="([^"]+)"', answer.text) == [str(known.id)]
    assert "約20m" in answer.text or "約30m" in answer.text
    assert "ひみつ" not in answer.text and "タイヤが4本ある" in answer.text
    assert "写真1枚を受け取りました" in answer.text
    assert await number(db, Fault) == 5
    # not the same: sent, with the photo of the first step
    sent = await client.post(NEW, data={**data, "new": "1"})
    assert sent.status_code == 303
    photo = (await db.scalars(select(StoredFile))).one()
    assert str(photo.owner_id) == data["id"] and await number(db, Fault) == 6


async def test_the_same_counts_once_for_each(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    known = await fault(db, clock=clock)
    closed = await fault(db, "out_of_scope", clock=clock)
    await db.commit()
    for _ in range(2):
        answer = await client.post(NEW, data=told(same=str(known.id)))
        assert answer.headers["location"] == f"/faults/{known.id}"
    client.cookies.clear()
    assert (await client.post(f"/faults/{known.id}", data={"verb": "same"})).status_code == 303
    await world.login(client, world.hanako)
    for _ in range(2):
        assert (await client.post(f"/faults/{known.id}", data={"verb": "same"})).status_code == 303
    await db.refresh(known)
    assert known.seen_by_others == 3 and await number(db, FaultSighting) == 3
    assert await number(db, Fault) == 2
    assert "ほかに3人" in (await client.get(f"/faults/{known.id}")).text
    assert (await client.post(NEW, data=told(same=str(closed.id)))).status_code == 404
    assert (await client.post(NEW, data=told(same=str(uuid.uuid4())))).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("category", "", "選んでください"), ("category", "x", "error-summary"),
        ("description", " ", "見たことを"), ("description", "あ" * 1001, "error-summary"),
        ("lon", "", "位置を読み取れません"), ("lon", "NaN", "位置を読み取れません"),
        ("lon", "139.7", "市の外"), ("place_note", "あ" * 201, "error-summary"),
    ],
)  # fmt: skip
async def test_invalid_input_is_explained_and_kept(
    client: httpx2.AsyncClient, db: AsyncSession, field: str, value: str, message: str
) -> None:
    data = told(**{"place_note": "だいじな場所", field: value})
    files = [("photo", ("a.jpg", jpeg(), "image/jpeg"))]
    answer = await client.post(NEW, data=data, files=files)
    assert answer.status_code == 422 and "error-summary" in answer.text and message in answer.text
    if field != "place_note":
        assert "だいじな場所" in answer.text
    assert "写真1枚を受け取りました" in answer.text  # photos are not lost either
    assert await number(db, Fault) == 0


async def test_a_name_does_where_there_is_no_map(
    client: httpx2.AsyncClient, db: AsyncSession
) -> None:
    nowhere = await client.post(NEW, data=told(lon="", lat=""))
    assert nowhere.status_code == 422 and "近くの名前" in nowhere.text
    unknown = await client.post(NEW, data=told(lon="", lat="", near_place="ぬるぽ"))
    assert unknown.status_code == 422 and "見つかりません" in unknown.text
    assert (
        await client.post(NEW, data=told(lon="", lat="", near_place="母恋駅"))
    ).status_code == 303
    near = text("SELECT ST_DistanceSphere(point, ST_MakePoint(140.989, 42.3169)) FROM faults")
    assert await db.scalar(near) < 400


async def test_too_many_photos_and_broken_ones(
    client: httpx2.AsyncClient, db: AsyncSession
) -> None:
    photos = [("photo", (f"{n}.jpg", jpeg(), "image/jpeg")) for n in range(4)]
    many = await client.post(NEW, data=told(), files=photos)
    assert many.status_code == 422 and "3枚まで" in many.text
    broken = [("photo", ("a.jpg", b"nothing", "image/jpeg"))]
    answer = await client.post(NEW, data=told(), files=broken)
    assert answer.status_code == 422 and "写真として読めません" in answer.text
    assert await number(db, Fault) == 0


async def test_photos_of_reports_never_sent_are_forgotten(
    client: httpx2.AsyncClient, db: AsyncSession, clock: FixedClock
) -> None:
    files = [("photo", ("a.jpg", jpeg(), "image/jpeg"))]
    await client.post(NEW, data=told(description=""), files=files)
    await client.post(NEW, data=told(), files=files)
    clock.now += dt.timedelta(days=2)
    assert await forget_drafts(db) == 1
    assert await forget_drafts(db) == 0


async def test_as_a_partner_from_the_log(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    log = await factories.cleanup(db, world.partner, world.street, day=dt.date(2026, 6, 13))
    await db.commit()
    await world.login(client, world.kenji)
    page = (await client.get(f"{NEW}?area={world.street.code}&cleanup={log.id}")).text
    assert 'name="lon" type="hidden" value="140.9' in page and str(log.id) in page
    data = told(partner=world.partner.code, cleanup=str(log.id))
    assert (await client.post(NEW, data=data)).status_code == 303
    row = await one(db)
    assert (row.partner_id, row.cleanup_id, row.requested_by, row.track_hash) == (
        world.partner.id, log.id, world.kenji.id, None,
    )  # fmt: skip
    await world.login(client, world.toyo)  # of the same partner
    assert "タイヤ" in (await client.get(f"/faults/{row.id}")).text
    await world.login(client, world.yosomono)
    assert "タイヤ" not in (await client.get(f"/faults/{row.id}")).text
    assert (await client.post(NEW, data=told(partner=world.partner.code))).status_code == 422


async def test_what_the_public_sees(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock, count_queries
) -> None:
    shown = await fault(db, at=("140.990049", "42.317777"), clock=clock)
    done, gone = await fault(db, "done", clock=clock), await fault(db, "out_of_scope", clock=clock)
    moment = clock()
    await db.execute(text("ALTER TABLE state_changes DISABLE TRIGGER append_only"))
    await db.execute(text("UPDATE state_changes SET at = :now"), {"now": moment})
    await db.commit()
    with count_queries() as seen:
        page = (await client.get("/faults")).text
    assert len(seen) <= 3
    assert shown.code in page and done.code in page and gone.code not in page
    assert "ひみつ" not in page
    layer = await client.get("/layers/faults")
    assert "ひみつ" not in layer.text
    found = {f["id"]: f for f in json.loads(layer.text)["features"]}
    assert set(found) == {str(shown.id), str(done.id)}
    assert found[str(shown.id)]["geometry"]["coordinates"] == [140.99, 42.3178]
    exact = json.loads((await client.get("/layers/faults?exact=1")).text)["features"]
    assert all(f["geometry"]["coordinates"][0] == 140.99 for f in exact)  # staff only
    assert (await client.get(f"/faults/{gone.id}")).status_code == 404
    clock.now += RECENT + dt.timedelta(days=1)
    assert done.code not in (await client.get("/faults")).text
    assert (await client.get(f"/faults/{done.id}")).status_code == 404
    await world.login(client, world.sato)
    exact = json.loads((await client.get("/layers/faults?exact=1&state=all")).text)["features"]
    assert len(exact) == 3
    assert [140.990049, 42.317777] in [f["geometry"]["coordinates"] for f in exact]


async def test_staff_answer_and_the_reporter_reads_it(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock, count_queries
) -> None:
    row = await fault(db, clock=clock, requested_by=world.hanako.id)
    await db.commit()
    path = f"/faults/{row.id}"
    anonymous = await client.post(path, data={"verb": "start"})
    assert anonymous.status_code == 303 and "/login" in anonymous.headers["location"]
    await world.login(client, world.kenji)
    assert (await client.post(path, data={"verb": "start"})).status_code == 403
    missing = await client.post(f"/faults/{uuid.uuid4()}", data={"verb": "start"})
    assert missing.status_code == 404
    assert (await client.get("/staff/faults")).status_code == 403
    await world.login(client, world.sato)
    with count_queries() as seen:
        assert "ひみつのようす" in (await client.get(path)).text
    assert len(seen) <= 5
    empty = await client.post(path, data={"verb": "finish"})
    assert empty.status_code == 422 and "理由を書いて" in empty.text
    assert (await client.post(path, data={"verb": "what"})).status_code == 422
    words = {"verb": "finish", "comment": "きょう片づけました"}
    assert (await client.post(path, data=words)).status_code == 303
    assert (await client.post(path, data=words)).status_code == 409  # a second tap
    mail = (await db.scalars(select(WrittenMail))).one()
    assert mail.to_address == "hanako@example.jp" and "きょう片づけました" in mail.body
    await world.login(client, world.hanako)
    mine = (await client.get(path)).text
    assert "きょう片づけました" in mine and "見本さとう" not in mine


async def test_who_is_in_charge_can_be_corrected(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock
) -> None:
    row = await fault(db, clock=clock)
    await db.commit()
    await world.login(client, world.sato)
    path = f"/faults/{row.id}"
    change = {"verb": "reroute", "manager": "prefecture", "section": "環境課"}
    for _ in range(2):
        assert (await client.post(path, data=change)).status_code == 303
    await db.refresh(row)
    assert (row.manager, row.section) == ("prefecture", "環境課")
    acts = list(await db.scalars(select(AuditEvent.action)))
    assert acts == ["fault.reroute"]
    for bad in ({"section": "ない課"}, {"manager": "x"}):
        assert (await client.post(path, data={**change, **bad})).status_code == 422


async def test_staff_list(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, clock: FixedClock, count_queries
) -> None:
    await world.login(client, world.sato)
    assert "この条件の情報提供はありません" in (await client.get("/staff/faults")).text
    first = await fault(db, clock=clock)
    second = await fault(db, "done", category="danger", clock=clock)
    await db.commit()
    with count_queries() as seen:
        page = (await client.get("/staff/faults")).text
    assert len(seen) <= 5
    assert first.code in page and second.code not in page
    assert second.code in (await client.get("/staff/faults?state=all&category=danger")).text
    answer = await client.get("/staff/faults?state=all&format=csv")
    assert len(list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))) == 3
    for hostile in ("?state=%00&page=x", "?q=%25_%5C", "?manager=%27"):
        assert (await client.get(f"/staff/faults{hostile}")).status_code == 200


async def test_near_reports_come_over_the_index(db: AsyncSession, world: World) -> None:
    await db.execute(text("""
        INSERT INTO faults (id, state, category, point, place_note, description, manager, section,
                            created_at)
        SELECT gen_random_uuid(), 'received', 'dumping',
               ST_SetSRID(ST_MakePoint(140.9 + (n % 100) * 0.0015, 42.30 + n / 100 * 0.001), 4326),
               '', 'x', 'city', '', now()
          FROM generate_series(1, 4000) n"""))  # fmt: skip
    await db.execute(text("ANALYZE faults"))
    values = {"category": "dumping", "lon": 140.99, "lat": 42.3178, "near_m": 50.0,
              "since": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "id": uuid.UUID(int=1)}  # fmt: skip
    plan = "\n".join(await db.scalars(text(f"EXPLAIN {NEAR_SQL}"), values))
    assert "ix_faults_geog" in plan and "Seq Scan" not in plan
