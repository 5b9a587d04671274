"""An activity on its day, as the tests of the check-in begin."""

import datetime as dt
import re
import uuid
from typing import Any

import httpx2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.checkins import codes
from server.opportunities.models import Opportunity, Signup
from server.signing import Signer
from tests import factories
from tests.personas import World

SIGNER = Signer("tests")


async def activity(
    db: AsyncSession, world: World, now: dt.datetime, *, minutes: int = 30, **fields: Any
) -> Opportunity:
    """An activity of 見本母恋町会 that begins in so many minutes and lasts two hours."""
    starts = now + dt.timedelta(minutes=minutes)
    row = await factories.opportunity(
        db, world.partner, starts=starts, hours=2, area_id=world.street.id, **fields
    )
    await db.commit()
    return row


async def signed(
    db: AsyncSession, to: Opportunity, account: Any, people: int = 1, **fields: Any
) -> Signup:
    row = Signup(opportunity_id=to.id, account_id=account.id, people=people, **fields)
    db.add(row)
    await db.commit()
    return row


def code(of: Opportunity, now: dt.datetime) -> str:
    """The address on the host's screen."""
    return f"/checkin/{codes.screen_code(SIGNER, of.id, now)}"


def poster(of: Opportunity) -> str:
    return f"/checkin/{codes.poster_code(SIGNER, of.id)}"


async def scan(client: httpx2.AsyncClient, address: str) -> str:
    """Scan a code: the address of one's own ticket."""
    answer = await client.get(address)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def here(db: AsyncSession, of: Opportunity) -> list[Any]:
    """The attendances that stand."""
    rows = await db.execute(
        text("SELECT * FROM attendances WHERE opportunity_id = :id AND removed_at IS NULL "
             "ORDER BY id"),
        {"id": of.id},
    )  # fmt: skip
    return list(rows)


async def audited(db: AsyncSession, action: str) -> int:
    found = await db.scalar(
        text("SELECT count(*) FROM audit_events WHERE action = :a"), {"a": action}
    )
    return int(found or 0)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, name
    return found[1]


async def attended(
    db: AsyncSession, account: Any, of: Opportunity, *, people: int = 1,
    minutes: int | None = None, for_partner: uuid.UUID | None = None,
) -> None:  # fmt: skip
    """Somebody who was there, by the host's list."""
    await db.execute(
        text("INSERT INTO attendances (id, opportunity_id, account_id, for_partner_id, people, how,"
             " arrived_at, minutes) VALUES (:id, :o, :a, :p, :n, 'list', :at, :m)"),
        {"id": uuid.uuid4(), "o": of.id, "a": account.id, "p": for_partner, "n": people,
         "at": of.starts_at, "m": minutes},
    )  # fmt: skip
    await db.commit()
