"""``machipika …``: everything an operator does from a shell."""

import contextlib
import datetime as dt
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from server.accounts.commands import app as staff_commands
from server.areas.commands import app as area_commands
from server.citysettings.commands import app as settings_commands
from server.http.i18n import JAPAN
from server.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="まちピカ — machipika")
app.add_typer(staff_commands, name="staff")
app.add_typer(area_commands, name="areas")
app.add_typer(settings_commands, name="settings")


def say(text: str) -> None:
    """A line for the person at the shell."""
    typer.echo(text)


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The address of the database: the configured one, or the private cluster while we run."""
    if settings.database_url:
        yield settings.database_url
        return
    from server.db import embedded  # noqa: PLC0415 - not needed with a server of one's own

    try:
        with embedded.running(settings.var_dir / "db") as cluster:
            yield cluster.url()
    except embedded.EmbeddedError as error:
        raise typer.Exit(_fail(str(error))) from error


def _fail(message: str) -> int:
    typer.secho(message, fg="red", err=True)
    return 1


def _migrate(url: str) -> None:
    from server.db.migrate import create_database_if_missing, upgrade  # noqa: PLC0415

    create_database_if_missing(url)
    upgrade(url)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    settings = load_settings()
    with database(settings) as url:
        _migrate(url)
    say("データベースは最新です。")


STEPS = {"load": "見本のまちを入れています", "analyze": "索引の統計をとっています"}


def progress(step: str, done: int, total: int) -> None:
    """One line per long step: rewritten while it runs on a terminal, once when it is done."""
    share = f"{100 * done // total:3d}%" if total else ""
    end = "\n" if done >= total else ""
    if sys.stderr.isatty() or end:
        typer.echo(
            f"\r  {STEPS.get(step, step)} {done:,}/{total:,} {share}{end}", nl=False, err=True
        )


def _load_demo(settings: Settings, url: str, scale: int = 1, *, reset: bool = False) -> None:
    from server.demo import load  # noqa: PLC0415 - pulls in Shapely and the data

    today = (settings.demo_now or dt.datetime.now(JAPAN)).astimezone(JAPAN).date()
    try:
        summary = load.load(url, today, scale=scale, progress=progress, reset=reset)
    except load.DemoRefused as error:
        raise typer.Exit(_fail(str(error))) from error
    if summary.loaded:
        say(f"  {sum(summary.rows.values()):,}件 ({summary.rows_per_second:,.0f}件/秒)")


@app.command()
def demo(
    scale: Annotated[int, typer.Option(min=1, max=1000, help="N times the data")] = 1,
    reset: Annotated[bool, typer.Option(help="Throw the demo away and load it anew")] = False,
) -> None:
    """Load the demo city (sample data only) into the database."""
    settings = load_settings()
    with database(settings) as url:
        _migrate(url)
        _load_demo(settings, url, scale, reset=reset)


def _is_free(host: str, port: int) -> bool:
    """Whether we may listen there: better asked before the database is started than after."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _banner(settings: Settings, port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    say(f"\n  まちピカ  {address}")
    if settings.demo:
        say("  デモのログイン(ボタン一つ): " + address + "/login")
        say("    ボランティア / パートナー / 市民活動センター / 市の職員 / 管理者")
        say("  送られたメール: " + address + "/demo/outbox")
    say("  Ctrl-C で止まります。\n")


@app.command()
def serve(
    port: Annotated[int, typer.Option(envvar="PORT")] = 8000,
    host: str = "127.0.0.1",
    with_demo: Annotated[bool, typer.Option("--demo", help="Demo mode with sample data")] = False,
    reload: Annotated[bool, typer.Option(help="Restart on changes of the code")] = False,
) -> None:
    """Serve the app; with no DATABASE_URL, start the private database first."""
    base = {} if "MACHIPIKA_BASE_URL" in os.environ else {"base_url": f"http://127.0.0.1:{port}"}
    settings = load_settings(**base, **({"demo": True} if with_demo else {}))
    if not _is_free(host, port):
        say(f"ポート {port} は、ほかのプログラムが使っています。例: PORT={port + 1} make run")
        raise typer.Exit(1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(KeyboardInterrupt), database(settings) as url:
        say("データベースを準備しています…")
        _migrate(url)
        if settings.demo:
            _load_demo(settings, url)
        _banner(settings, port)
        _run(settings.model_copy(update={"database_url": url}), host, port, reload=reload)


def _run(settings: Settings, host: str, port: int, *, reload: bool) -> None:
    import uvicorn  # noqa: PLC0415

    from server.app import create_app  # noqa: PLC0415
    from server.http.requestlog import configure_logging  # noqa: PLC0415

    configure_logging(as_json=settings.environment == "production")
    options = {
        "host": host, "port": port, "access_log": False, "server_header": False,
        "log_level": "warning", "timeout_graceful_shutdown": 5,
        "proxy_headers": False, "h11_max_incomplete_event_size": 64 * 1024,
    }  # fmt: skip
    if reload:
        # The reloader starts a child that reads the environment again.
        os.environ["MACHIPIKA_DATABASE_URL"] = settings.database_url
        os.environ["MACHIPIKA_DEMO"] = str(settings.demo).lower()
        uvicorn.run("server.cli:reloaded", factory=True, reload=True, **options)  # type: ignore[arg-type]
    else:
        uvicorn.run(create_app(settings), **options)  # type: ignore[arg-type]


def reloaded() -> object:
    """App factory for ``serve --reload``."""
    from server.app import create_app  # noqa: PLC0415

    return create_app(load_settings())


@app.command()
def worker() -> None:
    """Run background jobs (mails, imports, housekeeping) in a process of their own."""
    import asyncio  # noqa: PLC0415

    from server import jobs  # noqa: PLC0415
    from server.db.engine import make_engine, make_sessions  # noqa: PLC0415
    from server.http.requestlog import configure_logging  # noqa: PLC0415
    from server.services import make_services  # noqa: PLC0415

    settings = load_settings()
    configure_logging(as_json=settings.environment == "production")

    async def run(url: str) -> None:
        services = make_services(settings)
        engine = make_engine(url, 4)
        queue = jobs.make_jobs(url)
        sessions = make_sessions(
            engine,
            clock=services.clock,
            jobs=queue,
            base_url=settings.base_url,
            signer=services.signer,
        )
        async with jobs.worker(queue, sessions, services, settings) as running:
            await running

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(KeyboardInterrupt), database(settings) as url:
        asyncio.run(run(url))


@app.command()
def stop() -> None:
    """Stop the private database, if it is running (a killed server may leave it behind)."""
    from server.db import embedded  # noqa: PLC0415

    if embedded.stop_if_running(load_settings().var_dir / "db"):
        say("データベースを止めました。")


@app.command()
def doctor() -> None:
    """Say what is there and what is missing, without changing anything."""
    from server.doctor import checks  # noqa: PLC0415

    bad = 0
    for name, good, advice in checks(load_settings()):
        say(f"{'○' if good else '×'} {name}" + ("" if good else f" — {advice}"))
        bad += not good
    raise typer.Exit(1 if bad else 0)


def main() -> None:
    """Entry point of the ``machipika`` command; works from any folder."""
    app()


if __name__ == "__main__":
    main()
