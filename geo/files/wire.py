"""Requests and answers between parent and child as JSON lines; shapes as WKB in base64.

Never pickle: a child that a hostile file has taken over must not be able to run code in the
parent. What comes back is built field by field, and a wrong type is a ValueError.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, cast, get_args

import shapely
from shapely.geometry.base import BaseGeometry

from geo.files.model import (
    AreaRow,
    AxesSwapped,
    FileInfo,
    Finding,
    Limits,
    Needs,
    ReadOptions,
    ReadResult,
    Severity,
)

Task = Literal["read", "inspect"]
_OPTION_KEYS = ("srid", "swap_axes", "layer", "encoding", "margin_m")
_MAPPING_KEYS = ("field_map", "value_map", "defaults")


def dump(message: Mapping[str, object]) -> bytes:
    """One line. ASCII only, so that a stray separator can never split it."""
    return json.dumps(message, ensure_ascii=True).encode("ascii") + b"\n"


def request(task: Task, path: Path, filename: str, options: ReadOptions, limits: Limits) -> bytes:
    """What the child is asked to do."""
    plain = {key: getattr(options, key) for key in _OPTION_KEYS}
    plain["value_map"] = {key: dict(value) for key, value in options.value_map.items()}
    plain |= {key: dict(getattr(options, key)) for key in ("field_map", "defaults")}
    plain["boundary"] = pack(options.boundary)
    return dump(
        {
            "task": task,
            "path": str(path),
            "filename": filename,
            "options": plain,
            "limits": asdict(limits),
        }
    )


def parse_request(line: bytes) -> tuple[Task, Path, str, ReadOptions, Limits]:
    """The child's side of `request`; it comes from our own parent and is trusted."""
    message = json.loads(line)
    plain = message["options"]
    options = ReadOptions(
        **{key: plain[key] for key in (*_OPTION_KEYS, *_MAPPING_KEYS)},
        boundary=unpack(plain["boundary"]),
    )
    limits = Limits(**message["limits"])
    return message["task"], Path(message["path"]), message["filename"], options, limits


def pack(geometry: BaseGeometry | None) -> str | None:
    """Geometry as text."""
    return None if geometry is None else base64.b64encode(shapely.to_wkb(geometry)).decode()


def unpack(text: object) -> BaseGeometry | None:
    """Geometry from text. Raises ValueError."""
    if text is None:
        return None
    try:
        return shapely.from_wkb(base64.b64decode(_text(text), validate=True))
    except shapely.GEOSException as error:
        raise ValueError("geometry") from error


def row_message(row: AreaRow) -> dict[str, object]:
    """A row as a message."""
    plain: dict[str, object] = {
        key: getattr(row, key)
        for key in ("number", "code", "name", "name_kana", "kind", "manager", "section")
    }
    return plain | {
        "t": "row",
        "geometry": pack(row.geometry),
        "offered": pack(row.offered),
        "findings": [_finding_message(f) for f in row.findings],
    }


def parse_row(message: Mapping[str, Any]) -> AreaRow:
    """A row from a message. Raises ValueError or KeyError for anything odd."""
    return AreaRow(
        number=_number(message["number"]),
        code=_text(message["code"]),
        name=_text(message["name"]),
        name_kana=_text(message["name_kana"]),
        kind=_text_or_none(message["kind"]),
        manager=_text_or_none(message["manager"]),
        section=_text(message["section"]),
        geometry=unpack(message["geometry"]),
        offered=unpack(message["offered"]),
        findings=_findings(message["findings"]),
    )


def parse_progress(message: Mapping[str, Any]) -> tuple[int, int]:
    """(done, total). Raises ValueError or KeyError."""
    return _number(message["done"]), _number(message["total"])


def result_message(result: ReadResult) -> dict[str, object]:
    """A result without its rows as a message; the rows went before."""
    return _about(result) | {"t": "result", "needs": result.needs, "swap": result.axes_swapped}


def parse_result(message: Mapping[str, Any], rows: tuple[AreaRow, ...]) -> ReadResult:
    """A result from a message and the rows that came before it. Raises ValueError, KeyError."""
    needs, swap = message["needs"], message["swap"]
    if needs not in (None, *get_args(Needs)) or swap not in get_args(AxesSwapped):
        raise ValueError("result")
    return ReadResult(
        rows=rows, needs=needs, axes_swapped=cast(AxesSwapped, swap), **_parse_about(message)
    )


def info_message(info: FileInfo) -> dict[str, object]:
    """A FileInfo as a message."""
    return _about(info) | {"t": "info", "feature_count": info.feature_count}


def parse_info(message: Mapping[str, Any]) -> FileInfo:
    """A FileInfo from a message. Raises ValueError or KeyError."""
    return FileInfo(feature_count=_number(message["feature_count"]), **_parse_about(message))


def _about(item: ReadResult | FileInfo) -> dict[str, object]:
    return {
        "format": item.format,
        "layers": item.layers,
        "layer": item.layer,
        "srid": item.srid,
        "crs_name": item.crs_name,
        "encoding": item.encoding,
        "fields": item.fields,
        "columns": dict(item.columns),
        "notes": [_finding_message(f) for f in item.notes],
    }


def _parse_about(message: Mapping[str, Any]) -> dict[str, Any]:
    srid = message["srid"]
    return {
        "format": _text(message["format"]),
        "layers": tuple(_text(item) for item in _items(message["layers"])),
        "layer": _text_or_none(message["layer"]),
        "srid": None if srid is None else _number(srid),
        "crs_name": _text_or_none(message["crs_name"]),
        "encoding": _text_or_none(message["encoding"]),
        "fields": tuple(_text(item) for item in _items(message["fields"])),
        "columns": {_text(k): _text(v) for k, v in dict(message["columns"]).items()},
        "notes": _findings(message["notes"]),
    }


def _finding_message(item: Finding) -> dict[str, object]:
    return {"code": item.code, "severity": item.severity, "detail": dict(item.detail)}


def _findings(items: object) -> tuple[Finding, ...]:
    found = []
    for item in _items(items):
        if item["severity"] not in get_args(Severity) or not isinstance(item["detail"], dict):
            raise ValueError("finding")
        found.append(Finding(_text(item["code"]), item["severity"], item["detail"]))
    return tuple(found)


def _items(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("number")
    return value
