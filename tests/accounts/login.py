"""Steps of a log-in, as a browser does them."""

import re

import httpx2
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import OutboxMail


async def ask(client: httpx2.AsyncClient, email: str, next_path: str = "") -> httpx2.Response:
    return await client.post("/login", data={"email": email, "next": next_path})


async def newest_mail(db: AsyncSession) -> OutboxMail:
    statement = select(OutboxMail).order_by(OutboxMail.id.desc()).limit(1)
    return (await db.execute(statement)).scalar_one()


async def mailed_code(db: AsyncSession) -> str:
    found = re.search(r"\b\d{6}\b", (await newest_mail(db)).body)
    assert found, "the newest mail has no code"
    return found[0]


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def give(client: httpx2.AsyncClient, code: str, next_path: str = "") -> httpx2.Response:
    return await client.post("/login/code", data={"code": code, "next": next_path})


async def log_in(
    client: httpx2.AsyncClient, db: AsyncSession, email: str, next_path: str = ""
) -> httpx2.Response:
    await ask(client, email, next_path)
    return await give(client, await mailed_code(db), next_path)
