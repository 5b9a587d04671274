"""The applicant's way: begin, fill in, send, be handed back, send again, take back."""

import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.enrolments.answers import Answers
from server.enrolments.models import Enrolment
from server.notices.mails import WrittenMail
from server.workflow.models import StateChange
from tests.enrolments.applying import (
    CITIZEN,
    GROUP,
    PEOPLE,
    PLAN,
    acts,
    case_row,
    fill,
    save,
    start,
    verbs,
)
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]


async def test_programme_is_for_everybody(client: httpx2.AsyncClient, count_queries: Count) -> None:
    with count_queries() as seen:
        page = await client.get("/join")
    assert page.status_code == 200
    assert "届出をはじめる" in page.text
    assert "/applications/new" in page.text
    assert len(seen) <= 2
    assert "/join" in (await client.get("/")).text


async def test_company_applies(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await world.login(client, world.hanako)
    id = await start(client, "company")
    hub = await client.get(f"/applications/{id}")
    assert "つづきを書く" in hub.text
    await fill(client, id)
    case = await case_row(db, id)
    answers = Answers.from_json(case.answers)
    assert (answers.name, answers.name_kana) == ("見本髙﨑𠮷町会", "ミホンタカサキチョウカイ")
    assert (answers.people, answers.minors) == (12, 2)
    assert answers.representative.phone == "0143-22-1111"
    assert answers.representative.postal_code == "050-0083"
    assert answers.consent_name is True
    assert answers.consent_photos is False
    page = await client.get(f"/applications/{id}/submit")
    assert "見本髙﨑𠮷町会" in page.text
    assert "長さ 1." in page.text
    answer = await client.post(f"/applications/{id}/submit")
    assert answer.headers["location"] == f"/applications/{id}"
    case = await case_row(db, id)
    assert (case.state, case.section) == ("submitted", "土木課維持係")
    assert case.submitted_at is not None
    again = await client.post(f"/applications/{id}/submit")  # sent twice
    assert again.status_code == 303
    assert await verbs(db, id) == ["create", "submit"]
    assert "enrolment.submit" in await acts(db, id)
    sent = await db.scalar(select(StateChange.detail).where(StateChange.verb == "submit"))
    assert "暴力団" in str(sent["pledge"])  # type: ignore[index]
    shown = (await client.get(f"/applications/{id}")).text
    assert "土木課維持係" in shown
    assert "/edit/" not in shown
    assert (await client.get(f"/applications/{id}/submit")).status_code == 303
    assert (await client.get(f"/applications/{id}/edit/plan")).status_code == 403


async def test_citizen_needs_less(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    id = await start(client, "citizen")
    assert (await client.get(f"/applications/{id}/edit/group")).status_code == 404
    page = (await client.get(f"/applications/{id}/edit/people")).text
    assert "18歳以上" in page
    assert "役職" not in page
    assert "hanako@example.jp" in page
    await fill(client, id, "citizen")
    answers = Answers.from_json((await case_row(db, id)).answers)
    assert (answers.name, answers.people, answers.adult) == ("見本髙田", 1, True)
    await save(client, id, "people", PEOPLE)  # without the declaration of age
    refused = await client.post(f"/applications/{id}/submit")
    assert refused.status_code == 422
    assert "18歳から" in refused.text
    await save(client, id, "people", CITIZEN)
    assert (await client.post(f"/applications/{id}/submit")).status_code == 303


async def test_public_body_gives_no_pledge(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.hanako)
    id = await start(client, "government")
    assert "暴力団" not in (await client.get(f"/applications/{id}/edit/consents")).text
    await fill(client, id, "government")
    assert (await client.post(f"/applications/{id}/submit")).status_code == 303


async def test_drafts_may_have_gaps(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    id = await start(client, "npo")
    for part in ("group", "people", "plan", "consents"):
        assert (await client.get(f"/applications/{id}/edit/{part}")).status_code == 200
        await save(client, id, part, {})
    page = await client.get(f"/applications/{id}/submit")
    for anchor in (
        "group?check=1#name", "group?check=1#people", "people?check=1#phone",
        "areas?check=1#chosen", "plan?check=1#works", "consents?check=1#pledged",
        "consents?check=1#consent_photos",
    ):  # fmt: skip
        assert anchor in page.text
    assert 'action="/applications' not in page.text  # nothing to send yet
    checked = (await client.get(f"/applications/{id}/edit/group?check=1")).text
    assert "団体名を書いてください" in checked
    refused = await client.post(f"/applications/{id}/submit")
    assert refused.status_code == 422
    assert (await case_row(db, id)).state == "draft"
    later = await save(client, id, "plan", {"later": "1", **PLAN})
    assert later.headers["location"] == f"/applications/{id}"


@pytest.mark.parametrize(
    ("part", "changes", "words"),
    [
        ("group", {"people": "1", "minors": ""}, "2人以上"),
        ("group", {"people": "3", "minors": "4"}, "多くなっています"),
        ("group", {"people": "3", "minors": "3"}, "大人が一人以上"),
        ("plan", {"times_per_year": "2"}, "3回以上"),
        ("plan", {"start_on": "2026-06-13"}, "すぎています"),
        ("people", {"contact_name": "見本はなこ"}, "連絡責任者の電話かメール"),
    ],
)
async def test_rules_of_the_city(
    client: httpx2.AsyncClient, world: World, part: str, changes: dict[str, str], words: str
) -> None:
    await world.login(client, world.hanako)
    id = await start(client)
    await fill(client, id)
    whole = {"group": GROUP, "people": PEOPLE, "plan": PLAN}[part]
    await save(client, id, part, {**whole, **changes})
    refused = await client.post(f"/applications/{id}/submit")
    assert refused.status_code == 422
    assert words in refused.text


@pytest.mark.parametrize(
    ("part", "changes", "field", "words"),
    [
        ("group", {"name_kana": "見本"}, "name_kana", "ひらがなかカタカナ"),
        ("group", {"people": "たくさん"}, "people", "数字で"),
        ("group", {"people": "99999"}, "people", "5000まで"),
        ("people", {"phone": "でんわ"}, "phone", "電話番号を確かめて"),
        ("people", {"postal_code": "12"}, "postal_code", "7けた"),
        ("people", {"email": "takada＠"}, "email", "メールアドレスを確かめて"),
        ("plan", {"works": "hacking"}, "works", ""),
        ("plan", {"start_on": "あした"}, "start_on", ""),
    ],
)
async def test_unreadable_input_is_kept_and_explained(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, part: str,
    changes: dict[str, str], field: str, words: str,
) -> None:  # fmt: skip
    await world.login(client, world.hanako)
    id = await start(client)
    before = (await case_row(db, id)).answers
    whole = {"group": GROUP, "people": PEOPLE, "plan": PLAN}[part]
    answer = await client.post(f"/applications/{id}/edit/{part}", data={**whole, **changes})
    assert answer.status_code == 422
    assert words in answer.text
    assert f'href="#{field}"' in answer.text
    assert re.search(rf'id="{field}-error"', answer.text)
    if field not in ("works", "start_on"):
        assert f'value="{changes[field]}"' in answer.text or "＠" in changes[field]
    assert (await case_row(db, id)).answers == before


async def test_who_may(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    paths = ["", "/edit/group", "/edit/areas", "/submit", "/withdraw"]
    anonymous = await client.get("/applications/new")
    assert (anonymous.status_code, anonymous.headers["location"][:6]) == (303, "/login")
    await world.login(client, world.hanako)
    id = await start(client)
    for somebody in (world.kenji, world.sato, world.kanae):
        await world.login(client, somebody)
        for path in paths:  # a draft that was not sent is nobody else's, also not the city's
            assert (await client.get(f"/applications/{id}{path}")).status_code == 404, path
        for path in ("/edit/group", "/submit", "/withdraw", "/areas/remove"):
            assert (await client.post(f"/applications/{id}{path}")).status_code == 404, path
    assert (await client.get(f"/applications/{uuid.uuid4()}")).status_code == 404
    assert (await client.get("/applications/x")).status_code == 404
    await world.login(client, world.hanako)
    assert (await client.get(f"/applications/{id}/edit/nothing")).status_code == 404
    assert (await client.get(f"/applications/{id}/areas/remove")).status_code == 405
    assert (await client.get(f"/layers/application/{uuid.uuid4()}")).json()["features"] == []
    assert await db.scalar(select(func.count()).select_from(Enrolment)) == 3  # two of the world


async def test_starting_twice_makes_one(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    id = await start(client)
    again = {"id": str(id), "subject": "company"}
    assert (await client.post("/applications/new", data=again)).status_code == 303
    assert await verbs(db, id) == ["create"]
    assert await acts(db, id) == ["enrolment.create"]
    await save(client, id, "plan", PLAN)
    await save(client, id, "plan", PLAN)
    assert await acts(db, id) == ["enrolment.create", "enrolment.save"]
    listed = (await client.get("/applications/new")).text
    assert f"/applications/{id}" in listed
    bad = await client.post("/applications/new", data={"id": "x", "subject": ""})
    assert bad.status_code == 422
    assert "1つ選んで" in bad.text


async def test_handed_back_and_sent_again(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await world.login(client, world.hanako)
    id = await start(client)
    await fill(client, id)
    await client.post(f"/applications/{id}/submit")
    await world.login(client, world.sato)
    step = f"/staff/applications/{id}"
    assert (await client.post(step, data={"verb": "take_up"})).status_code == 303
    refused = await client.post(step, data={"verb": "send_back", "comment": " "})
    assert refused.status_code == 422
    assert "理由を書いて" in refused.text
    words = {"verb": "send_back", "comment": "回数を\n確かめてください"}
    assert (await client.post(step, data=words)).status_code == 303
    to = list(await db.scalars(select(WrittenMail.to_address)))
    assert to == ["hanako@example.jp", "hanako@example.jp"]
    await world.login(client, world.hanako)
    for page in ("", "/edit/plan", "/submit"):
        assert "確かめてください" in (await client.get(f"/applications/{id}{page}")).text
    await save(client, id, "plan", {**PLAN, "times_per_year": "12"})
    assert (await client.post(f"/applications/{id}/submit")).status_code == 303
    assert await verbs(db, id) == ["create", "submit", "take_up", "send_back", "submit"]


async def test_take_back(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await world.login(client, world.hanako)
    draft = await start(client)
    assert (await client.post(f"/applications/{draft}/withdraw")).status_code == 303
    assert (await case_row(db, draft)).state == "withdrawn"
    sent = await start(client)
    await fill(client, sent)
    await client.post(f"/applications/{sent}/submit")
    refused = await client.post(f"/applications/{sent}/withdraw")
    assert refused.status_code == 422
    assert "理由を書いて" in refused.text
    reason = {"comment": "引っ越すため"}
    assert (await client.post(f"/applications/{sent}/withdraw", data=reason)).status_code == 303
    assert (await client.post(f"/applications/{sent}/withdraw", data=reason)).status_code == 303
    row = await case_row(db, sent)
    assert (row.state, row.ended_on is not None) == ("withdrawn", True)
    assert await verbs(db, sent) == ["create", "submit", "withdraw"]
    assert (await client.get(f"/applications/{sent}/withdraw")).status_code == 409


async def test_former_partner_begins_anew(client: httpx2.AsyncClient, world: World) -> None:
    await world.login(client, world.kenji)
    live = {"id": str(uuid.uuid4()), "subject": "npo", "partner": world.partner.code}
    refused = await client.post("/applications/new", data=live)
    assert refused.status_code == 422
    assert "変更届" in refused.text
    other = {**live, "partner": world.other_partner.code}
    assert "見つかりません" in (await client.post("/applications/new", data=other)).text


async def test_queries(client: httpx2.AsyncClient, world: World, count_queries: Count) -> None:
    await world.login(client, world.hanako)
    id = await start(client)
    await fill(client, id)
    pages = ["", "/edit/group", "/edit/areas", "/edit/areas?way=draw", "/submit", "/withdraw"]
    for path in pages:
        with count_queries() as seen:
            assert (await client.get(f"/applications/{id}{path}")).status_code == 200
        assert len(seen) <= 5, (path, seen.statements)
    with count_queries() as seen:
        await client.get("/applications/new")
    assert len(seen) <= 4


def test_answers_round_trip() -> None:
    """What is stored comes back the same; what an older row does not have takes its default."""
    full = Answers(name="𠮷", people=3, consent_name=False, **{"works": ("litter",)})
    assert Answers.from_json(full.to_json()) == full
    assert Answers.from_json({"name": "x", "unknown": 1}) == Answers(name="x")
