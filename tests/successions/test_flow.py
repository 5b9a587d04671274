"""An area from a tiring partner to another: the whole way over pages, and who may go it."""

import datetime as dt
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.models import AgreementArea
from server.areas.models import Area
from server.audit.models import AuditEvent
from server.db.base import uuid7
from server.notices.mails import WrittenMail
from server.successions.models import Succession, SuccessionHand
from server.workflow.models import StateChange
from tests import factories
from tests.cleanups.kit import sent
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]
D = dt.date
TODAY = D(2026, 6, 14)
MIDDLE = json.dumps(
    {"type": "LineString", "coordinates": [[140.9935, 42.3205], [140.999, 42.3245]]}
)


def form(world: World, **changes: str) -> dict[str, str]:
    base = {
        "id": str(uuid7()), "area": f"{world.partner.code}/{world.street.code}", "share": "whole",
        "reason": "会員が少なくなりました。", "until_on": "2026-11-30",
    }  # fmt: skip
    return {**base, **changes}


async def offered(client: httpx2.AsyncClient, world: World, **changes: str) -> str:
    """けんじ offers his street; the address of the case."""
    await world.login(client, world.kenji)
    answer = await client.post("/successions/new", data=form(world, **changes))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def step(client: httpx2.AsyncClient, path: str, verb: str, **fields: str) -> int:
    answer = await client.post(path, data={"verb": verb, **fields})
    return int(answer.status_code)


async def tried(client: httpx2.AsyncClient, world: World, **changes: str) -> str:
    """Offered, a hand raised by よそもの, and the trial begun."""
    path = await offered(client, world, **changes)
    await world.login(client, world.yosomono)
    assert await step(client, path, "raise_hand", message="近くで働いています。") == 303
    await world.login(client, world.sato)
    days = {"first": "2026-06-14", "until_on": "2026-11-30"}
    assert await step(client, path, "start_trial", other=world.other_partner.code, **days) == 303
    return path


async def rows(db: AsyncSession, world: World, area: Area) -> list[tuple[Any, ...]]:
    """(whose, from, to, trial, why it ended) of an area's rows, in order."""
    found = await db.execute(
        select(
            AgreementArea.partner_id, AgreementArea.period, AgreementArea.trial,
            AgreementArea.end_reason,
        )
        .where(AgreementArea.area_id == area.id)
        .order_by(AgreementArea.partner_id == world.other_partner.id, AgreementArea.period)
    )  # fmt: skip
    names = {world.partner.id: "mine", world.other_partner.id: "theirs"}
    return [(names[who], p.lower, p.upper, trial, why) for who, p, trial, why in found]


