"""The first page of the staff, and their list of partners."""

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today, pause_on
from server.db.context import now
from server.desk.filters import read_filter
from server.desk.pages import desk_context
from server.desk.queries import desk_page
from server.enrolments.machine import ENROLMENT
from server.http.render import render
from server.http.uow import unit_of_work
from server.staff import queries

QUEUE_ROWS = 8  # the most urgent; the desk has them all


async def staff_home(request: Request) -> Response:
    """The head of the queue; what ends soon, which areas need care, which files are read."""
    actor, city = request.state["actor"], request.state["city"]
    asked = read_filter({}, actor, city.rules)
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        queue = await desk_page(db, asked, actor, city, rows=QUEUE_ROWS)
        desk = await queries.desk(db, today, now(db), city.rules)
    context = {
        **desk_context(asked, queue, city),
        "desk": desk,
        "pause": pause_on(today, city.rules),
        "nav_counts": {"staff_home": queue.total},
    }
    return render(request, "staff/home.html", context)


async def staff_partners(request: Request) -> Response:
    """All partners with agreement, areas and last report."""
    city, asked = request.state["city"], queries.read_partner_filter(request.query_params)
    async with unit_of_work(request) as db:
        page = await queries.list_partners(db, asked, city_today(db, city))
    context = {
        "asked": asked,
        "page": page,
        "page_rows": queries.PAGE_ROWS,
        "states": ENROLMENT.states,
    }
    return render(request, "staff/partners.html", context, block="results")
