"""Which format a file is, by its first bytes. The name only decides between texts."""

import stat
from codecs import BOM_UTF8
from pathlib import Path, PurePosixPath

from geo.files.model import FileError, Finding, Limits, finding
from geo.files.text import decode_text

_HEAD_BYTES = 4096
_TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
_SUFFIXES = {
    "geojson": frozenset({".geojson", ".json"}),
    "zip": frozenset({".zip", ".kmz"}),
    "gpkg": frozenset({".gpkg"}),
    "kml": frozenset({".kml"}),
    "csv": _TABLE_SUFFIXES,
}
# Formats people do bring, so that the message can say what to do.
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "excel"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF", "pdf"),
    (b"\x00\x00\x27\x0a", "bare_shp"),
)


def check_file(path: Path, limits: Limits) -> int:
    """Size in bytes of a plain, non-empty file within the limit. Raises FileError."""
    try:
        info = path.stat()
    except OSError:
        raise FileError("broken", reason="not_there") from None
    if not stat.S_ISREG(info.st_mode):
        raise FileError("broken", reason="not_a_file")
    if info.st_size == 0:
        raise FileError("empty_file")
    if info.st_size > limits.max_file_bytes:
        raise FileError("too_large", size_bytes=info.st_size, max_bytes=limits.max_file_bytes)
    return info.st_size


def suffix_of(filename: str) -> str:
    """Lower-case extension of a name as a browser sent it, with any path cut off."""
    return PurePosixPath(filename.replace("\\", "/").replace("\x00", "")).suffix.lower()


def sniff(path: Path, filename: str) -> str:
    """ "geojson", "zip", "gpkg", "kml" or "csv". Raises FileError(unknown_format)."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"SQLite format 3\x00"):
        return "gpkg"
    for magic, name in _OTHERS:
        if head.startswith(magic):
            raise FileError("unknown_format", looks_like=name)
    first = _first_sign(head)
    if first == "{":
        return "geojson"
    if first == "<":
        return "kml"
    if suffix_of(filename) in _TABLE_SUFFIXES:
        return "csv"
    raise FileError("unknown_format")


def _first_sign(head: bytes) -> str:
    """The first character that is not blank, in whatever encoding; "" if there is none."""
    for cut in range(4):  # the head may end inside a character
        try:
            text, _ = decode_text(head[: len(head) - cut])
        except FileError:
            continue
        return text.lstrip("\ufeff \t\r\n")[:1]
    # A bad byte further on: let the reader of that format say so.
    return head.removeprefix(BOM_UTF8).lstrip()[:1].decode("ascii", "ignore")


def name_notes(kind: str, filename: str) -> tuple[Finding, ...]:
    """A note when the name promises another format than the content is."""
    suffix = suffix_of(filename)
    if suffix in _SUFFIXES[kind]:
        return ()
    return (finding("extension_mismatch", suffix=suffix[:10]),)
