"""What other sites get: link cards, structured data, the frame, the map of the site, easy words."""

import datetime as dt
import io
import json
import re
from xml.etree import ElementTree

import pytest
from PIL import Image
from sqlalchemy import update

from server.citysettings.models import CitySetting
from server.http.ratelimit import Limit
from server.opportunities.models import Opportunity
from server.partners.models import Partner
from server.policy import PUBLIC
from server.publiclife.furigana import ruby, without
from server.publiclife.pages import CLOSED
from server.publiclife.wrapping import phrases, wrap
from server.routes import ROWS
from server.settings import Settings
from tests import factories
from tests.conftest import START
from tests.routes import address

pytestmark = pytest.mark.anyio
SOON = START + dt.timedelta(days=7)
_DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.S)


async def page_data(client, id):
    page = await client.get(f"/opportunities/{id}")
    assert page.status_code == 200
    found = _DATA.findall(page.text)
    assert len(found) == 1
    return page, json.loads(found[0])


# --- the card of a link --------------------------------------------------------------------------


async def test_the_picture_of_a_link(client, world, db, count_queries):
    activity = await factories.opportunity(db, world.partner, starts=SOON, area_id=world.street.id)
    await db.commit()
    path = f"/opportunities/{activity.id}/og.png"
    await client.get("/healthz")
    with count_queries() as seen:
        answer = await client.get(path)
    assert len(seen) <= 3  # the limit of drawing is one
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "set-cookie" not in answer.headers
    assert len(answer.content) < 150_000
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (1200, 630)
        colours = picture.convert("RGB").getcolors(1_000_000)
    assert colours is not None
    assert len(colours) > 20  # words and a map, not an empty sheet
    etag = answer.headers["etag"]
    known = await client.get(path, headers={"If-None-Match": etag})
    assert (known.status_code, known.content) == (304, b"")
    await db.execute(
        update(Opportunity).where(Opportunity.id == activity.id).values(
            state="cancelled", cancelled_at=START, sequence=1
        )
    )  # fmt: skip
    await db.commit()
    after = await client.get(path, headers={"If-None-Match": etag})
    assert after.status_code == 200
    assert after.content != answer.content


async def test_no_picture_of_a_draft_or_of_nothing(client, world, db):
    draft = await factories.opportunity(db, world.partner, starts=SOON, state="draft")
    await db.commit()
    for id in (draft.id, "01900000-0000-7000-8000-000000000000"):
        assert (await client.get(f"/opportunities/{id}/og.png")).status_code == 404


@pytest.mark.parametrize(
    "title", ["あ", "𠮷野家前の﨑・髙の清掃", "A" * 80, "清" * 80, "、" * 80, "\u200b🧹"]
)
async def test_any_title_can_be_drawn(client, world, db, title):
    activity = await factories.opportunity(db, None, starts=SOON, title=title)
    await db.commit()
    answer = await client.get(f"/opportunities/{activity.id}/og.png")
    assert answer.status_code == 200


async def test_the_page_says_what_a_card_needs(client, world, db):
    activity = await factories.opportunity(db, world.partner, starts=SOON, title='"海"と<山>')
    await db.commit()
    page, _data = await page_data(client, activity.id)
    link = f"http://t/opportunities/{activity.id}"
    for line in (
        f'<link rel="canonical" href="{link}">',
        '<meta property="og:title" content="&#34;海&#34;と&lt;山&gt;">',
        f'<meta property="og:image" content="{link}/og.png?v=0">',
        f'<meta property="og:url" content="{link}">',
        '<meta name="twitter:card" content="summary_large_image">',
        "2026年6月21日(日) 10:00–11:00 / 集合: 母恋駅前",
    ):
        assert line in page.text
    assert "unsafe-inline" not in page.headers["content-security-policy"]


# --- schema.org ----------------------------------------------------------------------------------


async def test_structured_data_of_an_open_activity(client, world, db):
    activity = await factories.opportunity(
        db,
        world.partner,
        starts=SOON,
        capacity=10,
        description="海岸のごみを拾います。",
        min_age=15,
    )
    await factories.signup(db, activity, world.hanako, 3)
    await db.commit()
    _page, data = await page_data(client, activity.id)
    assert data["@context"] == "https://schema.org"
    assert data["@type"] == "Event"
    assert data["startDate"] == "2026-06-21T10:00+09:00"
    assert data["eventStatus"].endswith("/EventScheduled")
    assert data["location"]["name"] == "母恋駅前"
    assert data["location"]["geo"]["latitude"] == 42.3169
    assert data["location"]["address"]["addressLocality"] == "室蘭市"
    assert data["organizer"]["name"] == world.partner.name
    assert data["organizer"]["url"] == f"http://t/partners/{world.partner.code}"
    assert data["isAccessibleForFree"] is True
    assert data["remainingAttendeeCapacity"] == 7
    assert data["offers"]["availability"].endswith("/InStock")
    assert data["typicalAgeRange"] == "15-"
    assert "はなこ" not in json.dumps(data, ensure_ascii=False)


