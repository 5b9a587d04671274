"""What bringing in a file would do: each row beside the area it means. Pure: no database, no I/O.

The same plan is made for the preview and again when it is applied, under the lock; only if both
have the same fingerprint is anything written.
"""

import hashlib
import re
import unicodedata
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import shapely
from shapely.geometry.base import BaseGeometry, BaseMultipartGeometry

from geo.crs import WGS84, project
from geo.files import AreaRow, Finding
from geo.files.text import clean_kana
from server.areas.models import MAX_VERTICES

Action = Literal["create", "change", "same", "refused"]
ACTIONS: tuple[Action, ...] = ("refused", "create", "change", "same")
Progress = Callable[[int, int], None]

_AREA_CODE = re.compile(r"A-([0-9]{4,})")
_MAX_CODE_DIGITS = 6  # the numbering goes on after the highest code: a typing error would stay
_MAX_NAME_CHARS = 120
_SAME_DEGREES = 2e-7  # 2 cm: what rounding and a way through another CRS may move
_MAX_COMPARISONS = 25_000_000
_GUARDED = re.compile(r"^'(?=[=+\-@＝＋－＠])")  # our CSV puts ' before what Excel would calculate
_PROGRESS_EVERY = 500
# CP932 has one code for both of each pair, so a file brings back the other one.
LOOKALIKES = str.maketrans("〜−‖¢£¬", "～－∥￠￡￢")


@dataclass(frozen=True)
class Existing:
    """An area as it is in the register. ``geometry`` is EPSG:4326, (lon, lat)."""

    id: uuid.UUID
    code: str
    name: str
    name_kana: str
    kind: str
    manager: str
    section: str
    source_ref: str | None
    retired: bool
    geometry: BaseGeometry


@dataclass(frozen=True)
class Change:
    """One field before and after; ``geometry`` carries no texts (see ``Line.moved_m``)."""

    field: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Line:
    """One row of the file: what would happen and why. ``values`` is what would be written."""

    number: int
    action: Action
    code: str
    name: str
    kind: str
    values: Mapping[str, str | None] = field(default_factory=dict)
    geometry: BaseGeometry | None = None
    target: Existing | None = None
    changes: tuple[Change, ...] = ()
    moved_m: float | None = None
    findings: tuple[Finding, ...] = ()
    fixed: bool = False

    @property
    def repairable(self) -> bool:
        """Refused only because nobody has allowed the repair yet."""
        return self.action == "refused" and all(f.severity != "refuse" for f in self.findings)


@dataclass(frozen=True)
class Plan:
    """All rows, and a fingerprint of everything that would be written."""

    lines: tuple[Line, ...]
    fingerprint: str

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of each action; ``repairable`` is part of ``refused``."""
        found = Counter(line.action for line in self.lines)
        return {action: found[action] for action in ACTIONS} | {
            "rows": len(self.lines),
            "repairable": sum(line.repairable for line in self.lines),
            "fixed": sum(line.fixed and line.action != "refused" for line in self.lines),
        }

    @property
    def blocked(self) -> bool:
        """All or nothing: one refused row keeps the whole file out."""
        return any(line.action == "refused" for line in self.lines)

    @property
    def changes_anything(self) -> bool:
        """False for a file that says what the register says already."""
        return any(line.action in ("create", "change") for line in self.lines)


def area_code(text: str) -> str | None:
    """``A-0001`` in any width or case, or None if the text is somebody else's number."""
    match = _AREA_CODE.fullmatch(unicodedata.normalize("NFKC", text).strip().upper())
    return f"A-{int(match[1]):04}" if match else None


def make_plan(
    rows: Sequence[AreaRow],
    existing: Iterable[Existing],
    *,
    accept_repairs: bool,
    plane_srid: int,
    progress: Progress | None = None,
) -> Plan:
    """Compare rows with the register. ``existing`` holds at least every area a row may mean."""
    planner = _Planner(rows, existing, accept_repairs, plane_srid)
    lines = []
    for done, row in enumerate(rows, start=1):
        lines.append(planner.line(row))
        if progress and done % _PROGRESS_EVERY == 0:
            progress(done, len(rows))
    return Plan(tuple(lines), _fingerprint(lines))


