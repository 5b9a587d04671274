"""``machipika staff …``: who works for the city, given and taken from a shell."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import actions, queries
from server.accounts.forms import clean_email, clean_name, is_email
from server.accounts.models import ROLES
from server.db.engine import make_engine, make_sessions
from server.errors import DomainError
from server.services import system_clock
from server.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Give and take the roles of staff.")
T = TypeVar("T")


def _stop(message: str) -> typer.Exit:
    typer.secho(message, fg="red", err=True)
    return typer.Exit(1)


def _run(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do ``work`` in one transaction on the configured (or the private) database."""
    from server.cli import database  # noqa: PLC0415 - cli imports this module

    async def in_transaction(url: str) -> T:
        engine = make_engine(url, 1)
        try:
            async with make_sessions(engine, clock=system_clock)() as db, db.begin():
                return await work(db)
        finally:
            await engine.dispose()

    with database(load_settings()) as url:
        try:
            return asyncio.run(in_transaction(url))
        except DomainError as error:
            raise _stop(error.message) from error
        except DBAPIError as error:
            raise _stop(
                "データベースを使えません。machipika migrate を実行し、接続先を確かめてください。"
            ) from error


def _address(email: str) -> str:
    cleaned = clean_email(email)
    if not is_email(cleaned):
        raise _stop(f"メールアドレスの形になっていません: {email}")
    return cleaned


def _known_role(role: str) -> str:
    if role not in ROLES:
        raise _stop(f"役割 {role} はありません。{'・'.join(ROLES)} のどれかにしてください。")
    return role


@app.command()
def add(
    email: str,
    name: Annotated[str, typer.Option(help="Display name, used if there is none yet")] = "",
    role: Annotated[str, typer.Option(help="staff | admin | coordinator")] = "staff",
    section: Annotated[str, typer.Option(help="担当課; for staff")] = "",
) -> None:
    """Give a role to a person; running it again changes nothing."""
    address, role, called = _address(email), _known_role(role), clean_name(name)

    async def work(db: AsyncSession) -> bool:
        known = await queries.account_by_email(db, address)
        if not called and not (known and known.display_name):
            raise _stop("新しい人なので、名前を付けてください: --name 見本さとう")
        return await actions.grant_role(
            db, address, role, display_name=called, section=section or None
        )

    changed = _run(work)
    typer.echo(f"{address}: {role} " + ("にしました。" if changed else "のままです(変更なし)。"))


@app.command()
def remove(
    email: str,
    role: Annotated[str, typer.Option(help="Only this role; without it, all")] = "",
) -> None:
    """Take roles away and end the person's log-ins. The account itself stays."""
    address = _address(email)
    only = _known_role(role) if role else None
    taken = _run(lambda db: actions.revoke_roles(db, address, only))
    done = f"{'・'.join(taken)} を外しました。" if taken else "外す役割はありません(変更なし)。"
    typer.echo(f"{address}: {done}")


@app.command(name="list")
def list_() -> None:
    """Show who has which role."""
    holders = _run(queries.role_holders)
    for one in holders:
        parts = (one.role, one.email, one.display_name, one.section or "")
        typer.echo("\t".join(parts).rstrip())
    if not holders:
        typer.echo("役割のある人はまだいません。machipika staff add で加えてください。")
