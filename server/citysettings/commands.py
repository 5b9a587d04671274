"""``machipika settings …``: everything a city decides, to a file and from a file."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings import transfer
from server.citysettings.document import BadFile, read_file
from server.db.engine import make_engine, make_sessions
from server.services import system_clock
from server.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Write a city's settings to a file, and read them.")
T = TypeVar("T")
PARTS = {
    "municipality": "自治体",
    "rules": "きまり",
    "supply_places": "受渡し場所",
    "supply_items": "支給品",
    "loan_units": "草刈り機",
    "collection_days": "回収日の例外",
    "agreement_template": "合意書の文面",
}


def _stop(*lines: str) -> typer.Exit:
    for line in lines:
        typer.secho(line, fg="red", err=True)
    return typer.Exit(1)


def _run(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do ``work`` in one transaction on the configured (or the private) database."""
    from server.cli import database  # noqa: PLC0415 - cli imports this module

    async def in_transaction(url: str) -> T:
        engine = make_engine(url, 1)
        try:
            async with make_sessions(engine, clock=system_clock)() as db:
                return await work(db)
        finally:
            await engine.dispose()

    with database(load_settings()) as url:
        try:
            return asyncio.run(in_transaction(url))
        except BadFile as error:
            raise _stop(
                "設定ファイルに直すところがあります。何も変えていません。", *error.problems
            ) from error
        except DBAPIError as error:
            raise _stop(
                "データベースに書けないか、つながりません。何も変えていません。",
                "machipika migrate を実行し、接続先を確かめてください。",
            ) from error


@app.command(name="export")
def export_(
    file: Annotated[
        Path | None, typer.Argument(dir_okay=False, help="Empty = to the screen")
    ] = None,
) -> None:
    """Write the settings to FILE (JSON, machipika-settings/1)."""

    async def work(db: AsyncSession) -> str:
        return json.dumps(await transfer.export(db), ensure_ascii=False, indent=2) + "\n"

    text = _run(work)
    if file is None:
        typer.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _stop(f"{file} に書けません。", str(error)) from error
    typer.echo(f"{file} に書きました。")


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count only")] = False,
) -> None:
    """Bring the settings in from FILE: all of it or nothing; the same file again is harmless."""
    raw = file.read_bytes()

    async def work(db: AsyncSession) -> dict[str, int]:
        changed = await transfer.bring_in(db, read_file(raw))
        await (db.rollback() if dry_run else db.commit())
        return dict(changed)

    changed = _run(work)
    for part, name in PARTS.items():
        typer.echo(f"  {name}\t{changed[part]:,}件")
    if not any(changed.values()):
        typer.echo("ファイルと同じ内容です。変更はありません。")
    elif dry_run:
        typer.echo("確かめただけです。何も変えていません。")
    else:
        typer.echo("設定を入れました。")
