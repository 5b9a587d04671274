"""The staff's page of one partner, and the list with the state of each."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account, PartnerMember
from server.enrolments.machine import ENROLMENT
from server.notices.mails import WrittenMail
from tests import factories
from tests.enrolments.lifekit import (
    DAY,
    TODAY,
    agreements_of,
    areas_of,
    audited,
    case_of,
    end_on,
    stands_for,
    steps_of,
)
from tests.personas import World

pytestmark = pytest.mark.anyio
Count = Callable[[], AbstractContextManager[Any]]


def page_of(world: World) -> str:
    return f"/staff/partners/{world.partner.code}"


async def test_who_may(client: httpx2.AsyncClient, world: World) -> None:
    path = page_of(world)
    assert (await client.get(path)).status_code == 303
    for somebody in (world.hanako, world.kenji, world.kanae):
        await world.login(client, somebody)
        assert (await client.get(path)).status_code == 403
        assert (await client.post(path, data={"verb": "pause"})).status_code == 403
    await world.login(client, world.sato)
    assert (await client.get(path)).status_code == 200
    assert (await client.get("/staff/partners/MP-9999")).status_code == 404
    assert (
        await client.post("/staff/partners/MP-9999", data={"verb": "resume"})
    ).status_code == 404
    assert (await client.post(path, data={"verb": "nonsense"})).status_code == 422


async def test_contacts_are_shown_when_asked_for_and_noted(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries: Count
) -> None:
    await stands_for(db, world.partner, "representative", "見本たろう", phone="0143-00-0000")
    await db.commit()
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = (await client.get(page_of(world))).text
    assert len(seen) <= 5, seen.statements
    assert "見本たろう" not in page and "kenji@example.jp" not in page and "見本けんじ" in page
    assert world.street.name in page and "活動中" in page
    assert await audited(db) == []
    page = (await client.get(page_of(world) + "?contacts=1")).text
    assert "見本たろう" in page and "0143-00-0000" in page and "kenji@example.jp" in page
    assert await audited(db) == ["partner.view_contacts"]


async def test_counts_of_people(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    await world.login(client, world.sato)

    async def count(day: str, people: str, minors: str = "") -> int:
        data = {"verb": "people", "people-counted_on": day, "people-people": people,
                "people-minors": minors}  # fmt: skip
        response = await client.post(page_of(world), data=data)
        if response.status_code == 422:
            assert f'value="{day}"' in response.text
        return response.status_code

    assert await count("2026-06-01", "０") == 422
    assert await count("2026-06-01", "5", "6") == 422
    assert await count("2026-06-15", "5") == 422  # tomorrow
    assert await count("2026-06-01", "２０", "3") == 303
    assert await count("2025-04-01", "30") == 303  # an older count does not become the number
    assert await count("2026-06-01", "21", "3") == 303
    rows = await db.execute(
        text(
            "SELECT counted_on, people, minors FROM partner_people WHERE partner_id = :p ORDER BY 1"
        ),
        {"p": world.partner.id},
    )
    assert [tuple(r) for r in rows] == [
        (dt.date(2025, 4, 1), 30, None), (dt.date(2026, 6, 1), 21, 3),
    ]  # fmt: skip
    registered = await db.scalar(
        text("SELECT registered_people FROM partners WHERE id = :p"), {"p": world.partner.id}
    )
    assert registered == 21
    assert await audited(db) == ["partner.people"] * 3


async def test_members(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    await world.login(client, world.sato)

    async def add(email: str, role: str = "member") -> int:
        data = {"verb": "member_add", "member_add-email": email, "member_add-name": "見本あらた",
                "member_add-role": role}  # fmt: skip
        return (await client.post(page_of(world), data=data)).status_code

    assert await add("だめ") == 422
    assert await add("arata@example.jp", "king") == 422
    assert await add(" arata@example.jp") == 303
    assert await add("arata@example.jp") == 303  # again: nothing more happens
    new = (
        await db.execute(select(Account).where(Account.email == "arata@example.jp"))
    ).scalar_one()
    assert new.display_name == "見本あらた"
    mails = (await db.execute(select(WrittenMail))).scalars().all()
    assert [mail.to_address for mail in mails] == ["arata@example.jp"]
    assert "http://t/login" in mails[0].body and world.partner.name in mails[0].subject
    assert await add("arata@example.jp", "manager") == 303
    assert len((await db.execute(select(WrittenMail))).scalars().all()) == 1
    held = select(PartnerMember.role).where(PartnerMember.account_id == new.id)
    assert await db.scalar(held) == "manager"
    asks = "見本あらたをログインする人から外しますか?"
    assert f'data-confirm="{asks}"' in (await client.get(page_of(world))).text
    assert await audited(db) == ["account.create", "partner.member", "partner.member"]
    await world.login(client, new)
    assert (await client.get("/partner/agreement")).status_code == 200

    await world.login(client, world.sato)
    for _twice in range(2):
        gone = {"verb": "member_remove", "account": str(new.id)}
        assert (await client.post(page_of(world), data=gone)).status_code == 303
    assert await db.scalar(held) is None
    assert (await audited(db))[3:] == ["partner.member_remove"]
    bad = {"verb": "member_remove", "account": "nobody"}
    assert (await client.post(page_of(world), data=bad)).status_code == 303
    await world.login(client, new)
    assert (await client.get("/partner/agreement")).status_code == 403


async def test_a_disabled_account_is_not_let_in(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await db.execute(text("UPDATE accounts SET disabled_at = now() WHERE id = :i"),
                     {"i": world.hanako.id})  # fmt: skip
    await db.commit()
    await world.login(client, world.sato)
    data = {"verb": "member_add", "member_add-email": "hanako@example.jp",
            "member_add-name": "", "member_add-role": "member"}  # fmt: skip
    response = await client.post(page_of(world), data=data)
    assert response.status_code == 422 and "停止中" in response.text


async def test_the_citys_steps(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    await world.login(client, world.sato)
    path = page_of(world)
    empty = await client.post(path, data={"verb": "pause", "pause-until": "2026-08-01"})
    assert empty.status_code == 422 and 'value="2026-08-01"' in empty.text
    await client.post(path, data={"verb": "pause", "pause-comment": "電話で受けました"})
    case = await case_of(db, world.partner)
    assert case.state == "paused"
    assert "電話で受けました" in (await client.get(path)).text
    await client.post(path, data={"verb": "resume"})
    assert (await client.post(path, data={"verb": "expire"})).status_code == 409  # too early
    await client.post(path, data={"verb": "await_renewal"})
    page = (await client.get(path)).text
    assert "同じ内容で更新する" in page and "?occasion=renewal" in page
    await client.post(path, data={"verb": "renew"})
    assert len(await agreements_of(db, world.partner)) == 2
    assert [s[0] for s in await steps_of(db, case.id)] == [
        "pause", "resume", "await_renewal", "renew",
    ]  # fmt: skip
    mails = (await db.execute(select(WrittenMail))).scalars().all()
    assert {mail.to_address for mail in mails} == {"kenji@example.jp"} and len(mails) == 4


async def test_dissolve(client: httpx2.AsyncClient, world: World, db: AsyncSession) -> None:
    await world.login(client, world.sato)
    path, day = page_of(world), TODAY + 10 * DAY
    silent = {"verb": "dissolve", "dissolve-day": day.isoformat(), "dissolve-comment": ""}
    refused = await client.post(path, data=silent)
    assert refused.status_code == 422 and day.isoformat() in refused.text
    form = {**silent, "dissolve-comment": "活動の実績がないため"}
    for _twice in range(2):
        assert (await client.post(path, data=form)).status_code == 303
    case = await case_of(db, world.partner)
    assert (case.state, case.ended_on) == ("cancelled", day)
    assert {row[2:] for row in await areas_of(db, world.partner)} == {(day, "cancelled")}
    mail = (await db.execute(select(WrittenMail))).scalar_one()
    assert "活動の実績がないため" in mail.body
    assert "前に担当した区域" not in (await client.get(path)).text  # the day has not come


async def test_withdrawal_on_paper_and_expiry(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    await world.login(client, world.sato)
    form = {"verb": "withdraw", "withdraw-day": TODAY.isoformat(), "withdraw-comment": "書面"}
    assert (await client.post(page_of(world), data=form)).status_code == 303
    assert (await case_of(db, world.partner)).state == "withdrawn"
    page = (await client.get(page_of(world))).text
    assert "前に担当した区域(2)" in page and "辞退" in page
    await end_on(db, world.other_partner, TODAY - DAY)
    other = f"/staff/partners/{world.other_partner.code}"
    for _twice in range(2):
        assert (await client.post(other, data={"verb": "expire"})).status_code == 303
    case = await case_of(db, world.other_partner)
    assert (case.state, case.ended_on) == ("expired", TODAY)


async def test_the_list_shows_and_filters_states(
    client: httpx2.AsyncClient, world: World, db: AsyncSession, count_queries: Count
) -> None:
    await factories.bring_to(db, ENROLMENT, await case_of(db, world.other_partner), "renewal")
    await factories.partner(db, "見本むかしの会")
    await db.commit()
    await world.login(client, world.sato)
    with count_queries() as seen:
        page = (await client.get("/staff/partners")).text
    assert len(seen) <= 4, seen.statements
    assert page_of(world) in page and "更新待ち" in page and "見本むかしの会" in page
    renewal = (await client.get("/staff/partners?state=renewal")).text
    assert world.other_partner.name in renewal and world.partner.name not in renewal
    nonsense = (await client.get("/staff/partners?state=xyz")).text
    assert world.partner.name in nonsense
