"""``machipika areas …``: the register from and to files, from a shell."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from geo.files import FileError, Limits, ReadResult
from server.areas import import_records as records
from server.areas import import_words as words
from server.areas import importing
from server.areas.import_forms import clean_filename
from server.areas.import_json import line_json
from server.areas.import_plan import Action, Line, Plan
from server.areas.importing import ImportOptions
from server.db.engine import make_engine, make_sessions
from server.errors import DomainError
from server.services import system_clock
from server.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Bring areas in from files, and write them to files.")
T = TypeVar("T")
Transact = Callable[[Callable[[AsyncSession], Awaitable[Any]]], Awaitable[Any]]
SHOWN_REFUSED, SHOWN_CHANGES = 50, 20
BAR_CHARS = 30


def _stop(*lines: str) -> typer.Exit:
    for line in lines:
        typer.secho(line, fg="red", err=True)
    return typer.Exit(1)


def _bar(step: str) -> Callable[[int, int], None]:
    """A progress bar on standard error: redrawn on a terminal, one line at the end elsewhere."""

    shown: list[tuple[int, int]] = []

    def show(done: int, total: int) -> None:
        end = done >= total
        if (done, total) in shown[-1:] or not (sys.stderr.isatty() or end):
            return
        shown.append((done, total))
        full = BAR_CHARS * done // max(total, 1)
        bar = "█" * full + "·" * (BAR_CHARS - full)
        tail = "\n" if end else ""
        typer.echo(f"\r  {step} {bar} {done:,}/{total:,}{tail}", nl=False, err=True)

    return show


def _run(work: Callable[[Transact], Awaitable[T]]) -> T:
    """Do ``work`` with a way to open transactions on the configured (or the private) database."""
    from server.cli import database  # noqa: PLC0415 - cli imports this module

    async def connected(url: str) -> T:
        engine = make_engine(url, 1)
        sessions = make_sessions(engine, clock=system_clock)

        async def transact(step: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
            async with sessions() as db, db.begin():
                return await step(db)

        try:
            return await work(transact)
        finally:
            await engine.dispose()

    with database(load_settings()) as url:
        try:
            return asyncio.run(connected(url))
        except DomainError as error:
            raise _stop(error.message) from error
        except FileError as error:
            said = words.file_error(error.code, error.detail)
            raise _stop(said.text, said.advice) from error
        except DBAPIError as error:
            raise _stop(
                "データベースに書けないか、つながりません。何も変えていません。",
                "machipika migrate を実行し、接続先とファイルを確かめてください。",
            ) from error


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    crs: Annotated[int | None, typer.Option(help="EPSG number, e.g. 6680")] = None,
    layer: Annotated[str | None, typer.Option(help="Which layer, if there are several")] = None,
    encoding: Annotated[str | None, typer.Option(help="utf-8 | cp932 | utf-16 | euc-jp")] = None,
    swap_axes: Annotated[
        bool | None, typer.Option(help="North (or latitude) comes first in the file")
    ] = None,
    repair: Annotated[bool, typer.Option(help="Accept repaired geometries")] = False,
    yes: Annotated[bool, typer.Option(help="Do not ask")] = False,
) -> None:
    """Compare a file with the register and, when confirmed, bring it in: all of it or nothing."""
    options = ImportOptions(
        srid=crs, swap_axes=swap_axes, layer=layer, encoding=encoding, repair=repair
    )
    if file.stat().st_size > Limits().max_file_bytes:
        said = words.file_error("too_large", {})
        raise _stop(said.text, said.advice)
    content, name = file.read_bytes(), clean_filename(file.name)

    async def work(transact: Transact) -> None:
        city = await transact(importing.city_shape)
        bar = _bar("読み取り")
        result = await importing.read_content(content, name, options, city, bar)
        if result.needs:
            raise _question(result)
        plan: Plan = await transact(lambda db: importing.compare(db, result.rows, options, city))
        _show(result, plan)
        if plan.blocked:
            raise _stop(
                "取りこめない行があるので、何も変えていません。",
                *_repair_hint(plan, options),
            )
        if not plan.changes_anything:
            typer.echo("台帳と同じ内容です。変更はありません。")
            return
        if not yes and not typer.confirm("取りこみますか?"):
            raise _stop("取りこみませんでした。何も変えていません。")
        await transact(lambda db: _apply(db, name, content, result, options, city, plan))
        typer.echo("取りこみました。")

    _run(work)


async def _apply(
    db: AsyncSession,
    name: str,
    content: bytes,
    result: ReadResult,
    options: ImportOptions,
    city: importing.CityShape,
    shown: Plan,
) -> None:
    await importing.lock_areas(db)
    plan = await importing.compare(db, result.rows, options, city)
    if plan.fingerprint != shown.fingerprint:
        raise _stop("確かめているあいだに台帳が変わりました。何も変えていません。もう一度どうぞ。")
    bar = _bar("書きこみ")

    async def report(done: int, total: int) -> None:
        bar(done, total)

    await importing.write(db, plan, report)
    made = await records.add_applied(db, name, content, result, plan)
    importing.note(db, None, made, name, content, plan)


def _question(result: ReadResult) -> typer.Exit:
    if result.needs == "layer":
        names = " / ".join(result.layers)
        return _stop(f"レイヤーがいくつかあります: {names}", "--layer で1つ選んでください。")
    return _stop(
        "座標系がわかりません。--crs でEPSG番号を付けてください。",
        "例: --crs 6680 (平面直角座標 12系)、--crs 6668 (緯度経度 JGD2011)",
    )


def _repair_hint(plan: Plan, options: ImportOptions) -> tuple[str, ...]:
    n = plan.counts["repairable"]
    return (f"{n}行は --repair で自動で直せます。",) if n and not options.repair else ()


def _show(result: ReadResult, plan: Plan) -> None:
    """The table of counts, then the rows that matter."""
    kind = words.FORMATS.get(result.format, result.format)
    typer.echo(f"{kind}  {result.crs_name or ''} (EPSG:{result.srid})  {len(plan.lines):,}行")
    for note in result.notes:
        typer.echo("  ※ " + words.file_note({"code": note.code, "detail": note.detail}))
    counts = plan.counts
    for action, label in words.ACTIONS.items():
        typer.echo(f"  {label}\t{counts[action]:,}行")
    _list(plan, "refused", SHOWN_REFUSED)
    _list(plan, "change", SHOWN_CHANGES)


def _list(plan: Plan, action: Action, limit: int) -> None:
    found = [line for line in plan.lines if line.action == action]
    for line in found[:limit]:
        label = words.ACTIONS[action]
        typer.echo(f"{line.number}行目 {line.code} {line.name or '(名称なし)'}: {label}")
        for text in (*_changes(line), *_remarks(line)):
            typer.echo(f"    {text}")
    if len(found) > limit:
        typer.echo(f"    … ほか{len(found) - limit:,}行")


def _changes(line: Line) -> list[str]:
    texts = []
    for change in line.changes:
        field = str(words.FIELDS[change.field])
        if change.field == "geometry":
            moved = "" if line.moved_m is None else f" (最大 {line.moved_m:,.1f}m)"
            texts.append(f"{field}{moved}")
        else:
            before = words.field_value(change.field, change.before) or "(空欄)"
            texts.append(f"{field}: {before} → {words.field_value(change.field, change.after)}")
    return texts


def _remarks(line: Line) -> list[str]:
    said = [words.row_finding(found) for found in line_json(line)["findings"]]
    return [f"{one.text}{one.advice}" for one in said]


@app.command()
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help=".geojson .gpkg .zip .csv .kml")],
    crs: Annotated[int, typer.Option(help="EPSG number: 4326, 6668 or 6680")] = 4326,
    encoding: Annotated[str, typer.Option(help="auto | utf-8 | cp932")] = "auto",
) -> None:
    """Write all areas in force to a file; its suffix says the format (.zip = Shapefile)."""
    from server.areas import exporting  # noqa: PLC0415 - pulls in GDAL

    name = exporting.SUFFIXES.get(file.suffix.lower())
    if name is None:
        raise _stop("形式がわかりません。" + " ".join(exporting.SUFFIXES) + " のどれかに。")

    async def work(transact: Transact) -> None:
        rows = await transact(exporting.load_rows)
        file.write_bytes(exporting.export(rows, name, crs, encoding))
        typer.echo(f"{file} に{len(rows):,}件を書き出しました。")

    _run(work)
