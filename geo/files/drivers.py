"""The surroundings in which GDAL may open a stranger's file.

GDAL knows about 70 formats, some of which follow addresses or other files. The environment of
the child leaves only the two drivers used here. Kept apart from pyogrio, which the server
process need not load.
"""

DRIVERS = frozenset({"ESRI Shapefile", "GPKG"})
# Every other vector driver of GDAL 3.12. A driver missing here makes the child refuse to work.
_OTHER_DRIVERS = (
    "ADBC AIVector AVCBin AVCE00 AmigoCloud CSV CSW Carto DGN DXF EDIGEO EEDA ESRIJSON "
    "Elasticsearch FlatGeobuf GDALG GML GMLAS GPSBabel GPX GTFS GeoJSON GeoJSONSeq GeoRSS HTTP "
    "Idrisi JML JSONFG KML LIBKML LVBAG MBTiles MEM MVT MapML MiraMonVector NGW OAPIF ODS OGCAPI "
    "OGR_GMT OGR_PDS OGR_VRT OSM OpenFileGDB PCIDSK PDF PDS4 PGDUMP PLSCENES PMTiles S57 SQLite "
    "SXF Selafin TopoJSON VDV VFK VICAR WAsP WFS XLSX"
)


def hardened_environment() -> dict[str, str]:
    """Environment in which GDAL knows two formats, no network and no helper files."""
    return {
        "OGR_SKIP": ",".join([*_OTHER_DRIVERS.split(), "MapInfo File"]),
        "GDAL_DRIVER_PATH": "disable",
        "GDAL_PAM_ENABLED": "NO",
        "GDAL_HTTP_TIMEOUT": "1",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "GDAL_NUM_THREADS": "1",
        "GDAL_CACHEMAX": "64",
        "PROJ_NETWORK": "OFF",
    }
