"""The page of a partner for everybody."""

import datetime as dt

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.context import now
from server.http.i18n import fiscal_year
from server.http.render import render
from server.http.uow import unit_of_work
from server.partners.public import public_partner


async def partner_public(request: Request) -> Response:
    """Who they are, where they work, what they did this 年度 and what is coming."""
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        began = dt.date(fiscal_year(today), 4, 1)
        code = request.path_params["code"]
        partner = await public_partner(db, code, today, began, now(db))
    context = {"partner": partner, "year": began.year}
    return render(request, "partners/public.html", context)
