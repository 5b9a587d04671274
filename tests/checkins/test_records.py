"""Hours, certificates, verifying them, and a company's summary."""

import csv
import datetime as dt
import io
import re
import uuid

import pypdfium2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from server.checkins.certificates import ALPHABET, Issued, certificate_pdf, new_code, typed_code
from server.opportunities.models import OpportunitySlot
from tests.checkins.kit import activity, attended, audited, signed

pytestmark = pytest.mark.anyio
MINE = "/me/participation"


async def past(db, world, clock, days, **fields):
    return await activity(db, world, clock.now - dt.timedelta(days=days), **fields)


def wish(**fields):
    return {"id": str(uuid.uuid4()), "period": "2026", "name": "見本 髙﨑𠮷子", **fields}


async def codes_of(db):
    return list(await db.scalars(text("SELECT code FROM certificates ORDER BY issued_at, id")))


async def test_by_fiscal_year_with_totals(client, world, db, clock):
    whole = await past(db, world, clock, 7, title="歩道のごみ拾い")
    shorter = await past(db, world, clock, 14)
    last_year = await past(db, world, clock, 90, title="去年度の活動")
    coming = await activity(db, world, clock.now, title="これからの活動")
    await attended(db, world.hanako, whole, people=2)
    await attended(db, world.hanako, shorter, minutes=45)
    await attended(db, world.hanako, last_year)
    await attended(db, world.hanako, coming)
    await attended(db, world.toyo, whole)
    await world.login(client, world.hanako)
    page = (await client.get(MINE)).text
    assert "令和8年度(2026年度)" in page and "令和7年度(2025年度)" in page
    assert "2回・2時間45分" in page and "4.8" in page
    assert "歩道のごみ拾い" in page and "これからの活動" not in page
    await world.login(client, world.yosomono)
    assert "参加のきろくはまだありません" in (await client.get(MINE)).text


async def test_the_time_of_a_slot_counts(client, world, db, clock):
    of = await past(db, world, clock, 7)
    slot = OpportunitySlot(
        opportunity_id=of.id, label="前半", capacity=5, starts_at=of.starts_at,
        ends_at=of.starts_at + dt.timedelta(minutes=50),
    )  # fmt: skip
    db.add(slot)
    await db.flush()
    sent = await signed(db, of, world.hanako, slot_id=slot.id)
    await attended(db, world.hanako, of)
    await db.execute(text("UPDATE attendances SET signup_id = :s"), {"s": sent.id})
    await world.login(client, world.hanako)
    assert "1回・50分" in (await client.get(MINE)).text


async def test_a_certificate_is_issued_and_stays_as_it_was(client, world, db, clock):
    of = await past(db, world, clock, 7, title="歩道のごみ拾い")
    await attended(db, world.hanako, of, people=2)
    await world.login(client, world.hanako)
    sent = wish()
    for _twice in range(2):
        answer = await client.post(MINE, data=sent)
        assert (answer.status_code, answer.headers["location"]) == (303, MINE)
    [code] = await codes_of(db)
    assert re.fullmatch("[2-9A-HJKMNP-Z]{12}", code)
    assert await audited(db, "certificate.issue") == 1
    await db.execute(text("UPDATE opportunities SET title = '別の名前'"))
    await db.execute(text("UPDATE attendances SET minutes = 5"))
    await db.commit()
    answer = await client.get(f"/certificates/{sent['id']}.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    flat = "".join(words_of(answer.content)).replace("\n", "")
    for words in (
        "見本 髙﨑𠮷子", "歩道のごみ拾い", "令和8年6月14日", "2時間", "室蘭市長",
        "令和8年4月1日から令和9年3月31日まで", f"{code[:4]}-{code[4:8]}-{code[8:]}", "見本母恋町会",
    ):  # fmt: skip
        assert words in flat, words
    assert "別の名前" not in flat
    with pytest.raises(DBAPIError):
        async with db.begin_nested():
            await db.execute(text("UPDATE certificates SET code = code"))


def words_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]


async def test_the_print_has_no_missing_letters_and_is_the_same_each_time():
    days = [
        {"date": f"2026-{4 + n // 28:02}-{1 + n % 28:02}", "title": "髙砂﨑の𠮷い清掃" + "長" * 60,
         "host": "見本母恋町会", "people": 1, "minutes": 90}
        for n in range(80)
    ]  # fmt: skip
    issued = Issued(
        uuid.UUID(int=1), "ABCDEFGHJK23", dt.date(2026, 4, 1), dt.date(2027, 3, 31),
        {"name": "髙﨑𠮷子" * 15, "city": "室蘭市", "signatory": "室蘭市長", "activities": days},
        dt.datetime(2026, 9, 14, tzinfo=dt.UTC),
    )  # fmt: skip
    address = "https://machipika.example.jp/verify/ABCDEFGHJK23"
    pdf = await certificate_pdf(issued, address)
    words = "".join(words_of(pdf))
    assert "髙砂﨑の𠮷い清掃" in words.replace("\n", "") and "120時間" in words
    assert "\ufffd" not in words and "\x00" not in words
    assert len(pypdfium2.PdfDocument(pdf)) >= 3
    assert await certificate_pdf(issued, address) == pdf