async def test_the_whole_way(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    path = await tried(client, world)
    since, end = D(2025, 6, 14), D(2027, 6, 14)
    assert await rows(db, world, world.street) == [
        ("mine", since, end, False, None),
        ("theirs", TODAY, D(2026, 12, 1), True, None),
    ]
    await world.login(client, world.yosomono)
    page = await client.get("/partner/cleanups/new")
    assert world.street.name in page.text  # they may log there now
    await world.login(client, world.sato)
    assert await step(client, path, "hand_over", on="2026-07-01", comment="ありがとう") == 303
    assert await rows(db, world, world.street) == [
        ("mine", since, D(2026, 7, 1), False, "handed_over"),
        ("theirs", TODAY, D(2026, 7, 1), True, "handed_over"),
        ("theirs", D(2026, 7, 1), end, False, None),
    ]
    case = (await db.scalars(select(Succession))).one()
    assert case.state == "handed_over"
    way = select(StateChange.verb, StateChange.by_hat).where(StateChange.object_id == case.id)
    assert [tuple(r) for r in await db.execute(way.order_by(StateChange.id))] == [
        ("create", "partner"), ("start_trial", "staff"), ("hand_over", "staff"),
    ]  # fmt: skip
    acts = list(await db.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
    assert acts == [
        "succession.create", "succession.raise_hand", "succession.start_trial",
        "succession.hand_over",
    ]  # fmt: skip
    mails = (await db.scalars(select(WrittenMail))).all()
    assert {m.to_address for m in mails} == {"kenji@example.jp", "yosomono@example.jp"}
    assert not any("高齢" in m.body for m in mails)
    # once more changes nothing
    assert await step(client, path, "hand_over", on="2026-07-01") == 409
    assert len(await rows(db, world, world.street)) == 3


async def test_a_trial_that_stops(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: Any
) -> None:
    path = await tried(client, world)
    clock.now += dt.timedelta(days=20)
    await world.login(client, world.yosomono)
    refused = await client.post(path, data={"verb": "stop_trial", "comment": " "})
    assert refused.status_code == 422
    assert "理由を書いてください" in refused.text
    assert await step(client, path, "stop_trial", comment="遠すぎました。") == 303
    _mine, theirs = await rows(db, world, world.street)
    assert theirs == ("theirs", TODAY, D(2026, 7, 4), True, "trial_ended")
    case = (await db.scalars(select(Succession).execution_options(populate_existing=True))).one()
    assert (case.state, case.other_partner_id, case.trial) == ("offered", None, None)
    assert (await db.scalars(select(SuccessionHand))).all() == []
    # why it stopped is for those who were part of it
    assert "遠すぎました" not in (await client.get(path)).text
    await world.login(client, world.kenji)
    assert "遠すぎました" in (await client.get(path)).text


async def test_a_trial_that_is_over_waits_for_the_city(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, clock: Any
) -> None:
    """Nobody logs there by it any longer, the desk shows it late, and staff still decide."""
    path = await tried(client, world)
    clock.now = dt.datetime(2026, 12, 3, 3, tzinfo=dt.UTC)
    await world.login(client, world.yosomono)
    for day, status in (("2026-11-30", 303), ("2026-12-01", 422)):  # the last day may be reported
        log = sent(world, partner=world.other_partner.code, date=day)
        assert (await client.post("/partner/cleanups/new", data=log)).status_code == status
    assert "お試しの期間が終わりました" in (await client.get(path)).text
    await world.login(client, world.sato)
    late = (await client.get("/staff/desk?section=all&overdue=1&kind=succession")).text
    assert world.street.name in late and "3日過ぎています" in late
    assert await step(client, path, "hand_over", on="2026-12-03") == 303
    *_before, theirs = await rows(db, world, world.street)
    assert theirs[:2] == ("theirs", D(2026, 12, 3)) and not theirs[3]


async def test_a_trial_that_stops_before_it_began_leaves_no_row(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    path = await tried(client, world)
    await world.login(client, world.kenji)
    assert await step(client, path, "stop_trial", comment="早すぎました。") == 303
    assert [row[0] for row in await rows(db, world, world.street)] == ["mine"]


async def test_a_part_has_to_be_split_first(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    path = await tried(client, world, share="part", part=MIDDLE, part_note="東側")
    page = (await client.get(path)).text
    split_path = re.search(r'href="(/staff/areas/[^"]+/split\?succession=[^"]+)"', page)
    assert split_path
    assert 'value="hand_over"' not in page
    answer = await client.post(path, data={"verb": "hand_over", "on": "2026-06-14"})
    assert answer.status_code == 422
    draw = (await client.get(split_path[1])).text
    cut = re.search(r'<textarea[^>]*name="cut"[^>]*>([^<]+)<', draw)
    assert cut  # the drawn part came as a cut
    await split_by_form(client, split_path[1].split("?")[0], draw, cut[1])
    page = (await client.get(path)).text
    codes = re.findall(r'name="areas" value="(A-\d+)"', page)
    assert len(codes) == 2
    for wrong in ({}, {"areas": codes}):
        assert (
            await client.post(path, data={"verb": "hand_over", "on": "2026-06-14", **wrong})
        ).status_code == 422
    east = codes[1]
    assert await step(client, path, "hand_over", on="2026-06-14", areas=east) == 303
    new = {a.code: a for a in await db.scalars(select(Area).where(Area.code.in_(codes)))}
    end = D(2027, 6, 14)
    assert await rows(db, world, new[codes[0]]) == [("mine", TODAY, end, False, None)]
    assert await rows(db, world, new[east]) == [("theirs", TODAY, end, False, None)]


async def split_by_form(client: httpx2.AsyncClient, path: str, page: str, cut: str) -> None:
    """Preview and confirm, as a browser would."""
    form_id = re.search(r'name="id"[^>]*value="([^"]+)"', page)
    assert form_id
    cut = cut.replace("&#34;", '"').replace("&quot;", '"').strip()
    fields = {"id": form_id[1], "cut": cut}
    preview = await client.post(path, data={**fields, "step": "preview"})
    assert preview.status_code == 200, preview.text
    seen = re.search(r'name="seen"[^>]*value="([^"]+)"', preview.text)
    assert seen
    names = {f"names-{n}": f"部分{n}" for n in range(2)}
    done = await client.post(path, data={**fields, "step": "confirm", "seen": seen[1], **names})
    assert done.status_code == 303, done.text


async def test_who_may_see(client: httpx2.AsyncClient, world: World) -> None:
    path = await offered(client, world)
    layer = path.replace("/successions/", "/layers/succession/")
    client.cookies.clear()
    for page in ("/successions", "/successions/new", path, layer):
        answer = await client.get(page)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")
    await world.login(client, world.hanako)
    for page in ("/successions", "/successions/new", path, layer):
        assert (await client.get(page)).status_code == 403
    for person in (world.yosomono, world.kanae, world.sato, world.toyo):
        await world.login(client, person)
        assert (await client.get(path)).status_code == 200
        assert (await client.get(layer)).status_code == 200
        assert world.street.name in (await client.get("/successions")).text
    unknown = f"/successions/{uuid7()}"
    assert (await client.get(unknown)).status_code == 404
    assert await step(client, unknown, "withdraw") == 404
    assert (await client.get("/successions/x")).status_code == 404
    assert (await client.post("/successions")).status_code == 405


async def test_what_is_no_longer_offered_is_no_strangers_business(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    stranger = await factories.partner(db, "見本よその会")
    await factories.member(db, stranger, world.hanako)
    await db.commit()
    path = await tried(client, world)
    layer = path.replace("/successions/", "/layers/succession/")
    await world.login(client, world.hanako)
    assert (await client.get(path)).status_code == 404
    assert (await client.get(layer)).status_code == 404
    assert await step(client, path, "stop_trial", comment="じゃま") == 404
    assert world.street.name not in (await client.get("/successions")).text
    for person in (world.kenji, world.yosomono, world.sato):
        await world.login(client, person)
        assert (await client.get(path)).status_code == 200


async def test_verbs_of_others_are_forbidden(client: httpx2.AsyncClient, world: World) -> None:
    path = await offered(client, world)
    days = {"first": "2026-06-14", "until_on": "2026-07-14"}
    await world.login(client, world.yosomono)
    assert await step(client, path, "withdraw") == 403
    await step(client, path, "raise_hand", message="")
    assert await step(client, path, "start_trial", other=world.other_partner.code, **days) == 403
    await world.login(client, world.kenji)
    assert await step(client, path, "raise_hand", message="") == 403
    assert await step(client, path, "start_trial", other=world.other_partner.code, **days) == 403
    await world.login(client, world.kanae)
    assert await step(client, path, "raise_hand") == 403
    assert await step(client, path, "withdraw") == 403
    await world.login(client, world.sato)
    assert await step(client, path, "hand_over", on="2026-06-14") == 409
    assert await step(client, path, "nonsense") == 422


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": " "}, "入力してください"),
        ({"area": "MP-0001/A-9999"}, "引き継ぎたい区域"),
        ({"area": ""}, "区域を選んで"),
        ({"share": "part"}, "地図に描く"),
        ({"share": "part", "part": "ここらへん"}, "形を読み取れません"),
        ({"share": "part", "part": "LINESTRING(140.9 42.3, 140.91 42.3)"}, "離れています"),
        ({"until_on": "きょう"}, ""),
    ],
)
async def test_refused_keeps_input(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, changes: dict[str, str], words: str
) -> None:
    await world.login(client, world.kenji)
    answer = await client.post("/successions/new", data=form(world, part_note="橋の東", **changes))
    assert answer.status_code == 422
    assert words in answer.text
    assert "橋の東" in answer.text
    assert await db.scalar(select(func.count()).select_from(Succession)) == 0


async def test_offering_twice(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    once = form(world)
    await world.login(client, world.kenji)
    first = await client.post("/successions/new", data=once)
    again = await client.post("/successions/new", data=once)
    assert first.headers["location"] == again.headers["location"]
    other = await client.post("/successions/new", data=form(world))
    assert other.status_code == 409
    assert "もう引き継ぎ先をさがしています" in other.text
    assert await db.scalar(select(func.count()).select_from(Succession)) == 1


async def test_nobody_offers_what_is_not_theirs(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.yosomono)
    stolen = form(world, area=f"{world.other_partner.code}/{world.street.code}")
    assert (await client.post("/successions/new", data=stolen)).status_code == 422
    forged = form(world)  # けんじ's partner, sent by よそもの
    assert (await client.post("/successions/new", data=forged)).status_code == 422
    assert await db.scalar(select(func.count()).select_from(Succession)) == 0


async def test_hands(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    path = await offered(client, world)
    await world.login(client, world.yosomono)
    for _time in range(2):
        assert await step(client, path, "raise_hand", message="やります。") == 303
    assert await db.scalar(select(func.count()).select_from(SuccessionHand)) == 1
    assert await db.scalar(select(func.count()).select_from(WrittenMail)) == 1
    await world.login(client, world.kenji)
    assert "やります。" in (await client.get(path)).text
    await world.login(client, world.yosomono)
    for _time in range(2):
        assert await step(client, path, "lower_hand") == 303
    assert await db.scalar(select(func.count()).select_from(SuccessionHand)) == 0


async def test_a_hand_needs_an_agreement(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    new = await factories.partner(db, "見本まだの会")
    await factories.member(db, new, world.hanako)
    await db.commit()
    path = await offered(client, world)
    await world.login(client, world.hanako)
    answer = await client.post(path, data={"verb": "raise_hand", "message": "やりたい"})
    assert answer.status_code == 422
    assert "合意が活動中" in answer.text
    assert "やりたい" in answer.text


async def test_a_trial_keeps_to_the_agreement(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    path = await offered(client, world)
    await world.login(client, world.yosomono)
    await step(client, path, "raise_hand")
    await factories.set_period(db, world.other_partner, D(2025, 6, 14), D(2026, 9, 1))
    await db.commit()
    await world.login(client, world.sato)
    answer = await client.post(
        path,
        data={
            "verb": "start_trial", "other": world.other_partner.code, "first": "2026-06-14",
            "until_on": "2026-11-30",
        },
    )  # fmt: skip
    assert answer.status_code == 422
    assert "2026年8月31日" in answer.text
    for days in (("2026-06-01", "2026-07-01"), ("2026-07-01", "2026-06-20"), ("2026-07-01", "x")):
        fields = dict(zip(("first", "until_on"), days, strict=True))
        sent = {"other": world.other_partner.code, **fields}
        assert await step(client, path, "start_trial", **sent) == 422
    assert (await db.scalars(select(Succession.state))).one() == "offered"
    assert len(await rows(db, world, world.street)) == 1


async def test_a_name_that_is_not_public_stays_so(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    world.partner.name_public = False
    await db.commit()
    path = await offered(client, world)
    await world.login(client, world.yosomono)
    for page in (path, "/successions"):
        text = (await client.get(page)).text
        assert world.partner.name not in text
        assert "kenji@" not in text
    await world.login(client, world.kanae)
    assert world.partner.name in (await client.get(path)).text


async def test_pages_are_few_statements(
    client: httpx2.AsyncClient, world: World, count_queries: Count
) -> None:
    path = await tried(client, world)
    for person in (world.kenji, world.sato):
        await world.login(client, person)
        for page in (path, "/successions"):
            with count_queries() as seen:
                assert (await client.get(page)).status_code == 200
            assert len(seen) <= 5, seen.statements


async def test_the_list_knows_distances_and_the_map(
    client: httpx2.AsyncClient, world: World
) -> None:
    await offered(client, world)
    await world.login(client, world.yosomono)
    page = (await client.get("/successions")).text
    assert "いまの区域から約1.9km" in page or "いまの区域から約" in page
    layer = (await client.get("/layers/successions")).json()
    assert sorted(f["properties"]["state"] for f in layer["features"]) == ["context", "open"]
    nothing = (await client.get("/layers/successions?bbox=139,35,139.1,35.1")).json()
    assert nothing["features"] == []
    assert (await client.get("/layers/successions?bbox=x")).status_code == 422


async def test_the_area_page_links(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.kenji)
    page = (await client.get("/partner/areas")).text
    assert f"/successions/new?area={world.street.code}" in page
    new = (await client.get(f"/successions/new?area={world.street.code}")).text
    chosen = f'<option selected value="{world.partner.code}/{world.street.code}">'
    assert chosen in new


async def test_withdrawn_and_offered_anew(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    path = await offered(client, world)
    assert await step(client, path, "withdraw", comment="続けられそうです。") == 303
    assert await step(client, path, "withdraw") == 409  # once more changes nothing
    assert await db.scalar(select(Succession.state)) == "withdrawn"
    last = (await db.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()))).first()
    assert last is not None and last.action == "succession.withdraw"
    await world.login(client, world.yosomono)
    assert (await client.get(path)).status_code == 404
    assert await offered(client, world) != path


async def test_the_register_waits_for_an_open_offer(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    """While a successor is looked for, the area is neither moved past it nor merged away."""
    await offered(client, world)
    await world.login(client, world.sato)
    fields = {"giver": world.partner.code, "taker": world.other_partner.code, "on": "2026-06-14"}
    moved = await client.post(f"/staff/areas/{world.street.code}/handover", data=fields)
    assert moved.status_code == 409
    assert "引き継ぎの手続き中" in moved.text
    beside = await factories.area(
        db, "輪西 歩道", wkt="LINESTRING(140.999 42.3245, 141.003 42.327)"
    )
    await db.commit()
    merge = f"/staff/areas/{world.street.code}/merge"
    chosen = {"near": beside.code, "id": str(uuid7())}
    page = (await client.post(merge, data=chosen)).text
    seen = re.search(r'name="seen"[^>]*value="([^"]+)"', page)
    assert seen
    said = {"name": "まとめた道", "kind": "city_road", "manager": "city", "step": "confirm"}
    refused = await client.post(merge, data={**chosen, **said, "seen": seen[1]})
    assert refused.status_code == 422
    assert "引き継ぎの手続き中" in refused.text
    assert (await db.get_one(Area, world.street.id, populate_existing=True)).retired_on is None
