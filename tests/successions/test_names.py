"""Whose names stand in the history of an area that is handed on."""

import uuid

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests.personas import World

pytestmark = pytest.mark.anyio


async def test_people_are_named_to_the_city_only(
    client: httpx2.AsyncClient, world: World, db: AsyncSession
) -> None:
    id = str(uuid.uuid4())
    await world.login(client, world.kenji)
    sent = {
        "id": id, "area": f"{world.partner.code}/{world.street.code}", "share": "whole",
        "reason": "人がへりました。",
    }  # fmt: skip
    assert (await client.post("/successions/new", data=sent)).status_code == 303
    path = f"/successions/{id}"
    for who, named in (("sato", True), ("kanae", False), ("yosomono", False)):
        await world.login(client, getattr(world, who))
        page = (await client.get(path)).text
        history = page[page.index('id="history"') :]
        assert ("見本けんじ" in history) is named, who
        assert "パートナー" in history


async def test_words_that_every_partner_reads_hold_no_contact_data(
    client: httpx2.AsyncClient, world: World
) -> None:
    await world.login(client, world.kenji)
    sent = {
        "id": str(uuid.uuid4()), "area": f"{world.partner.code}/{world.street.code}",
        "share": "whole", "reason": "高齢のため。090-1234-5678 へ",
    }  # fmt: skip
    answer = await client.post("/successions/new", data=sent)
    assert answer.status_code == 422 and "連絡先は書けません" in answer.text
    assert "高齢のため" in answer.text