@pytest.mark.parametrize(("wrong", "message"), [
    ({"name": " "}, "名前を入れてください"), ({"period": "1999"}, ""),
    ({"period": "range"}, "日にちを入れてください"), ({"period": ""}, ""),
    ({"period": "range", "from_on": "2026-06-02", "to_on": "2026-06-01"}, "前になっています"),
    ({"period": "range", "from_on": "2020-01-01", "to_on": "2020-02-01"}, "活動がありません"),
    ({"period": "range", "from_on": "never", "to_on": "2026-06-01"}, ""),
    ({"name": "長" * 61}, ""),
])  # fmt: skip
async def test_what_cannot_be_certified(client, world, db, clock, wrong, message):
    await attended(db, world.hanako, await past(db, world, clock, 7))
    await world.login(client, world.hanako)
    answer = await client.post(MINE, data=wish(**wrong))
    assert answer.status_code == 422 and "error-summary" in answer.text
    assert message in answer.text
    if "name" not in wrong:
        assert "見本 髙﨑𠮷子" in answer.text, "what was typed stays"
    assert await codes_of(db) == []


async def test_days_of_ones_own(client, world, db, clock):
    await attended(db, world.hanako, await past(db, world, clock, 7))
    await attended(db, world.hanako, await past(db, world, clock, 60))
    await world.login(client, world.hanako)
    sent = wish(period="range", from_on="2026-06-01", to_on="2026-06-07")
    assert (await client.post(MINE, data=sent)).status_code == 303
    [content] = list(await db.scalars(text("SELECT content FROM certificates")))
    assert [one["date"] for one in content["activities"]] == ["2026-06-07"]


async def test_a_certificate_is_its_owners(client, world, db, clock):
    await attended(db, world.hanako, await past(db, world, clock, 7))
    await world.login(client, world.hanako)
    sent = wish()
    await client.post(MINE, data=sent)
    path = f"/certificates/{sent['id']}.pdf"
    for who in (world.yosomono, world.sato):
        await world.login(client, who)
        assert (await client.get(path)).status_code == 404
    assert (await client.post(path)).status_code == 405
    await attended(db, world.yosomono, await past(db, world, clock, 8))
    await world.login(client, world.yosomono)
    await client.post(MINE, data=sent)  # somebody else's id makes nothing
    assert len(await codes_of(db)) == 1
    client.cookies.clear()
    assert (await client.get(path)).status_code == 303
    assert (await client.get(MINE)).status_code == 303


async def test_anybody_verifies_and_learns_only_what_is_needed(client, world, db, clock):
    await attended(db, world.hanako, await past(db, world, clock, 7, title="秘密の活動"), people=2)
    await world.login(client, world.hanako)
    await client.post(MINE, data=wish())
    [code] = await codes_of(db)
    client.cookies.clear()
    typed = f" {code[:4].lower()}－{code[4:8]} {code[8:]} "
    answer = await client.get("/verify", params={"code": typed})
    assert answer.headers["location"] == f"/verify/{code}"
    page = await client.get(f"/verify/{code}")
    assert page.status_code == 200 and page.headers["x-robots-tag"] == "noindex, nofollow"
    for words in (
        "見○○",
        "1回",
        "2時間",
        "令和8年6月14日",
        "室蘭市が発行した証明書です",
        "noindex",
    ):
        assert words in page.text, words
    for secret in ("髙﨑", "はなこ", "秘密の活動", "見本母恋町会"):
        assert secret not in page.text
    wrong = await client.get("/verify/ABCDEFGHJKMN")
    assert wrong.status_code == 404 and "この番号の証明書はありません" in wrong.text


async def test_codes_cannot_be_tried_out(client, world):
    statuses = [(await client.get(f"/verify/{new_code()}")).status_code for _n in range(31)]
    assert statuses[:30] == [404] * 30 and statuses[30] == 429


def test_codes_are_unlike_and_typed_as_people_type():
    made = {new_code() for _n in range(200)}
    assert len(made) == 200 and all(set(one) <= set(ALPHABET) for one in made)
    assert not set("01ILO") & set(ALPHABET)
    assert typed_code("ａｂｃｄ-2345 wxyz") == "ABCD2345WXYZ"
    assert typed_code(None) == "" and typed_code("<script>" * 50) == ("SCRIPT" * 50)[:40]


async def test_a_company_sees_numbers_and_no_names(client, world, db, clock):
    of = await past(db, world, clock, 7, title="=歩道のごみ拾い")
    firm = world.other_partner.id
    await attended(db, world.hanako, of, people=2, for_partner=firm)
    await attended(db, world.toyo, of, for_partner=firm)
    await attended(db, world.sato, of, minutes=30, for_partner=firm)
    await attended(db, world.kanri, of)
    await world.login(client, world.yosomono)
    page = (await client.get("/partner/participation")).text
    assert "延べ人数" in page and "6.5" in page and "=歩道のごみ拾い" in page
    assert "はなこ" not in page
    answer = await client.get("/partner/participation.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert sorted(row[1:] for row in rows[1:]) == [
        ["2026-06-07", "'=歩道のごみ拾い", "見本母恋町会", "1", "30", "30"],
        ["2026-06-07", "'=歩道のごみ拾い", "見本母恋町会", "3", "120", "360"],
    ]
    await world.login(client, world.kenji)
    assert "団体としての参加はまだありません" in (await client.get("/partner/participation")).text


async def test_who_may_see_a_companys_summary(client, world):
    paths = ("/partner/participation", "/partner/participation.csv")
    for path in paths:
        assert (await client.get(path)).status_code == 303
    expected = {world.hanako: (403, 403), world.toyo: (200, 403), world.kenji: (200, 200)}
    for who, statuses in expected.items():
        await world.login(client, who)
        assert tuple([(await client.get(p)).status_code for p in paths]) == statuses
    for path in paths:
        strange = await client.get(path, params={"partner": world.other_partner.code})
        assert strange.status_code == 404


async def test_query_budget(client, world, db, clock, count_queries):
    await attended(db, world.hanako, await past(db, world, clock, 7))
    await attended(db, world.hanako, await past(db, world, clock, 9))
    await world.login(client, world.hanako)
    with count_queries() as seen:
        await client.get(MINE)
    assert len(seen) <= 4, seen.statements
