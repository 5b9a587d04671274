"""What is kept of a result and a plan: jsonb for the preview, without any shape."""

import math
from typing import Any

from geo.files import Finding, ReadResult
from server.areas.import_plan import Line


def about_json(result: ReadResult) -> dict[str, Any]:
    """How a file was read, or the question it leaves open."""
    kept = {
        key: getattr(result, key)
        for key in ("format", "needs", "layer", "srid", "crs_name", "axes_swapped", "encoding")
    }
    more = {
        "layers": list(result.layers),
        "columns": dict(result.columns),
        "notes": [_finding(note) for note in result.notes],
    }
    stored: dict[str, Any] = storable(kept | more)
    return stored


def _finding(found: Finding) -> dict[str, Any]:
    return {"code": found.code, "severity": found.severity, "detail": dict(found.detail)}


def line_json(line: Line) -> dict[str, Any]:
    """A row of the preview as it is stored and shown."""
    stored: dict[str, Any] = storable(
        {
            "number": line.number,
            "action": line.action,
            "code": line.code,
            "name": line.name,
            "kind": line.kind,
            "changes": [[c.field, c.before, c.after] for c in line.changes],
            "moved_m": line.moved_m,
            "findings": [_finding(f) for f in line.findings],
            "fixed": line.fixed,
        }
    )
    return stored


def storable(value: Any) -> Any:
    """Fit for jsonb: no NUL, no half characters; names of layers come as the file has them."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:200]
