"""Reading area files that people bring: GeoJSON, Shapefile (zip), GeoPackage, KML/KMZ, CSV.

Callers use `run_isolated` and `inspect_isolated`: the file is opened only in a child process with
limits on memory, time and disk. The same work in the calling process is `geo.files.reading`, for
the child and for tests; it is left out here on purpose.
"""

from geo.files.isolate import inspect_isolated, run_isolated
from geo.files.model import (
    FILE_ERROR_CODES,
    FINDING_SEVERITY,
    AreaRow,
    FileError,
    FileInfo,
    Finding,
    Limits,
    ReadOptions,
    ReadResult,
)
from geo.files.words import KIND_LABELS, MANAGER_LABELS, TARGETS

__all__ = [
    "FILE_ERROR_CODES",
    "FINDING_SEVERITY",
    "KIND_LABELS",
    "MANAGER_LABELS",
    "TARGETS",
    "AreaRow",
    "FileError",
    "FileInfo",
    "Finding",
    "Limits",
    "ReadOptions",
    "ReadResult",
    "inspect_isolated",
    "run_isolated",
]
