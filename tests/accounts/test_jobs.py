"""What is forgotten, and that the words of a mail are plain text."""

import datetime as dt
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.accounts import actions, outbox
from server.accounts.jobs import housekeeping
from server.accounts.models import LoginCode, LoginSession, OutboxMail, RateBucket
from server.http.ratelimit import LOGIN_EMAIL, take
from server.http.sessions import open_session
from tests.conftest import FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
TABLES = (LoginCode, LoginSession, OutboxMail, RateBucket)


async def test_housekeeping_forgets_what_is_over_and_only_that(
    sessions: async_sessionmaker[AsyncSession], clock: FixedClock, world: World
) -> None:
    async def leave_traces() -> None:
        async with sessions() as db, db.begin():
            await actions.ask_for_code(db, "hanako@example.jp", "室蘭市")
            await open_session(db, world.hanako.id, dt.timedelta(days=1))
            await take(db, LOGIN_EMAIL, str(clock.now))

    await leave_traces()
    clock.now += dt.timedelta(days=8)
    await leave_traces()
    context = SimpleNamespace(additional_context={"outside": SimpleNamespace(sessions=sessions)})
    for _ in range(2):
        await housekeeping.func(context, 0)  # type: ignore[attr-defined]
    async with sessions() as db:
        for table in TABLES:
            left = (await db.execute(select(func.count()).select_from(table))).scalar_one()
            assert left == 1, table.__tablename__


def test_mail_is_plain_text() -> None:
    subject, body = outbox.compose("login_code", code="012345", minutes=10, city_name="A&B市")
    assert subject == "ログインのコード(まちピカ A&B市)"
    assert "\n    012345\n" in body
    assert "&amp;" not in body
    assert "10分" in body
