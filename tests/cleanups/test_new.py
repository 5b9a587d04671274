"""Recording a cleanup: the whole way, its rules, and what people (and others) type."""

import json
import uuid

import httpx2
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.cleanups.models import Cleanup, CleanupLitter
from tests import factories
from tests.cleanups.kit import NEAR_STREET, NEW, sent
from tests.conftest import Counter, FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio


async def test_four_things_are_enough(client: httpx2.AsyncClient, world: World, db: AsyncSession):
    await world.login(client, world.kenji)
    form = sent(world, bags="5")
    response = await client.post(NEW, data=form)
    assert response.status_code == 303
    assert response.headers["location"] == f"/cleanups/{form['id']}?done=1"
    row = (await db.execute(select(Cleanup))).scalar_one()
    assert (row.people, row.state, str(row.done_on)) == (8, "accepted", "2026-06-14")
    assert (row.area_id, row.partner_id, row.logged_by) == (
        world.street.id, world.partner.id, world.kenji.id,
    )  # fmt: skip
    litter = (await db.execute(select(CleanupLitter))).scalar_one()
    assert (litter.litter_class, litter.unit, litter.quantity) == ("burnable", "bag", 5)
    event = (await db.execute(select(AuditEvent))).scalar_one()
    assert (event.action, event.object_id) == ("cleanup.log", form["id"])


async def test_the_form_offers_today_and_the_last_choices(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries
):
    day = factories.dt.date(2026, 6, 1)
    await factories.cleanup(db, world.partner, world.park, day=day, people=17)
    await db.commit()
    await world.login(client, world.kenji)
    with count_queries() as seen:
        page = await client.get(NEW)
    assert page.status_code == 200
    assert 'value="2026-06-14"' in page.text
    assert 'value="17"' in page.text
    assert f'selected value="{world.park.code}"' in page.text
    assert "母恋〜輪西 歩道" in page.text
    assert "電信浜" not in page.text, "another partner's area is not offered"
    assert len(seen) <= 4, seen.statements


async def test_a_link_on_a_sign_chooses_the_area(client: httpx2.AsyncClient, world: World):
    await world.login(client, world.kenji)
    page = await client.get(f"{NEW}?area={world.park.code.lower()}")
    assert f'selected value="{world.park.code}"' in page.text