def _fingerprint(lines: Iterable[Line]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        target = line.target.id if line.target else None
        digest.update(repr((line.number, line.action, target, line.code, line.changes)).encode())
        if line.action in ("create", "change"):
            digest.update(repr(sorted(line.values.items())).encode())
            digest.update(_wkb(line.geometry))
        if line.target and line.action == "change":
            digest.update(_wkb(line.target.geometry))
    return digest.hexdigest()


def _wkb(shape: BaseGeometry | None) -> bytes:
    return shapely.to_wkb(shape) if shape is not None else b""


class _Planner:
    """The register by its three keys, and what earlier rows of the file have claimed."""

    def __init__(
        self, rows: Sequence[AreaRow], existing: Iterable[Existing], repairs: bool, plane_srid: int
    ) -> None:
        self.repairs = repairs
        self.plane_srid = plane_srid
        self.by_code: dict[str, Existing] = {}
        self.by_ref: dict[str, Existing] = {}
        self.by_name: dict[tuple[str, str], list[Existing]] = {}
        for area in existing:
            self.by_code[area.code] = area
            if area.source_ref:
                self.by_ref[area.source_ref] = area
            if not area.retired:
                self.by_name.setdefault((area.kind, _folded(area.name)), []).append(area)
        self.names = Counter((row.kind, _folded(_unguarded(row).name)) for row in rows)
        self.claimed: dict[object, int] = {}

    def line(self, row: AreaRow) -> Line:
        """What the row would do."""
        row = _unguarded(row)
        code, ref = _keys(row)
        findings = [*row.findings, *_own_findings(row, code)]
        target, more = self._target(row, code, ref)
        findings += more
        findings += self._claim(row, target, code, ref)
        found = tuple(findings)
        shown = target.code if target else code or ref or ""
        repaired = any(f.severity == "repairable" for f in found)
        geometry = row.offered if repaired else row.geometry
        bad = any(f.severity == "refuse" for f in found) or (repaired and not self.repairs)
        if bad or geometry is None:
            return Line(
                row.number, "refused", shown, row.name, row.kind or "",
                target=target, findings=found,
            )  # fmt: skip
        values = _values(row, code, ref, target)
        changes, moved_m = self._compare(values, geometry, target)
        action: Action = "create" if target is None else "change" if changes else "same"
        return Line(
            row.number, action, shown, row.name, row.kind or "", values, geometry, target,
            changes, moved_m, found, repaired,
        )  # fmt: skip

    def _target(
        self, row: AreaRow, code: str | None, ref: str | None
    ) -> tuple[Existing | None, list[Finding]]:
        """The area a row means: by our code, by the number of the file, by kind and name."""
        called = _folded(row.name)
        namesakes = self.by_name.get((row.kind or "", called), [])
        if code:
            target = self.by_code.get(code)
            alike = target is None and namesakes
            return _in_force(target, [_warn("same_name", codes=_codes(namesakes))] if alike else [])
        if ref:
            if ref in self.by_ref:
                return _in_force(self.by_ref[ref], _stranger(self.by_ref[ref], row))
            namesakes = [area for area in namesakes if area.source_ref is None]
        elif self.names[(row.kind, called)] > 1:
            return None, [_refuse("same_name_in_file")]
        if len(namesakes) > 1:
            return None, [_refuse("ambiguous", codes=_codes(namesakes))]
        return (namesakes[0] if namesakes else None), []

    def _claim(
        self, row: AreaRow, target: Existing | None, code: str | None, ref: str | None
    ) -> list[Finding]:
        """Two rows must not mean the same area; ``first_row`` says which had it before."""
        keys: list[object] = [target.id] if target else [key for key in (code, ref) if key]
        found = []
        for key in keys:
            first = self.claimed.setdefault(key, row.number)
            if first != row.number and not any(f.code == "duplicate_code" for f in row.findings):
                found.append(_refuse("duplicate_target", first_row=first))
        return found

    def _compare(
        self, values: Mapping[str, str | None], geometry: BaseGeometry, target: Existing | None
    ) -> tuple[tuple[Change, ...], float | None]:
        if target is None:
            return (), None
        changes = []
        for name, after in values.items():
            before = getattr(target, name)
            if after is not None and not _same_text(name, before or "", after):
                changes.append(Change(name, before or "", after))
        if same_shape(target.geometry, geometry):
            return tuple(changes), None
        moved_m = self._moved_m(target.geometry, geometry)
        return (*changes, Change("geometry")), moved_m

    def _moved_m(self, before: BaseGeometry, after: BaseGeometry) -> float | None:
        """The farthest any point is from the other shape; None where that takes too long."""
        if _comparisons(before, after) > _MAX_COMPARISONS:
            return None
        old, new = (project(shape, WGS84, self.plane_srid) for shape in (before, after))
        return round(float(shapely.hausdorff_distance(old, new)), 2)


def _unguarded(row: AreaRow) -> AreaRow:
    """Without the apostrophes our own CSV puts before texts that Excel would calculate."""
    if not any(t.startswith("'") for t in (row.code, row.name, row.name_kana, row.section)):
        return row
    return replace(
        row,
        code=_GUARDED.sub("", row.code),
        name=_GUARDED.sub("", row.name),
        name_kana=_GUARDED.sub("", row.name_kana),
        section=_GUARDED.sub("", row.section),
    )


def _keys(row: AreaRow) -> tuple[str | None, str | None]:
    """(our code, the file's own number): at most one of them."""
    code = area_code(row.code)
    return (code, None) if code else (None, row.code or None)


def _values(
    row: AreaRow, code: str | None, ref: str | None, target: Existing | None
) -> dict[str, str | None]:
    """What is to be written; None = leave as it is. An empty cell never wipes out what is there."""
    return {
        "code": code if target is None else None,
        "name": row.name,
        "name_kana": row.name_kana or None,
        "kind": row.kind,
        "manager": row.manager,
        "section": row.section or None,
        "source_ref": ref if target is None or target.source_ref is None else None,
    }


def _own_findings(row: AreaRow, code: str | None) -> list[Finding]:
    """What the file reader cannot know: the limits of our tables."""
    found = []
    if len(row.name) > _MAX_NAME_CHARS:
        found.append(_refuse("name_too_long", chars=len(row.name), max_chars=_MAX_NAME_CHARS))
    if code and len(code) > len("A-") + _MAX_CODE_DIGITS:
        found.append(_refuse("code_too_big", area=code[:20]))
    shape = row.offered or row.geometry
    if shape is not None and shapely.get_num_coordinates(shape) > MAX_VERTICES:
        count = int(shapely.get_num_coordinates(shape))
        found.append(_refuse("too_many_vertices", count=count, max_vertices=MAX_VERTICES))
    return found


def _refuse(code: str, **detail: object) -> Finding:
    return Finding(code, "refuse", detail)


def _warn(code: str, **detail: object) -> Finding:
    return Finding(code, "warn", detail)


def _codes(areas: Sequence[Existing]) -> str:
    return "、".join(area.code for area in areas[:3])


def _stranger(target: Existing, row: AreaRow) -> list[Finding]:
    """Files number from 1: one with another name in another place means another area."""
    shape = row.offered or row.geometry
    if _same_text("name", target.name, row.name) or shape is None or not shape.is_valid:
        return []
    if shapely.intersects(target.geometry, shape):
        return []
    return [_refuse("number_taken", area=target.code, name=target.name)]


def _in_force(
    target: Existing | None, findings: list[Finding]
) -> tuple[Existing | None, list[Finding]]:
    if target and target.retired:
        return target, [*findings, _refuse("retired", area=target.code)]
    return target, findings


def _same_text(name: str, before: str, after: str) -> bool:
    """Equal as far as files keep texts apart: blanks are joined, kana widened, signs lost."""
    if name == "name_kana":
        before = clean_kana(before)
    return _folded(before) == _folded(after)


def _folded(text: str) -> str:
    return " ".join(text.translate(LOOKALIKES).split())


def same_shape(before: BaseGeometry, after: BaseGeometry) -> bool:
    """Equal but for direction, start of rings, needless MULTI, and 2 cm of rounding."""
    if before.equals_exact(after, _SAME_DEGREES):
        return True
    before, after = _single(before), _single(after)
    if before.geom_type != after.geom_type:
        return False
    if shapely.get_num_coordinates(before) != shapely.get_num_coordinates(after):
        return False
    if any(abs(a - b) > _SAME_DEGREES for a, b in zip(before.bounds, after.bounds, strict=True)):
        return False
    if before.normalize().equals_exact(after.normalize(), _SAME_DEGREES):
        return True
    # Rounding may change which corner counts as the first, so the places themselves decide.
    if _comparisons(before, after) > _MAX_COMPARISONS:
        return False
    return bool(shapely.hausdorff_distance(before, after) <= _SAME_DEGREES)


def _single(shape: BaseGeometry) -> BaseGeometry:
    if isinstance(shape, BaseMultipartGeometry) and len(shape.geoms) == 1:
        only: BaseGeometry = shape.geoms[0]
        return only
    return shape


def _comparisons(before: BaseGeometry, after: BaseGeometry) -> int:
    return int(shapely.get_num_coordinates(before)) * int(shapely.get_num_coordinates(after))