async def test_structured_data_of_a_moved_and_of_a_cancelled_one(client, world, db):
    activity = await factories.opportunity(
        db, None, starts=SOON, postponed_from=SOON - dt.timedelta(days=1)
    )
    await db.commit()
    _page, data = await page_data(client, activity.id)
    assert data["eventStatus"].endswith("/EventRescheduled")
    assert data["previousStartDate"] == "2026-06-20T10:00+09:00"
    assert data["organizer"] == {"@type": "GovernmentOrganization", "name": "室蘭市"}
    await db.execute(
        update(Opportunity).where(Opportunity.id == activity.id).values(
            state="cancelled", cancelled_at=START
        )
    )  # fmt: skip
    await db.commit()
    page, data = await page_data(client, activity.id)
    assert data["eventStatus"].endswith("/EventCancelled")
    assert "offers" not in data
    assert 'og:title" content="中止: ' in page.text


async def test_who_wants_no_name_has_none_outside(client, world, db):
    activity = await factories.opportunity(db, world.partner, starts=SOON)
    await db.execute(
        update(Partner).where(Partner.id == world.partner.id).values(name_public=False)
    )
    await db.commit()
    page, data = await page_data(client, activity.id)
    assert "organizer" not in data
    assert world.partner.name not in page.text
    sitemap = (await client.get("/sitemap.xml")).text
    assert f"/partners/{world.partner.code}<" not in sitemap


async def test_no_title_ends_the_script(client, world, db):
    evil = "</script><script>alert(1)</script><!--'&\u2028"
    activity = await factories.opportunity(db, world.partner, starts=SOON, title=evil)
    await db.commit()
    page, data = await page_data(client, activity.id)
    assert data["name"] == evil
    assert "<script>alert" not in page.text


async def test_a_draft_tells_nobody(client, world, db):
    draft = await factories.opportunity(db, world.partner, starts=SOON, state="draft")
    await db.commit()
    await world.login(client, world.kenji)
    page = await client.get(f"/opportunities/{draft.id}")
    assert page.status_code == 200
    assert '<meta name="robots" content="noindex">' in page.text
    assert "og:title" not in page.text
    assert "ld+json" not in page.text


# --- the frame for other sites -------------------------------------------------------------------


async def test_only_named_sites_may_frame_the_list(client, world, db, count_queries):
    activity = await factories.opportunity(db, world.partner, starts=SOON)
    await factories.opportunity(db, world.partner, starts=SOON, state="draft", title="秘密")
    await db.commit()
    await client.get("/healthz")
    with count_queries() as seen:
        answer = await client.get("/embed/next")
    assert len(seen) <= 2
    assert "frame-ancestors 'self';" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert f'href="/opportunities/{activity.id}" target="_top"' in answer.text
    assert "秘密" not in answer.text
    assert "<script" not in answer.text
    assert len(re.findall(r"<a ", answer.text)) == len(re.findall(r'target="_top"', answer.text))
    home = await client.get("/")
    assert "frame-ancestors 'none'" in home.headers["content-security-policy"]


async def test_the_city_names_the_sites(client, world, db):
    db.add(CitySetting(key="embed_origins", value=["https://www.example.jp"], changed_at=START))
    await db.commit()
    policy = (await client.get("/embed/next")).headers["content-security-policy"]
    assert "frame-ancestors 'self' https://www.example.jp;" in policy
    assert "example.jp" not in (await client.get("/")).headers["content-security-policy"]


async def test_the_frame_shows_as_many_as_asked_near_a_place(client, world, db):
    for n in range(12):
        await factories.opportunity(db, world.partner, starts=SOON + dt.timedelta(days=n))
    await factories.opportunity(db, world.partner, starts=SOON, at=(141.05, 42.40), title="遠い")
    await db.commit()
    for asked, shown in (("", 5), ("n=3", 3), ("n=99", 10), ("n=0", 1), ("n=x", 5), ("n=９", 5)):
        text = (await client.get(f"/embed/next?{asked}")).text
        assert text.count('class="row"') == shown, asked
    near = (await client.get("/embed/next?place=ぼこい&n=10")).text
    assert "母恋駅の近くの清掃活動" in near
    assert "遠い" not in near


async def test_who_is_logged_in_is_not_seen_in_the_frame(client, world, db):
    await world.login(client, world.kenji)
    answer = await client.get("/embed/next")
    assert "見本けんじ" not in answer.text
    assert "募集している活動はありません" in answer.text


# --- search engines ------------------------------------------------------------------------------


