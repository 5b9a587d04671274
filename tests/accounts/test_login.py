"""Log-in by e-mail and one-time code."""

import asyncio
import datetime as dt
from collections.abc import Callable

import httpx2
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import actions
from server.accounts.models import Account, LoginCode, LoginSession, OutboxMail
from server.audit.models import AuditEvent
from server.db.engine import make_engine, make_sessions
from server.http.ratelimit import LOGIN_EMAIL
from server.http.sessions import token_hash
from server.jobs import make_jobs
from tests.accounts.login import ask, give, log_in, mailed_code, newest_mail, other_than
from tests.conftest import FixedClock
from tests.personas import World

pytestmark = pytest.mark.anyio
HANAKO = "hanako@example.jp"


async def _count(db: AsyncSession, table: type) -> int:
    return (await db.execute(select(func.count()).select_from(table))).scalar_one()


async def test_known_person_logs_in_and_lands_where_they_wanted(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    sent = await ask(client, HANAKO, "/me")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/login/code?next=/me"
    page = await client.get(sent.headers["location"])
    assert HANAKO in page.text
    assert 'autocomplete="one-time-code"' in page.text
    assert 'inputmode="numeric"' in page.text
    entered = await give(client, await mailed_code(db), "/me")
    assert (entered.status_code, entered.headers["location"]) == (303, "/me")
    assert "見本はなこ" in (await client.get("/me")).text


async def test_answer_is_the_same_for_unknown_addresses(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    known = await ask(client, HANAKO)
    client.cookies.clear()
    unknown = await ask(client, "dare@example.jp")
    assert (known.status_code, known.headers["location"]) == (
        unknown.status_code,
        unknown.headers["location"],
    )
    assert known.text == unknown.text
    assert await _count(db, OutboxMail) == 2
    assert await _count(db, Account) == 7, "asking creates nobody"


async def test_first_log_in_creates_a_volunteer_and_asks_the_name_once(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    entered = await log_in(client, db, "new@example.jp", "/me/signups")
    assert entered.headers["location"] == "/welcome?next=/me/signups"
    empty = await client.post("/welcome", data={"display_name": "  ", "next": "/me/signups"})
    assert empty.status_code == 422
    assert "お名前を入れてください" in empty.text
    assert 'value="/me/signups"' in empty.text
    named = await client.post("/welcome", data={"display_name": "髙橋𠮷子", "next": "/me/signups"})
    assert (named.status_code, named.headers["location"]) == (303, "/me/signups")
    assert "髙橋𠮷子" in (await client.get("/me")).text
    again = await client.get("/welcome?next=/me")
    assert (again.status_code, again.headers["location"]) == (303, "/me")
    acts = (await db.execute(select(AuditEvent.action).order_by(AuditEvent.id))).scalars().all()
    assert acts == ["account.create", "account.rename"]


@pytest.mark.parametrize(
    "typed", ["Ｈanako＠ＥＸＡＭＰＬＥ.jp", " HANAKO@Example.JP ", "hanako@example.jp"]
)
async def test_address_is_understood_however_it_is_typed(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, typed: str
) -> None:
    assert (await log_in(client, db, typed)).status_code == 303
    assert await _count(db, Account) == 7, "no second account for another spelling"


@pytest.mark.parametrize(
    "typed", ["", "はなこ", "hanako", "hanako@", "@example.jp", "a b@c", "a@b", "a@-b.jp",
              "a@b.jp\nBcc: x@y.jp", "x" * 65 + "@example.jp"],
)  # fmt: skip
async def test_bad_address_is_kept_and_explained(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, typed: str
) -> None:
    answer = await ask(client, typed, "/me")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert 'name="next" value="/me"' in answer.text
    assert await _count(db, OutboxMail) == 0


async def test_addresses_of_japanese_phone_companies_are_taken(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    assert (await ask(client, "mi..hon.@docomo.ne.jp")).status_code == 303
    assert (await newest_mail(db)).to_address == "mi..hon.@docomo.ne.jp"


@pytest.mark.parametrize("shape", ["{}{}{}{}{}{}", "{}{}{} {}{}{}", "{}{}{}-{}{}{}"])
@pytest.mark.parametrize("wide", [False, True])
async def test_code_may_be_typed_full_width_and_spaced(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, shape: str, wide: bool
) -> None:
    await ask(client, HANAKO)
    typed = shape.format(*await mailed_code(db))
    if wide:
        typed = typed.translate(str.maketrans("0123456789 ", "０１２３４５６７８９　"))
    assert (await give(client, typed)).headers["location"] == "/"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "१२३४५६"])
async def test_malformed_code_costs_no_try(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, typed: str
) -> None:
    await ask(client, HANAKO)
    answer = await give(client, typed)
    assert answer.status_code == 422
    assert (await db.execute(select(LoginCode.attempts))).scalar_one() == 0


async def test_five_wrong_tries_kill_the_code(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await ask(client, HANAKO)
    code = await mailed_code(db)
    for left in (4, 3, 2, 1):
        answer = await give(client, other_than(code))
        assert answer.status_code == 422
        assert f"あと{left}回" in answer.text
    last = await give(client, other_than(code))
    assert (last.status_code, last.headers["location"]) == (303, "/login")
    assert "新しいコード" in (await client.get("/login")).text
    assert (await give(client, code)).headers["location"] == "/login"
    assert await _count(db, LoginSession) == 0


async def test_code_dies_after_ten_minutes(
    client: httpx2.AsyncClient, db: AsyncSession, clock: FixedClock, world: World
) -> None:
    await ask(client, HANAKO)
    code = await mailed_code(db)
    clock.now += dt.timedelta(minutes=10, seconds=1)
    assert (await give(client, code, "/me")).headers["location"] == "/login?next=/me"
    assert await _count(db, LoginSession) == 0


async def test_code_works_once(client: httpx2.AsyncClient, db: AsyncSession, world: World) -> None:
    await ask(client, HANAKO)
    browser = client.cookies["machipika_login"]
    code = await mailed_code(db)
    await give(client, code)
    client.cookies.set("machipika_login", browser, domain="t.local")
    assert (await give(client, code)).headers["location"] == "/login"
    assert await _count(db, LoginSession) == 1


async def test_code_works_only_in_the_browser_that_asked(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await ask(client, HANAKO)
    code = await mailed_code(db)
    client.cookies.clear()
    assert (await give(client, code)).headers["location"] == "/login"
    await ask(client, "attacker@example.jp")  # an own cookie, somebody else's code
    answer = await give(client, code)
    assert answer.status_code == 422 or code == await mailed_code(db)
    assert (await client.get("/login/code")).status_code == 200
    client.cookies.clear()
    assert (await client.get("/login/code")).headers["location"] == "/login"


async def test_newest_code_replaces_the_older_of_this_browser(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await ask(client, HANAKO)
    first_browser, first = client.cookies["machipika_login"], await mailed_code(db)
    await ask(client, HANAKO)
    assert client.cookies["machipika_login"] != first_browser
    assert await _count(db, LoginCode) == 1
    client.cookies.set("machipika_login", first_browser, domain="t.local")
    assert (await give(client, first)).headers["location"] == "/login"


async def test_code_is_not_readable_in_the_database(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    await ask(client, HANAKO)
    row = (await db.execute(select(LoginCode))).scalar_one()
    code, browser = await mailed_code(db), client.cookies["machipika_login"]
    assert code.encode() not in row.code_hash
    assert row.browser_hash == token_hash(browser)
    # Without the cookie, no table of a million hashes helps: the key is missing.
    assert actions.code_hash(browser, HANAKO, code) == row.code_hash
    assert actions.code_hash("another", HANAKO, code) != row.code_hash
    assert code not in (await newest_mail(db)).subject, "a lock screen shows subjects"


async def test_one_address_gets_few_mails_an_hour(
    client: httpx2.AsyncClient, db: AsyncSession, world: World
) -> None:
    for _ in range(LOGIN_EMAIL.size):
        assert (await ask(client, HANAKO)).status_code == 303
    answer = await ask(client, "HANAKO@example.jp")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert await _count(db, OutboxMail) == LOGIN_EMAIL.size
    assert (await ask(client, "kenji@example.jp")).status_code == 303


async def test_disabled_account_cannot_log_in(
    client: httpx2.AsyncClient, db: AsyncSession, clock: FixedClock, world: World
) -> None:
    await db.execute(
        update(Account).where(Account.id == world.hanako.id).values(disabled_at=clock())
    )
    await db.commit()
    assert (await log_in(client, db, HANAKO)).status_code == 403
    assert await _count(db, LoginSession) == 0


async def test_disabling_ends_a_running_log_in(
    client: httpx2.AsyncClient, db: AsyncSession, clock: FixedClock, world: World
) -> None:
    await world.login(client, world.hanako)
    await db.execute(
        update(Account).where(Account.id == world.hanako.id).values(disabled_at=clock())
    )
    await db.commit()
    assert (await client.get("/me")).headers["location"] == "/login?next=/me"


async def test_logging_in_is_cheap(
    client: httpx2.AsyncClient, world: World, count_queries: Callable[[], object]
) -> None:
    await client.get("/login")
    with count_queries() as seen:  # type: ignore[attr-defined]
        await client.get("/login")
    assert len(seen) <= 1


async def test_many_simultaneous_tries_are_still_five(database_url: str, clock: FixedClock) -> None:
    """On real commits: each try takes the row lock, so guessing in parallel gains nothing."""
    engine = make_engine(database_url, 8)
    sessions = make_sessions(engine, clock=clock, jobs=make_jobs(database_url))
    async with sessions() as db, db.begin():
        browser = await actions.ask_for_code(db, HANAKO, "室蘭市")
        code = await mailed_code(db)

    async def attempt(typed: str) -> object:
        async with sessions() as db, db.begin():
            return await actions.prove_code(db, browser, typed)

    answers = await asyncio.gather(*(attempt(other_than(code)) for _ in range(12)))
    left = sorted(a.tries_left for a in answers if isinstance(a, actions.WrongCode))
    assert left == [0] * 8 + [1, 2, 3, 4]
    assert isinstance(await attempt(code), actions.WrongCode)
    await engine.dispose()


async def test_one_code_opens_one_log_in_even_if_sent_twice_at_once(
    database_url: str, clock: FixedClock
) -> None:
    engine = make_engine(database_url, 4)
    sessions = make_sessions(engine, clock=clock, jobs=make_jobs(database_url))
    async with sessions() as db, db.begin():
        browser = await actions.ask_for_code(db, HANAKO, "室蘭市")
        code = await mailed_code(db)

    async def attempt() -> bool:
        async with sessions() as db, db.begin():
            return not isinstance(await actions.prove_code(db, browser, code), actions.WrongCode)

    assert sorted(await asyncio.gather(attempt(), attempt())) == [False, True]
    await engine.dispose()


async def test_new_address_proved_in_two_browsers_at_once_is_one_account(
    database_url: str, clock: FixedClock
) -> None:
    engine = make_engine(database_url, 4)
    sessions = make_sessions(engine, clock=clock, jobs=make_jobs(database_url))

    async def browser_with_code() -> tuple[str, str]:
        async with sessions() as db, db.begin():
            browser = await actions.ask_for_code(db, HANAKO, "室蘭市")
            return browser, await mailed_code(db)

    pairs = [await browser_with_code(), await browser_with_code()]

    async def attempt(browser: str, code: str) -> object:
        async with sessions() as db, db.begin():
            return await actions.prove_code(db, browser, code)

    first, second = await asyncio.gather(*(attempt(*pair) for pair in pairs))
    assert first == second
    async with sessions() as db:
        assert await _count(db, Account) == 1
    await engine.dispose()
