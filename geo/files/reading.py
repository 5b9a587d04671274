"""From a file on disk to checked rows: the one road all formats take."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.files import archive, checks, gdal, geojson, kml, sniff, table
from geo.files.axes import margin_around, place, srid_of, to_lonlat
from geo.files.model import (
    AreaRow,
    FileError,
    FileInfo,
    Limits,
    Needs,
    Progress,
    RawFeature,
    ReadOptions,
    ReadResult,
    Source,
)
from geo.files.words import match_columns

_PROGRESS_EVERY = 200
_SAMPLE_FEATURES = 200


class _NeedsLayer(Exception):
    """Several layers and none chosen."""

    def __init__(self, kind: str, layers: tuple[str, ...]) -> None:
        super().__init__(kind)
        self.kind = kind
        self.layers = layers


def inspect_file(
    path: Path, filename: str, limits: Limits | None = None, options: ReadOptions | None = None
) -> FileInfo:
    """What the file holds, without its rows. Raises FileError.

    For files from strangers use `inspect_isolated`.
    """
    limits, options = limits or Limits(), options or ReadOptions()
    try:
        with np.errstate(all="ignore"), _opened(path, filename, options, limits) as source:
            crs = place(source, _sample(source), options).crs
            return FileInfo(
                source.format,
                source.layers,
                source.layer,
                source.feature_count,
                srid_of(crs),
                crs.name if crs else None,
                source.fields,
                _columns(source, options),
                source.encoding,
                (*source.notes, *sniff.name_notes(_family(source.format), filename)),
            )
    except _NeedsLayer as ask:
        return FileInfo(ask.kind, ask.layers, None, 0, None, None, (), {}, None)


def read_areas(
    path: Path,
    filename: str,
    options: ReadOptions | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> ReadResult:
    """All rows of the file, checked, or the question to ask first. Raises FileError.

    `filename` is the name the user knows; it is never opened. `progress(done, total)` is called
    now and then. For files from strangers use `run_isolated`.
    """
    limits, options = limits or Limits(), options or ReadOptions()
    try:
        with np.errstate(all="ignore"), _opened(path, filename, options, limits) as source:
            return _read(source, filename, options, limits, progress)
    except _NeedsLayer as ask:
        return ReadResult(
            ask.kind, (), "layer", ask.layers, None, None, None, "no", None, (), {}, ()
        )


def _read(
    source: Source, filename: str, options: ReadOptions, limits: Limits, progress: Progress | None
) -> ReadResult:
    placement = place(source, _sample(source), options)
    columns = _columns(source, options)
    rows: tuple[AreaRow, ...] = ()
    needs: Needs | None = "crs"
    if placement.crs is not None:
        needs = None
        city = margin_around(options.boundary, options.margin_m) if options.boundary else None
        move = to_lonlat(placement.crs, swap=placement.swap != "no")
        rules = checks.Rules(limits, options, columns, move, city)
        counted = _counted(source, frozenset(columns.values()), limits, progress)
        rows = tuple(checks.mark_duplicates(checks.check_row(raw, rules) for raw in counted))
    notes = (
        *source.notes,
        *sniff.name_notes(_family(source.format), filename),
        *placement.notes,
    )
    return ReadResult(
        source.format,
        rows,
        needs,
        source.layers,
        source.layer,
        srid_of(placement.crs),
        placement.crs.name if placement.crs else None,
        placement.swap,
        source.encoding,
        source.fields,
        columns,
        notes,
    )


def _columns(source: Source, options: ReadOptions) -> dict[str, str]:
    return match_columns(source.fields, options.field_map, cut=source.format == "shapefile")


def _family(kind: str) -> str:
    return "zip" if kind in ("shapefile", "kmz") else kind


def _counted(
    source: Source, wanted: frozenset[str], limits: Limits, progress: Progress | None
) -> Iterator[RawFeature]:
    """The features, while keeping the totals: what a file says of itself is not believed."""
    vertices = 0
    done = 0
    for raw in source.features(wanted):
        done += 1
        if done > limits.max_features:
            raise FileError("too_many_features", max_features=limits.max_features)
        vertices += int(shapely.get_num_coordinates(raw.geometry)) if raw.geometry else 0
        if vertices > limits.max_vertices_total:
            raise FileError("too_many_vertices", max_vertices=limits.max_vertices_total)
        if progress and done % _PROGRESS_EVERY == 0:
            progress(done, max(source.feature_count, done))
        yield raw
    if progress:
        progress(done, done)


def _sample(source: Source) -> list[BaseGeometry]:
    """Some shapes, to judge where the file lies."""
    first = islice(source.features(frozenset()), _SAMPLE_FEATURES)
    return [
        raw.geometry
        for raw in first
        if raw.geometry is not None
        and not raw.geometry.is_empty
        and all(abs(value) < 1e9 for value in raw.geometry.bounds)
    ]


@contextmanager
def _opened(path: Path, filename: str, options: ReadOptions, limits: Limits) -> Iterator[Source]:
    """The file as a Source, staged in a folder of its own so that nothing beside it is read."""
    sniff.check_file(path, limits)
    kind = sniff.sniff(path, filename)
    with tempfile.TemporaryDirectory(prefix="area-file-") as name:
        folder = Path(name)
        if kind == "geojson":
            yield geojson.open_geojson(path, limits, options.encoding)
        elif kind == "kml":
            yield kml.open_kml(path.read_bytes(), limits, options.encoding)
        elif kind == "csv":
            yield table.open_table(path, limits, options.encoding)
        elif kind == "gpkg":
            yield _open_gpkg(path, folder, options, limits)
        else:
            yield _open_zip(path, folder, options, limits)


def _open_gpkg(path: Path, folder: Path, options: ReadOptions, limits: Limits) -> Source:
    staged = folder / "layer.gpkg"
    shutil.copyfile(path, staged)
    layers = gdal.gpkg_layers(staged)
    layer = _choose_layer("gpkg", tuple(layers), options)
    return gdal.open_gpkg(staged, layers, layer, limits)


def _open_zip(path: Path, folder: Path, options: ReadOptions, limits: Limits) -> Source:
    found = archive.open_archive(path, limits)
    if found.kml is not None:
        archive.extract(path, found.kml, folder / "doc.kml", limits.max_unzipped_bytes)
        data = (folder / "doc.kml").read_bytes()
        return kml.open_kml(data, limits, options.encoding, kmz=True)
    layers = tuple(found.shapefiles)
    layer = _choose_layer("shapefile", layers, options)
    shp = archive.extract_shapefile(path, found.shapefiles[layer], folder, limits)
    return gdal.open_shapefile(shp, layers, layer, limits, options.encoding)


def _choose_layer(kind: str, layers: tuple[str, ...], options: ReadOptions) -> str:
    if options.layer is not None:
        if options.layer not in layers:
            raise FileError("no_layer", asked=options.layer[:80])
        return options.layer
    if not layers:
        raise FileError("no_layer")
    if len(layers) > 1:
        raise _NeedsLayer(kind, layers)
    return layers[0]