async def test_the_map_of_the_site(client, world, db, count_queries):
    activity = await factories.opportunity(db, world.partner, starts=SOON)
    draft = await factories.opportunity(db, world.partner, starts=SOON, state="draft")
    await db.commit()
    await client.get("/healthz")
    with count_queries() as seen:
        answer = await client.get("/sitemap.xml")
    assert len(seen) <= 2
    tree = ElementTree.fromstring(answer.content)  # noqa: S314 - our own
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    found = {one.findtext(f"{space}loc"): one.findtext(f"{space}lastmod") for one in tree}
    assert found[f"http://t/opportunities/{activity.id}"] is not None
    assert f"http://t/opportunities/{draft.id}" not in found
    assert f"http://t/areas/{world.street.code}" in found
    assert f"http://t/partners/{world.partner.code}" in found
    assert {"http://t/", "http://t/easy", "http://t/calendars"} <= set(found)
    for address_ in found:
        assert (await client.get(address_.removeprefix("http://t"))).status_code == 200, address_


async def test_in_a_demo_nothing_is_for_search_engines(client):
    answer = await client.get("/robots.txt")
    assert answer.text == "User-agent: *\nDisallow: /\n"
    assert answer.headers["content-type"].startswith("text/plain")


class TestInTheOpen:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(demo=False, base_url="http://t", map_tiles_url="")

    async def test_search_engines_are_told_where_the_map_is(self, client):
        text = (await client.get("/robots.txt")).text
        assert "Sitemap: http://t/sitemap.xml\n" in text
        assert "Disallow: /staff\n" in text
        assert "Disallow: /\n" not in text


def _closed(path: str) -> bool:
    """Whether robots.txt keeps a path out: * stands for anything, $ for the end."""
    rules = (re.escape(rule).replace(r"\*", ".*").replace(r"\$", "$") for rule in CLOSED)
    return any(re.match(rule, path) for rule in rules)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_private_is_closed_to_search_engines(row):
    path = address(row, token="x") if "{token" in row.path else address(row)
    if row.policy is not PUBLIC or "{token}" in row.path:
        assert _closed(path), path
    if row.name in ("home", "opportunity", "area", "partner_public", "easy", "calendars", "help"):
        assert not _closed(path), path


# --- easy words ----------------------------------------------------------------------------------


async def test_the_easy_page_has_readings_and_easy_activities(client, world, db, count_queries):
    both = await factories.opportunity(
        db, world.partner, starts=SOON, title="やさしい", empty_handed_ok=True, children_ok=True
    )
    await factories.opportunity(db, world.partner, starts=SOON, title="ふつう")
    await factories.opportunity(
        db, world.partner, starts=SOON, title="きつい", empty_handed_ok=True, strength="hard"
    )
    full = await factories.opportunity(
        db, world.partner, starts=SOON, title="もう入れない活動", empty_handed_ok=True, capacity=1
    )
    await factories.signup(db, full, world.hanako)
    await db.commit()
    await client.get("/healthz")
    with count_queries() as seen:
        page = await client.get("/easy")
    assert len(seen) <= 2
    assert "<ruby>参加<rp>(</rp><rt>さんか</rt><rp>)</rp></ruby>" in page.text
    assert f"/opportunities/{both.id}" in page.text
    for title in ("ふつう", "きつい", "もう入れない活動"):
        assert title not in page.text
    assert "{" not in re.sub(r"<meta[^>]*>", "", page.text)  # no reading was left unread


def test_readings_are_ruby_and_the_rest_is_escaped():
    assert ruby("町{まち}と<b>") == ("<ruby>町<rp>(</rp><rt>まち</rt><rp>)</rp></ruby>と&lt;b&gt;")
    assert without("町{まち}を 見{み}る") == "町を 見る"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("春のごみ拾い", 10, ["春のごみ拾い"]),
        ("母恋駅前通りの清掃と花壇の植えかえ", 10, ["母恋駅前通りの清掃と", "花壇の植えかえ"]),
        ("電信浜の海岸清掃", 7, ["電信浜の", "海岸清掃"]),
        ("「海の日」みんなでビーチ", 6, ["「海の日」", "みんなで", "ビーチ"]),
        ("", 5, []),
    ],
)
def test_lines_end_where_a_reader_breathes(text, width, lines):
    assert wrap(text, width, len) == lines


@pytest.mark.parametrize(
    "text", ["清" * 41, "A" * 80, "、" * 30, "きれいな海をまもろう" * 5, "a b c d e"]
)
@pytest.mark.parametrize("width", [4, 9, 20])
def test_no_line_is_too_wide_and_nothing_is_lost(text, width):
    lines = wrap(text, width, len)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert "".join(phrases(text)) == text
    hanging = 30 if "、" in text else 0  # marks may not begin a line, so they stay where they are
    assert all(len(line) <= width + hanging for line in lines)


async def test_nobody_has_pictures_drawn_without_end(client, world, db, monkeypatch):
    monkeypatch.setattr("server.publiclife.pages.PICTURES", Limit("picture", 2, 60))
    activity = await factories.opportunity(db, world.partner, starts=SOON)
    await db.commit()
    path = f"/opportunities/{activity.id}/og.png"
    first, *more = [await client.get(path) for _n in range(3)]
    assert [first.status_code, *(one.status_code for one in more)] == [200, 200, 429]
    known = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert known.status_code == 304
