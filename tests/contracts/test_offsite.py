"""Nothing comes from anywhere else: no CDN, no font service, no tracker, no forgotten link."""

import re
import subprocess
from pathlib import Path

import pytest

from server.settings import ROOT

_ADDRESS = re.compile(r"""(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s"'<>)`\]]*""", re.I)
# Address prefix → where it may stand, and why.
ALLOWED = {
    "http://www.w3.org/": ("", "names of SVG and XML, never fetched"),
    "http://www.opengis.net/": ("", "names of KML and GML, never fetched"),
    "https://schema.org": ("server/publiclife/structured.py", "names of events, never fetched"),
    "http://www.sitemaps.org/": ("server/publiclife/", "the name of a format, never fetched"),
    "http://schemas.": ("", "names of schemas, never fetched"),
    "https://api.line.me": ("server/settings.py", "messages to LINE, if the city has an account"),
    "https://cyberjapandata.gsi.go.jp/": ("server/settings.py", "the default tile server"),
    "https://maps.gsi.go.jp/": ("server/settings.py", "its attribution, which must be a link"),
    "https://social-plugins.line.me/": ("templates/", "the LINE share link, opened by a tap"),
    "https://line.me/": ("templates/", "the LINE share link, opened by a tap"),
}
_SAMPLES = re.compile(r"//[\w.-]*\bexample(?:\.(?:jp|com|org|net))?\b|//(?:127\.0\.0\.1|localhost)")
# In two pieces, so that this list does not find itself.
CDN_HOSTS = [
    host + "." + rest
    for host, rest in (
        ("jsdelivr", "net"), ("unpkg", "com"), ("cdnjs", "cloudflare"), ("googleapis", "com"),
        ("gstatic", "com"), ("bootstrapcdn", "com"), ("code.jquery", "com"), ("esm", "sh"),
        ("skypack", "dev"), ("rawgit", "com"), ("fontawesome", "com"), ("typekit", "net"),
        ("google-analytics", "com"), ("googletagmanager", "com"), ("tile.openstreetmap", "org"),
    )
]  # fmt: skip
_REGISTRIES = [
    ".".join(p) for p in (("registry", "npmjs"), ("pypi", "org"), ("pythonhosted", "org"))
]
_SEEN_BY_BROWSERS = ("templates/", "static/", "server/", "geo/")
_TEXT = {".html", ".txt", ".js", ".css", ".py", ".svg", ".json", ".sql", ".mako"}


def kept_files() -> list[Path]:
    """What git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _is_allowed(address: str, name: str) -> bool:
    if _SAMPLES.search(address):
        return True
    return any(
        address.startswith(prefix) and name.startswith(place)
        for prefix, (place, _why) in ALLOWED.items()
    )


def foreign_addresses(text: str, name: str) -> list[str]:
    """Addresses in a file that are neither allowed there nor samples."""
    return [
        f"{name}:{number}: {found[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        for found in _ADDRESS.finditer(line)
        if not _is_allowed(found[0], name)
    ]


def test_no_address_of_others_in_what_browsers_get() -> None:
    wrong = []
    for path in kept_files():
        name = str(path.relative_to(ROOT))
        if name.startswith(_SEEN_BY_BROWSERS) and path.suffix in _TEXT:
            wrong += foreign_addresses(_text(path), name)
    assert wrong == []


@pytest.mark.parametrize("host", [*CDN_HOSTS, *_REGISTRIES])
def test_no_cdn_and_no_registry_is_named_anywhere(host: str) -> None:
    hits = [str(p.relative_to(ROOT)) for p in kept_files() if host in _text(p)]
    assert hits == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('<script src="https://x.evil.io/a.js">', "templates/base.html"),
        ("@import url(//fonts.evil.io/css);", "static/css/base.css"),
        ("https://cyberjapandata.gsi.go.jp/xyz", "templates/base.html"),
    ],
)
def test_the_scanner_finds_addresses(text: str, name: str) -> None:
    assert foreign_addresses(text, name)
