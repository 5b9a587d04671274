"""What a machine needs, checked one by one for ``machipika doctor``."""

import json
import shutil
import subprocess
from collections.abc import Iterator

import psycopg

from server.db import embedded
from server.db.engine import libpq_url
from server.settings import ROOT, Settings

Check = tuple[str, bool, str]


def checks(settings: Settings) -> Iterator[Check]:
    """``(what, is it good, what to do if not)``."""
    if settings.database_url:
        yield _database(settings)
    else:
        yield _binaries()
    yield _pdf()
    vendor = ROOT / "static/vendor/manifest.json"
    there = vendor.exists() and bool(json.loads(vendor.read_text(encoding="utf-8")))
    yield ("画面の部品 (static/vendor)", there, "make setup を実行してください")
    free = shutil.disk_usage(ROOT).free
    yield ("ディスクの空き 500MB 以上", free > 500e6, "空きを作ってください")


def _pdf() -> Check:
    """PDFs need Pango's libraries and a font that has Japanese."""
    advice = "fonts-noto-cjk と libpangoft2-1.0-0 を入れてください"
    if shutil.which("fc-list") is None:
        return ("PDF の部品", False, advice)
    found = subprocess.run(["fc-list", ":lang=ja"], capture_output=True, check=False)  # noqa: S607
    try:
        import weasyprint  # noqa: F401, PLC0415 - slow, and only its loading is asked about
    except OSError:
        return ("PDF の部品", False, advice)
    return ("PDF の部品と日本語のフォント", bool(found.stdout.strip()), advice)


def _binaries() -> Check:
    try:
        found = embedded.find_binaries()
    except embedded.EmbeddedError as error:
        return ("PostgreSQL と PostGIS", False, str(error))
    return (f"PostgreSQL と PostGIS ({found})", True, "")


def _database(settings: Settings) -> Check:
    try:
        with psycopg.connect(libpq_url(settings.database_url), connect_timeout=5) as connection:
            row = connection.execute("SELECT postgis_lib_version()").fetchone()
    except psycopg.Error as error:
        return ("データベース", False, str(error).strip())
    return (f"データベース (PostGIS {row[0] if row else '?'})", True, "")
