"""The coverage for staff: tiles, map and table of the same rows, and the file of them."""

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import pause_on
from server.coverage.files import coverage_csv
from server.coverage.filters import CoverageFilter, read_filter
from server.coverage.forms import selects, state_words
from server.coverage.queries import (
    FILE_ROWS,
    PAGE_ROWS,
    city_today,
    coverage,
    coverage_layer,
    filter_choices,
)
from server.http.render import render
from server.http.uow import unit_of_work
from server.maps.layers import bbox_of, geojson


async def staff_coverage(request: Request) -> Response:
    """How well all areas are cared for; ``?format=csv`` gives the same rows as a file."""
    city, params = request.state["city"], request.query_params
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        asked = read_filter(params, today)
        as_file = params.get("format") == "csv"
        limit = FILE_ROWS if as_file else PAGE_ROWS
        found = await coverage(db, asked, city.rules, limit=limit)
        choices = None if as_file else await filter_choices(db)
    if choices is None:  # thousands of rows: not in the event loop
        return _file(asked, await to_thread.run_sync(coverage_csv, found))
    context = {
        "asked": asked,
        "found": found,
        "selects": selects(asked, choices, city.rules, today),
        "state_words": state_words(city.rules),
        "pause": pause_on(asked.day, city.rules),
        "page_rows": PAGE_ROWS,
    }
    headers = {"HX-Push-Url": f"{request.url.path}?{asked.query()}".rstrip("?")}
    return render(request, "coverage/index.html", context, block="results", headers=headers)


def _file(asked: CoverageFilter, content: bytes) -> Response:
    name = f"coverage-{asked.year}-{asked.day:%Y%m%d}.csv"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


async def layer_coverage(request: Request) -> Response:
    """The areas of the same filters as GeoJSON, by viewport."""
    city, box = request.state["city"], bbox_of(request)
    async with unit_of_work(request) as db:
        asked = read_filter(request.query_params, city_today(db, city))
        body = await coverage_layer(db, asked, city.rules, box)
    return geojson(request, body)
