"""What all ``/layers/…`` addresses share: reading ``?bbox=`` and answering with GeoJSON."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from geo.shapes import Bounds, ShapeError, parse_bbox
from server.errors import Invalid
from server.http.i18n import gettext as _

GEOJSON = "application/geo+json"


def bbox_of(request: Request) -> Bounds | None:
    """The viewport asked for (``?bbox=lon,lat,lon,lat``), or None for everything.

    Raises Invalid for anything that is not a box on the globe.
    """
    text = request.query_params.get("bbox")
    if not text:
        return None
    try:
        return parse_bbox(text[:200])
    except ShapeError:
        raise Invalid(_("地図の範囲が読み取れません。"), "bbox") from None


def geojson(request: Request, body: str) -> Response:
    """``body`` as GeoJSON with a strong ETag; 304 when the browser has it already.

    Always asked again (``no-cache``): a layer must never show yesterday's state.
    """
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    secret = getattr(request.state, "actor", None) is not None
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache" if secret else "no-cache",
        "Vary": "Cookie",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=GEOJSON, headers=headers)