async def test_everything_folded_is_kept(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await world.login(client, world.kenji)
    form = sent(world, bags="２．５", people="１２", started_at="9:00", minutes="９０",
        children="3", newcomers="1", works=["litter", "weeding"],
        notes="タイヤが2本\r\nありました。髙﨑𠮷", next_plan="来月", geometry=NEAR_STREET,
        **{"litter-0-class": "bulky", "litter-0-unit": "item", "litter-0-quantity": "２",
           "litter-1-class": "burnable", "litter-1-unit": "bag",
           "litter-1-quantity": "1"})  # fmt: skip
    assert (await client.post(NEW, data=form)).status_code == 303
    row = (await db.execute(select(Cleanup))).scalar_one()
    assert (row.people, row.minutes, row.children, row.newcomers) == (12, 90, 3, 1)
    assert row.started_at.hour == 9
    assert row.works == ["litter", "weeding"]
    assert row.notes == "タイヤが2本\nありました。髙﨑𠮷"
    assert row.extent is not None
    litter = (await db.execute(select(CleanupLitter))).scalars().all()
    assert {(x.litter_class, x.unit, float(x.quantity)) for x in litter} == {
        ("burnable", "bag", 3.5), ("bulky", "item", 2.0),
    }  # fmt: skip


async def test_thanks_say_what_was_recorded(
    client: httpx2.AsyncClient, world: World, count_queries
):
    await world.login(client, world.kenji)
    response = await client.post(NEW, data=sent(world, bags="5"))
    with count_queries() as seen:
        page = await client.get(response.headers["location"])
    assert "おつかれさまでした" in page.text
    assert "8人" in page.text and "5袋" in page.text
    assert "いま「きれい」" in page.text
    assert "続けて記録" in page.text and "次の活動を募集" in page.text
    assert len(seen) <= 4


async def test_with_review_on_a_report_waits(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await db.execute(
        text(
            "INSERT INTO city_settings (key, value, changed_at)"
            " VALUES ('auto_accept', 'false', now())"
        )
    )
    await db.commit()
    await world.login(client, world.kenji)
    response = await client.post(NEW, data=sent(world))
    assert (await db.scalar(select(Cleanup.state))) == "submitted"
    assert "市が確認します" in (await client.get(response.headers["location"])).text


# --- who ---------------------------------------------------------------------------------------


async def test_anonymous_is_sent_to_log_in(client: httpx2.AsyncClient, world: World):
    assert (
        (await client.get(NEW)).headers["location"].startswith("/login?next=/partner/cleanups/new")
    )
    assert (await client.post(NEW, data=sent(world))).status_code == 303


@pytest.mark.parametrize("who", ["hanako", "sato", "kanae"])
async def test_who_acts_for_no_partner_may_not(client: httpx2.AsyncClient, world: World, who: str):
    await world.login(client, getattr(world, who))
    assert (await client.get(NEW)).status_code == 403
    assert (await client.post(NEW, data=sent(world))).status_code == 403


async def test_another_method_is_refused(client: httpx2.AsyncClient, world: World):
    await world.login(client, world.kenji)
    assert (await client.put(NEW)).status_code == 405


async def test_another_partners_area_is_refused(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await world.login(client, world.kenji)
    response = await client.post(NEW, data=sent(world, area=world.other_area.code))
    assert response.status_code == 422
    assert "このパートナーの活動区域ではありません" in response.text
    assert (await db.scalar(select(func.count()).select_from(Cleanup))) == 0


async def test_another_partner_cannot_be_named(client: httpx2.AsyncClient, world: World):
    await world.login(client, world.kenji)
    form = sent(world, partner=world.other_partner.code, area=world.other_area.code)
    assert (await client.post(NEW, data=form)).status_code == 422


async def test_somebody_with_two_partners_chooses(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await factories.member(db, world.other_partner, world.kenji)
    await db.commit()
    await world.login(client, world.kenji)
    page = await client.get(NEW)
    assert "<select" in page.text and 'name="partner"' in page.text
    assert '<optgroup label="見本みなと工業">' in page.text
    wrong = sent(world, partner=world.other_partner.code, area=world.street.code)
    assert (await client.post(NEW, data=wrong)).status_code == 422
    right = sent(world, partner=world.other_partner.code, area=world.other_area.code)
    assert (await client.post(NEW, data=right)).status_code == 303
    assert (await db.scalar(select(Cleanup.partner_id))) == world.other_partner.id


async def test_without_areas_the_page_says_whom_to_ask(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await db.execute(text("DELETE FROM agreement_areas"))
    await db.commit()
    await world.login(client, world.kenji)
    page = await client.get(NEW)
    assert "記録できる活動区域がありません" in page.text
    assert "地域生活課" in page.text


# --- day and place -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2026-06-15", "これからの日は記録できません"),
        ("9999-12-31", "これからの日は記録できません"),
        ("2025-05-01", "より前の活動は記録できません"),
        ("0001-01-01", "より前の活動は記録できません"),
    ],
)
async def test_days_out_of_bounds(client: httpx2.AsyncClient, world: World, day: str, says: str):
    await world.login(client, world.kenji)
    response = await client.post(NEW, data=sent(world, date=day))
    assert response.status_code == 422
    assert says in response.text
    assert f'value="{day}"' in response.text


async def test_midnight_is_the_citys(client: httpx2.AsyncClient, world: World, clock: FixedClock):
    clock.now = clock.now.replace(hour=0, minute=30)  # 15:30 the day before in UTC
    await world.login(client, world.kenji)
    assert (await client.post(NEW, data=sent(world))).status_code == 303


async def test_the_day_must_be_under_agreement(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await db.execute(
        text("UPDATE agreement_areas SET period = daterange('2026-06-10', '2027-01-01')"
             " WHERE area_id = :id"), {"id": world.street.id}
    )  # fmt: skip
    await db.commit()
    await world.login(client, world.kenji)
    response = await client.post(NEW, data=sent(world, date="2026-06-09"))
    assert response.status_code == 422
    assert "2026年6月9日(火)は、この区域の合意の期間に入っていません" in response.text
    assert (await client.post(NEW, data=sent(world, date="2026-06-10"))).status_code == 303


async def test_the_areas_shape_is_that_of_the_day(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    redraw = text(
        "UPDATE areas SET geom = ST_SetSRID(ST_GeomFromText(:wkt), 4326),"
        " updated_at = '2026-06-10 09:00+09' WHERE id = :id"
    )
    await db.execute(redraw, {"wkt": factories.SHORE, "id": world.street.id})
    await db.commit()
    await world.login(client, world.kenji)
    for day, version in (("2026-06-09", 1), ("2026-06-10", 2), ("2026-06-11", 2)):
        form = sent(world, date=day)
        assert (await client.post(NEW, data=form)).status_code == 303
        found = select(Cleanup.area_version).where(Cleanup.id == uuid.UUID(form["id"]))
        assert (await db.scalar(found)) == version, day


async def test_an_area_younger_than_the_day_takes_its_first_shape(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await db.execute(text("UPDATE area_versions SET valid_from = '2026-06-13 12:00+09'"))
    await db.commit()
    await world.login(client, world.kenji)
    assert (await client.post(NEW, data=sent(world, date="2026-06-01"))).status_code == 303
    assert (await db.scalar(select(Cleanup.area_version))) == 1


# --- sending twice -----------------------------------------------------------------------------


async def test_sending_twice_is_harmless(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await world.login(client, world.kenji)
    form = sent(world, bags="5")
    first, second = await client.post(NEW, data=form), await client.post(NEW, data=form)
    assert first.headers["location"] == second.headers["location"]
    assert (await db.scalar(select(func.count()).select_from(Cleanup))) == 1
    assert (await db.scalar(select(func.count()).select_from(AuditEvent))) == 1


async def test_changed_after_sending_nothing_typed_is_lost(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await world.login(client, world.kenji)
    form = sent(world, bags="5")
    await client.post(NEW, data=form)
    response = await client.post(NEW, data={**form, "people": "9"})
    assert response.status_code == 409
    assert "この記録はもう届いています" in response.text
    assert 'value="9"' in response.text and f"/cleanups/{form['id']}/edit" in response.text
    assert (await db.scalar(select(Cleanup.people))) == 8


async def test_a_withdrawn_report_sent_again_with_changes_becomes_a_new_one(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
):
    await world.login(client, world.kenji)
    form = sent(world, notes="のこる")
    await client.post(NEW, data=form)
    await client.post(f"/cleanups/{form['id']}/withdraw", data={"reason": "まちがい"})
    response = await client.post(NEW, data={**form, "people": "9"})
    assert response.status_code == 409
    assert "この記録は取り消されています" in response.text and "のこる" in response.text
    assert form["id"] not in response.text, "the next try is a new report"


async def test_another_accounts_id_is_refused(client: httpx2.AsyncClient, world: World):
    await world.login(client, world.yosomono)
    form = sent(world, area=world.other_area.code, partner=world.other_partner.code)
    assert (await client.post(NEW, data=form)).status_code == 303
    await world.login(client, world.kenji)
    mine = sent(world, id=form["id"])
    response = await client.post(NEW, data=mine)
    assert response.status_code == 409
    assert "見本みなと" not in response.text


@pytest.mark.parametrize("bad", ["", "x", "1" * 500, "\x00"])
async def test_an_unreadable_id_is_replaced(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, bad: str
):
    await world.login(client, world.kenji)
    assert (await client.post(NEW, data=sent(world, id=bad))).status_code == 303
    assert (await db.scalar(select(func.count()).select_from(Cleanup))) == 1


# --- what is typed -----------------------------------------------------------------------------

BAD = [
    ("people", ["", "0", "-3", "1e9", "NaN", "99999999999999999999", "八人", "5001", "1\x00"]),
    ("date", ["", "2026-13-01", "2026-02-30", "きのう", "14/06/2026", "\x00", "2026-06-14\x00x"]),
    ("bags", ["-1", "NaN", "sNaN", "Infinity", "-Infinity", "1e9", "たくさん", "\x00"]),
    ("bag_class", ["gold", "\x00"]),
    ("minutes", ["0", "-5", "1441", "1e3", "半日"]),
    ("children", ["-1", "9"]),
    ("newcomers", ["9", "NaN"]),
    ("started_at", ["25:00", "朝", "\x00"]),
    ("works", ["dance", "\x00"]),
    ("area", ["", "A-9999", "A-0001'; DROP TABLE areas", "\x00", "あ" * 5000]),
    ("partner", ["MP-9999", "\x00"]),
    ("notes", ["あ" * 2001]),
    ("litter-0-quantity", ["-1", "NaN", "sNaN", "1e9", "0.001", "ひとつ", "\x00"]),
    ("litter-0-class", ["gold"]),
    ("litter-0-unit", ["mile"]),
    ("geometry", [
        "{", "null", "[]", '"x"', '{"type":"Point","coordinates":[140.99,42.31]}',
        '{"type":"LineString","coordinates":[[140.99,42.31]]}',
        '{"type":"LineString","coordinates":[[140.99,42.31],[140.99,42.31]]}',
        '{"type":"LineString","coordinates":[[1e999,42.31],[140.99,42.31]]}',
        '{"type":"LineString","coordinates":[[NaN,42.31],[140.99,42.31]]}',
        '{"type":"LineString","coordinates":[]}',
        '{"type":"Polygon","coordinates":[]}',
        '{"type":"LineString","coordinates":{"a":1}}',
        "[" * 100_000,
        '{"type":"LineString","coordinates":[[0,0],[0.001,0]]}',
        '{"type":"LineString","coordinates":[[-179,-89],[179,89]]}',
        '{"type":"LineString","coordinates":[[42.317,140.989],[42.3195,140.992]]}',
        '{"type":"LineString","coordinates":[[141.02,42.33],[141.03,42.34]]}',
        '{"type":"Polygon","coordinates":[[[140.99,42.318],[140.992,42.3195],[140.992,42.318],'
        '[140.99,42.3195],[140.99,42.318]]]}',
        json.dumps({"type": "LineString",
                    "coordinates": [[140.99 + i * 1e-7, 42.318] for i in range(6000)]}),
        '{"type":"LineString","coordinates":[[140.99,42.318],[140.991,42.319]],"x":"'
        + "y" * 400_000 + '"}',
    ]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"), [(name, value) for name, values in BAD for value in values]
)
async def test_what_cannot_be_right_is_shown_beside_its_field(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, field: str, value: str
):
    await world.login(client, world.kenji)
    form = sent(world, bags="5", notes="消えないこと")
    if field.startswith("litter"):
        form["litter-0-quantity"] = "1"
    response = await client.post(NEW, data={**form, field: value})
    assert response.status_code == 422, response.status_code
    assert 'id="error-summary"' in response.text
    assert "field__error" in response.text
    if field != "notes":
        assert "消えないこと" in response.text
    if field != "bags":
        assert 'value="5"' in response.text
    assert (await db.scalar(select(func.count()).select_from(Cleanup))) == 0


async def test_nothing_drawn_or_listed_is_lost(client: httpx2.AsyncClient, world: World):
    await world.login(client, world.kenji)
    form = sent(world, people="", geometry=NEAR_STREET, works=["weeding"], **{
        "litter-0-class": "bulky", "litter-0-unit": "item", "litter-0-quantity": "2",
        "litter-4-class": "grass", "litter-4-unit": "m3", "litter-4-quantity": "0.5"})  # fmt: skip
    response = await client.post(NEW, data=form)
    assert response.status_code == 422
    assert "140.99" in response.text
    assert '<details class="disclosure" open' in response.text
    assert 'selected value="bulky"' in response.text and 'selected value="m3"' in response.text
    assert 'value="0.5"' in response.text
    assert f'value="{form["id"]}"' in response.text


@pytest.mark.parametrize("day", ["２０２６－０６－１４", "2026/6/14", "2026.06.14", " 2026-06-14 "])
async def test_days_are_read_as_people_write_them(
    client: httpx2.AsyncClient, world: World, day: str
):
    await world.login(client, world.kenji)
    assert (await client.post(NEW, data=sent(world, date=day))).status_code == 303


async def test_text_is_escaped(client: httpx2.AsyncClient, world: World):
    await world.login(client, world.kenji)
    form = sent(world, notes="<script>alert(1)</script>\x00")
    assert (await client.post(NEW, data=form)).status_code == 303
    page = await client.get(f"/cleanups/{form['id']}")
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text


async def test_a_drawn_line_a_little_beside_the_area_is_fine(
    client: httpx2.AsyncClient, world: World
):
    await world.login(client, world.kenji)
    line = {"type": "LineString", "coordinates": [[140.9905, 42.3178], [140.9925, 42.3195]]}
    form = sent(world, geometry=json.dumps(line))
    assert (await client.post(NEW, data=form)).status_code == 303


async def test_a_far_extent_says_so_beside_the_map(client: httpx2.AsyncClient, world: World):
    await world.login(client, world.kenji)
    line = {"type": "LineString", "coordinates": [[140.99, 42.318], [141.01, 42.318]]}
    response = await client.post(NEW, data=sent(world, geometry=json.dumps(line)))
    assert response.status_code == 422
    assert 'id="geometry-error"' in response.text
    assert "活動区域から100m以上はなれています" in response.text


async def test_a_page_of_statements_stays_short(
    client: httpx2.AsyncClient, world: World, count_queries
):
    await world.login(client, world.kenji)
    seen: Counter
    with count_queries() as seen:
        assert (await client.post(NEW, data=sent(world, bags="3"))).status_code == 303
    assert len(seen) <= 10, seen.statements
