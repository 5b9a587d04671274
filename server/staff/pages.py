"""The first page of the staff, and their list of partners."""

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today, pause_on
from server.db.context import now
from server.http.render import render
from server.http.uow import unit_of_work
from server.staff import queries


async def staff_home(request: Request) -> Response:
    """What waits for an answer, what ends soon, which areas need care."""
    city = request.state["city"]
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        desk = await queries.desk(db, today, now(db), city.rules)
    context = {
        "desk": desk,
        "pause": pause_on(today, city.rules),
        "nav_counts": {"staff_cleanups": desk.submitted},
    }
    return render(request, "staff/home.html", context)


async def staff_partners(request: Request) -> Response:
    """All partners with agreement, areas and last report."""
    city, asked = request.state["city"], queries.read_partner_filter(request.query_params)
    async with unit_of_work(request) as db:
        page = await queries.list_partners(db, asked, city_today(db, city))
    context = {"asked": asked, "page": page, "page_rows": queries.PAGE_ROWS}
    return render(request, "staff/partners.html", context, block="results")
