"""``machipika staff``: giving and taking roles from a shell."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

from server.accounts.models import Account, AccountRole, LoginSession
from server.audit.models import AuditEvent
from server.cli import app
from server.db.engine import make_engine, make_sessions
from server.http.sessions import open_session
from server.services import system_clock

SATO = "sato@city.example.jp"
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MACHIPIKA_DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(app, ["staff", *words])


@pytest.fixture
def ask(database_url: str) -> Callable[[Callable[[AsyncSession], Awaitable[object]]], object]:
    """Run something in a transaction on the same database."""

    def asking(work: Callable[[AsyncSession], Awaitable[object]]) -> object:
        async def inside() -> object:
            engine = make_engine(database_url, 1)
            async with make_sessions(engine, clock=system_clock)() as db, db.begin():
                result = await work(db)
            await engine.dispose()
            return result

        return asyncio.run(inside())

    return asking


async def _audit(db: AsyncSession) -> list[tuple[str, str]]:
    rows = await db.execute(
        select(AuditEvent.action, AuditEvent.actor_role).order_by(AuditEvent.id)
    )
    return [(row.action, row.actor_role) for row in rows]


def test_add_twice_is_one_person_with_one_role(run: Run, ask: Callable) -> None:
    words = ("add", "Sato@CITY.example.jp", "--name", "見本さとう", "--section", "土木課維持係")
    first = run(*words)
    assert first.exit_code == 0, first.output
    assert "staff にしました" in first.output
    again = run("add", SATO, "--section", "土木課維持係")
    assert (again.exit_code, "変更なし" in again.output) == (0, True)
    assert ask(_audit) == [("account.create", "nobody"), ("role.grant", "nobody")]
    listed = run("list")
    assert "staff\tSato@city.example.jp\t見本さとう\t土木課維持係" in listed.output


def test_a_new_section_is_a_change(run: Run) -> None:
    run("add", SATO, "--name", "見本さとう", "--section", "土木課")
    assert "にしました" in run("add", SATO, "--section", "環境課").output
    assert "環境課" in run("list").output


def test_promotion_ends_the_long_log_in_of_a_volunteer(run: Run, ask: Callable) -> None:
    async def volunteer(db: AsyncSession) -> None:
        account = Account(email=SATO, display_name="見本さとう")
        db.add(account)
        await db.flush()
        await open_session(db, account.id, dt.timedelta(days=30))

    ask(volunteer)
    assert run("add", SATO, "--role", "admin").exit_code == 0
    sessions = ask(lambda db: db.scalars(select(LoginSession)))
    assert list(sessions) == []  # type: ignore[call-overload]


def test_remove_takes_roles_and_log_ins_and_leaves_the_account(run: Run, ask: Callable) -> None:
    run("add", SATO, "--name", "見本さとう")
    run("add", SATO, "--role", "coordinator")
    assert "coordinator を外しました" in run("remove", SATO, "--role", "coordinator").output
    assert "staff を外しました" in run("remove", SATO).output
    assert "変更なし" in run("remove", SATO).output
    assert "まだいません" in run("list").output

    async def left(db: AsyncSession) -> tuple[int, int]:
        accounts = (await db.scalars(select(Account))).all()
        return len(accounts), len((await db.scalars(select(AccountRole))).all())

    assert ask(left) == (1, 0)
    assert [action for action, _role in ask(_audit)].count("role.revoke") == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "さとう", "--name", "x"), "メールアドレスの形"),
        (("add", SATO, "--name", "x", "--role", "mayor"), "役割 mayor はありません"),
        (("add", SATO), "--name"),
        (("remove", "nobody@example.jp"), "アカウントはありません"),
    ],
)
def test_mistakes_are_explained(run: Run, words: tuple[str, ...], says: str) -> None:
    answer = run(*words)
    assert answer.exit_code == 1
    assert says in answer.output
    assert "Traceback" not in answer.output


def test_disabled_account_is_not_promoted(run: Run, ask: Callable) -> None:
    run("add", SATO, "--name", "見本さとう")
    run("remove", SATO)
    ask(lambda db: db.execute(update(Account).values(disabled_at=system_clock())))
    answer = run("add", SATO)
    assert (answer.exit_code, "停止中" in answer.output) == (1, True)


def test_unmigrated_database_is_explained(
    cluster_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACHIPIKA_DATABASE_URL", cluster_url)
    answer = CliRunner().invoke(app, ["staff", "list"])
    assert answer.exit_code == 1
    assert "machipika migrate" in answer.output
