"""What goes into the reading of an area file and what comes out, as frozen dataclasses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pyproj import CRS
from shapely.geometry.base import BaseGeometry

Severity = Literal["refuse", "repairable", "warn"]
Needs = Literal["crs", "layer"]
AxesSwapped = Literal["no", "asked", "auto"]
Progress = Callable[[int, int], None]

# Why a whole file is refused. The screens have one Japanese sentence for each.
FILE_ERROR_CODES = frozenset(
    {
        "unknown_format",  # none of the formats; detail: what it looks like, if known
        "empty_file",
        "broken",  # of a known format, but damaged; detail.reason
        "too_large",
        "too_many_features",
        "too_many_vertices",
        "zip_bomb",
        "zip_path",  # a name in the zip points outside it, or is a link
        "zip_encrypted",
        "zip_entries",  # more files inside than allowed
        "no_shapefile_in_zip",
        "several_shapefiles",  # two shapefiles that cannot be told apart by name
        "xml_entities",
        "unreadable_encoding",
        "no_geometry_column",
        "no_layer",  # the asked layer is not there, or there is none
        "unknown_crs",  # the asked SRID does not exist
        "mixed_crs",  # rows of one file state different SRIDs
        "timeout",
        "memory",
        "crashed",  # the child ended without an answer
    }
)

# What can be said about one row (or, for the last group, about the file).
FINDING_SEVERITY: Mapping[str, Severity] = {
    "empty_geometry": "refuse",
    "broken_geometry": "refuse",
    "unsupported_type": "refuse",  # points; collections that mix lines and areas
    "points_dropped": "repairable",  # label points beside the line or area
    "too_many_vertices": "refuse",
    "not_finite": "refuse",
    "zero_length": "refuse",
    "self_crossing": "repairable",
    "swapped_lonlat": "repairable",
    "outside": "refuse",
    "partly_outside": "warn",
    "missing_name": "refuse",
    "unknown_kind": "refuse",
    "unknown_manager": "refuse",
    "duplicate_code": "refuse",
    "duplicate_geometry": "warn",
    "text_too_long": "refuse",
    "text_cut": "warn",  # the file itself holds half a character at the end
    "unreadable_text": "refuse",
    "control_characters": "warn",
    "formula_text": "warn",  # a spreadsheet would run it; our exports guard it
    # about the whole file (ReadResult.notes)
    "axes_swapped": "warn",
    "crs_assumed": "warn",
    "crs_overridden": "warn",
    "old_datum": "warn",
    "encoding_guessed": "warn",
    "extension_mismatch": "warn",
}


class FileError(Exception):
    """The file as a whole cannot be read. `code` is one of FILE_ERROR_CODES."""

    def __init__(self, code: str, **detail: object) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Limits:
    """How much one file may cost. Numbers far above any honest area file of a city."""

    max_file_bytes: int = 50 * 1024**2
    max_unzipped_bytes: int = 200 * 1024**2
    max_zip_ratio: int = 100
    max_zip_entries: int = 200
    max_features: int = 50_000
    max_vertices_per_feature: int = 20_000
    max_vertices_total: int = 2_000_000
    max_seconds: int = 60
    max_memory_bytes: int = 2 * 1024**3


@dataclass(frozen=True)
class ReadOptions:
    """What the user answered, and what the city knows.

    `swap_axes` None = find out. `field_map` says target → column name in the file ("" = no such
    column); `value_map` says target → {text in the file → code}; `defaults` fills empty kind,
    manager, section. `boundary` is EPSG:4326, widened by `margin_m` before comparing.
    """

    srid: int | None = None
    swap_axes: bool | None = None
    layer: str | None = None
    encoding: str | None = None
    field_map: Mapping[str, str] = field(default_factory=dict)
    value_map: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    boundary: BaseGeometry | None = None
    margin_m: float = 200.0


@dataclass(frozen=True)
class Finding:
    """One remark. `detail` holds only numbers and short texts, for the sentence shown."""

    code: str
    severity: Severity
    detail: Mapping[str, object] = field(default_factory=dict)


def finding(code: str, severity: Severity | None = None, **detail: object) -> Finding:
    """A Finding with its usual severity from FINDING_SEVERITY, unless another is given."""
    return Finding(code, severity or FINDING_SEVERITY[code], detail)


@dataclass(frozen=True)
class AreaRow:
    """One area as read. Geometries are 2D, EPSG:4326, (lon, lat).

    `geometry` is what the file says (None if unusable); `offered` is the repaired, swapped or
    cleaned one, present when every fault of the geometry is of severity "repairable".
    `number` is what the user sees: the spreadsheet row for CSV (headings = 1), else the place
    of the feature in the file, from 1.
    """

    number: int
    code: str
    name: str
    name_kana: str
    kind: str | None
    manager: str | None
    section: str
    geometry: BaseGeometry | None
    offered: BaseGeometry | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def refused(self) -> bool:
        """True if the row cannot be taken, whatever the user accepts."""
        return any(f.severity == "refuse" for f in self.findings)

    @property
    def repairable(self) -> bool:
        """True if the row can be taken only with the geometry in `offered`."""
        return not self.refused and any(f.severity == "repairable" for f in self.findings)


@dataclass(frozen=True)
class FileInfo:
    """What a file holds, before reading its rows. `columns` is target → column, as guessed.

    `srid` and `crs_name` are None when the file does not say; srid alone is None when the CRS has
    no EPSG number. `layer` is the one that was looked at; None = several, the user must choose.
    """

    format: str
    layers: tuple[str, ...]
    layer: str | None
    feature_count: int
    srid: int | None
    crs_name: str | None
    fields: tuple[str, ...]
    columns: Mapping[str, str]
    encoding: str | None
    notes: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class ReadResult:
    """The rows of a file, or (`needs`) the question to ask before they can be read."""

    format: str
    rows: tuple[AreaRow, ...]
    needs: Needs | None
    layers: tuple[str, ...]
    layer: str | None
    srid: int | None
    crs_name: str | None
    axes_swapped: AxesSwapped
    encoding: str | None
    fields: tuple[str, ...]
    columns: Mapping[str, str]
    notes: tuple[Finding, ...] = ()


# ---- between the readers and the checks; not for callers ----


@dataclass(frozen=True)
class RawFeature:
    """One feature as the format's reader gives it: texts by column, geometry in the file's CRS."""

    number: int
    values: Mapping[str, str]
    geometry: BaseGeometry | None
    problems: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Source:
    """An opened file. `features` takes the columns that are wanted and reads once through.

    `crs` None = the file does not say. `crs_default`: the format means degrees unless the numbers
    speak against it. `x_is_north`: the headings are those of a Japanese survey.
    """

    format: str
    layers: tuple[str, ...]
    layer: str | None
    fields: tuple[str, ...]
    crs: CRS | None
    encoding: str | None
    feature_count: int
    features: Callable[[frozenset[str]], Iterator[RawFeature]]
    crs_default: bool = False
    x_is_north: bool = False
    notes: tuple[Finding, ...] = ()
