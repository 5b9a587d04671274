"""`/me/preferences`: everything optional, the home only coarse, gone when asked."""

import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from geo.cells import cell_middle
from geo.crs import MURORAN_PLANE
from server.audit.models import AuditEvent
from server.matching.models import Preferences
from tests.personas import World

pytestmark = pytest.mark.anyio
PATH = "/me/preferences"
PART = {"HX-Request": "true"}
EXACT = (140.98765, 42.31876)
PLAIN = {"reach_m": "3000", "travel": "walk", "strength": "hard", "company": "alone"}
FULL = {
    **PLAIN, "place": "ぼこいえき", "reach_m": "5000", "travel": "bicycle",
    "free_times": ["7-morning", "6-afternoon"], "works": ["litter"], "kinds": ["cleanup"],
    "strength": "normal", "with_children": "y", "step_free": "y", "tools": ["mower_course"],
    "company": "family", "group_people": "４", "languages": ["ja", "easy"], "helps": "y",
    "help_per_month": "3",
}  # fmt: skip


async def kept(db: AsyncSession) -> Any:
    """The only row, with the point as lon and lat."""
    point = func.ST_X(Preferences.home).label("lon"), func.ST_Y(Preferences.home).label("lat")
    asked = select(Preferences, *point).execution_options(populate_existing=True)
    return (await db.execute(asked)).one_or_none()


async def audited(db: AsyncSession) -> list[tuple[str, dict[str, object]]]:
    rows = await db.execute(select(AuditEvent).order_by(AuditEvent.at, AuditEvent.id))
    return [(event.action, event.detail) for event in rows.scalars()]


