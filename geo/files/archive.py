"""Zips: looked at before anything is taken out, and taken out only under names of our own."""

import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from geo.files.model import FileError, Limits

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_RATIO_FREE_BYTES = 5 * 1024**2  # an honest, mostly blank .dbf shrinks 100 times
_CHUNK_BYTES = 256 * 1024
_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_LOCAL_HEADER_BYTES = 30


@dataclass(frozen=True)
class Archive:
    """A checked zip. `shapefiles` and `kmls` are layer name → member(s)."""

    kind: Literal["shapefile", "kmz"]
    shapefiles: dict[str, dict[str, zipfile.ZipInfo]]
    kml: zipfile.ZipInfo | None


def open_archive(path: Path, limits: Limits) -> Archive:
    """What a zip holds. Raises FileError for bombs, odd names, passwords, nothing of use."""
    try:
        with zipfile.ZipFile(path) as zipped:
            members = zipped.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        raise FileError("broken", reason="zip") from None
    _check_members(members, path.stat().st_size, limits)
    names = {info.filename: _shown_name(info) for info in members}
    files = [
        info for info in members if not info.is_dir() and not _is_clutter(names[info.filename])
    ]
    shapefiles = _group_shapefiles(files, names)
    if shapefiles:
        return Archive("shapefile", shapefiles, None)
    kmls = [info for info in files if _suffix(names[info.filename]) == ".kml"]
    if kmls:
        # The rule of KMZ: doc.kml, or else the first .kml at the root.
        root = min(kmls, key=lambda info: (info.filename.count("/"), info.filename != "doc.kml"))
        return Archive("kmz", {}, root)
    raise _nothing_found([names[info.filename] for info in files])


def _nothing_found(names: list[str]) -> FileError:
    if any(name.startswith("xl/") for name in names):
        return FileError("unknown_format", looks_like="excel")
    found = sorted({_suffix(name) for name in names} - {""})[:10]
    return FileError("no_shapefile_in_zip", found=found)


def _check_members(members: list[zipfile.ZipInfo], zip_bytes: int, limits: Limits) -> None:
    if len(members) > limits.max_zip_entries:
        raise FileError("zip_entries", count=len(members), max_entries=limits.max_zip_entries)
    for info in members:
        _check_name(info)
    if any(info.flag_bits & _ENCRYPTED for info in members):
        raise FileError("zip_encrypted")
    total = sum(info.file_size for info in members)
    if total > limits.max_unzipped_bytes:
        raise FileError("zip_bomb", unzipped_bytes=total)
    if total > _RATIO_FREE_BYTES and total > zip_bytes * limits.max_zip_ratio:
        raise FileError("zip_bomb", ratio=total // max(zip_bytes, 1))
    _check_overlap(members)


def _check_overlap(members: list[zipfile.ZipInfo]) -> None:
    """Entries that share their bytes make a bomb without a telling ratio per entry."""
    end = 0
    for info in sorted(members, key=lambda i: i.header_offset):
        if info.header_offset < end:
            raise FileError("zip_bomb", reason="overlap")
        end = info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size


def _check_name(info: zipfile.ZipInfo) -> None:
    """Refuse names that point elsewhere. We never use them, but no honest zip has them."""
    raw = info.orig_filename
    parts = raw.replace("\\", "/").split("/")
    is_link = stat.S_ISLNK(info.external_attr >> 16)
    has_drive = len(parts[0]) == 2 and parts[0][1] == ":"
    if is_link or has_drive or parts[0] == "" or ".." in parts or "\x00" in raw:
        raise FileError("zip_path", name=raw[:80].replace("\x00", "?"))


def _shown_name(info: zipfile.ZipInfo) -> str:
    """The name as its maker saw it: Windows in Japan writes CP932 without saying so."""
    name = info.filename.replace("\\", "/")
    if info.flag_bits & _UTF8_NAME:
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for codec in ("utf-8", "cp932"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return name


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _is_clutter(name: str) -> bool:
    """Finder's shadow files, which look like shapefile parts but are not."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith(".")


def _group_shapefiles(
    files: list[zipfile.ZipInfo], names: dict[str, str]
) -> dict[str, dict[str, zipfile.ZipInfo]]:
    """Layer name → its parts. A layer is called by its file name, or path if that is taken."""
    groups: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for info in files:
        path = PurePosixPath(names[info.filename])
        suffix = path.suffix.lower()
        if suffix not in SHAPEFILE_PARTS:
            continue
        parts = groups.setdefault(str(path.with_suffix("")).lower(), {})
        if suffix in parts:
            raise FileError("several_shapefiles", name=path.stem[:80])
        parts[suffix] = info
    layers: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for parts in groups.values():
        if ".shp" not in parts:
            continue
        whole = PurePosixPath(names[parts[".shp"].filename]).with_suffix("")
        layers[whole.name if whole.name not in layers else str(whole)] = parts
    return layers


def extract(path: Path, info: zipfile.ZipInfo, target: Path, room_bytes: int) -> int:
    """Write one member to `target`; bytes written. Counts while reading: headers may lie.

    Raises FileError(zip_bomb) beyond `room_bytes`, FileError(broken) for damage.
    """
    written = 0
    try:
        with (
            zipfile.ZipFile(path) as zipped,
            zipped.open(info) as source,
            target.open("xb") as out,
        ):
            while chunk := source.read(_CHUNK_BYTES):
                written += len(chunk)
                if written > room_bytes:
                    raise FileError("zip_bomb", reason="size")
                out.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError):
        raise FileError("broken", reason="zip") from None
    except (NotImplementedError, RuntimeError):  # compression or encryption we do not know
        raise FileError("broken", reason="zip_method") from None
    return written


def extract_shapefile(
    path: Path, parts: dict[str, zipfile.ZipInfo], folder: Path, limits: Limits
) -> Path:
    """Take one shapefile out as layer.shp, layer.dbf, …; the path of the .shp."""
    room = limits.max_unzipped_bytes
    for suffix, info in parts.items():
        room -= extract(path, info, folder / f"layer{suffix}", room)
    return folder / "layer.shp"