async def test_nobody_has_to_say_anything(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    page = await client.get(PATH)
    assert page.status_code == 200 and "わたしの希望" in page.text and "※必須" not in page.text
    assert (await client.post(PATH, data=PLAIN)).status_code == 303
    row = await kept(db)
    assert row.lon is None and row.Preferences.free_times == [] and not row.Preferences.helps
    assert "希望を消す" in (await client.get(PATH)).text


async def test_everything_is_kept_and_shown_again(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    for _ in range(2):  # sending twice is one row
        assert (await client.post(PATH, data=FULL)).headers["location"] == PATH
    row = (await kept(db)).Preferences
    assert (row.account_id, row.home_label) == (world.hanako.id, "母恋駅の近く")
    assert (row.reach_m, row.travel, row.company, row.group_people) == (
        5000,
        "bicycle",
        "family",
        4,
    )
    assert row.free_times == ["6-afternoon", "7-morning"] and row.tools == ["mower_course"]
    assert (row.helps, row.help_per_month, row.with_children, row.step_free) == (
        True,
        3,
        True,
        True,
    )
    page = (await client.get(PATH)).text
    assert "いまの場所: 母恋駅の近く" in page
    assert re.search(r'value="7-morning" aria-label="日曜の午前" checked', page)
    assert not re.search(r'value="1-morning"[^>]* checked', page)
    assert await audited(db) == [("preferences.save", {"place": "set"})] * 2


async def test_an_exact_position_is_never_kept_or_logged(
    client: httpx2.AsyncClient,
    db: AsyncSession,
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await world.login(client, world.hanako)
    sent = {**PLAIN, "lon": str(EXACT[0]), "lat": str(EXACT[1])}
    assert (await client.post(PATH, data=sent)).status_code == 303
    row = await kept(db)
    assert (row.lon, row.lat) == cell_middle(*EXACT, MURORAN_PLANE) != EXACT
    for page in (PATH, "/opportunities", "/"):
        shown = (await client.get(page)).text
        for number in (EXACT[0], EXACT[1], row.lon, row.lat):
            assert str(round(number, 3)) not in shown, page
    log = capsys.readouterr()
    assert "140.98" not in log.out + log.err
    assert all("140" not in str(detail) for _, detail in await audited(db))


async def test_the_place_stays_until_it_is_changed_or_forgotten(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    await client.post(PATH, data=FULL)
    await client.post(PATH, data=PLAIN)
    assert (await kept(db)).Preferences.home_label == "母恋駅の近く"
    await client.post(PATH, data={**PLAIN, "forget_home": "y"})
    row = await kept(db)
    assert row.lon is None and row.Preferences.home_label == ""


async def test_a_name_of_several_places_is_asked_back(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    page = await client.post(PATH, data={**FULL, "place": "むろらん"})
    assert page.status_code == 422 and "下から選んでください" in page.text
    names = re.findall(r'name="picked" value="([^"]+)"', page.text)
    assert len(names) > 1 and 'value="7-morning" aria-label="日曜の午前" checked' in page.text
    await client.post(PATH, data={**FULL, "place": "むろらん", "picked": names[1]})
    assert (await kept(db)).Preferences.home_label == f"{names[1]}の近く"


async def test_suggestions_while_typing_are_a_part(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    part = await client.post(
        PATH, data={**PLAIN, "place": "ぼこい", "act": "suggest"}, headers=PART
    )
    assert "<html" not in part.text and 'name="picked" value="母恋駅"' in part.text
    assert await kept(db) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"place": "ない町"}, {"lon": "x", "lat": "y"}, {"lon": "2.35", "lat": "48.85"},
        {"lon": "NaN", "lat": "42.3"}, {"free_times": ["8-night"]}, {"works": ["sleep"]},
        {"travel": "rocket"}, {"reach_m": "1"}, {"group_people": "51", "company": "group"},
        {"help_per_month": "32"}, {"help_per_month": "-1"}, {"strength": ""},
    ],
)  # fmt: skip
async def test_what_cannot_be_is_said_and_the_rest_stays(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, wrong: dict[str, Any]
) -> None:
    await world.login(client, world.hanako)
    page = await client.post(PATH, data={**FULL, **wrong})
    assert page.status_code == 422
    assert 'id="error-summary"' in page.text and 'value="mower_course" checked' in page.text
    assert await kept(db) is None and await audited(db) == []


async def test_forgetting_all_is_one_tap_and_harmless_twice(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    await client.post(PATH, data=FULL)
    for _ in range(2):
        assert (await client.post(PATH, data={"act": "delete"})).status_code == 303
    assert await kept(db) is None
    assert [action for action, _ in await audited(db)] == ["preferences.save", "preferences.delete"]


async def test_each_has_their_own_and_strangers_none(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    for answer in (await client.get(PATH), await client.post(PATH, data=FULL)):
        assert answer.status_code == 303 and "/login" in answer.headers["location"]
    await world.login(client, world.hanako)
    await client.post(PATH, data=FULL)
    await world.login(client, world.kenji)
    assert "いまの場所" not in (await client.get(PATH)).text
    await client.post(PATH, data={"act": "delete"})
    assert (await kept(db)).Preferences.account_id == world.hanako.id


async def test_few_statements(
    client: httpx2.AsyncClient, world: World, count_queries: Callable[[], Any]
) -> None:
    await world.login(client, world.hanako)
    with count_queries() as seen:
        await client.get(PATH)
    assert len(seen) <= 3, seen.statements


async def test_the_name_tells_no_more_than_the_cell(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    """Two corners of one cell get one name, so the nearest name does not give the corner away."""
    await world.login(client, world.hanako)
    middle = cell_middle(*EXACT, MURORAN_PLANE)
    labels = set()
    for east, north in ((-0.0027, -0.002), (0.0027, 0.002), (-0.0027, 0.002), (0.0027, -0.002)):
        spot = middle[0] + east, middle[1] + north
        assert cell_middle(*spot, MURORAN_PLANE) == middle
        sent = {**PLAIN, "lon": str(spot[0]), "lat": str(spot[1])}
        assert (await client.post(PATH, data=sent)).status_code == 303
        labels.add((await kept(db)).Preferences.home_label)
    assert len(labels) == 1, labels
