"""The city's side of the reports: the list, one report with its steps, who manages the place."""

from typing import Any

from anyio import to_thread
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.db.context import now
from server.errors import Invalid, NotFound
from server.faults import actions, queries
from server.faults.files import faults_csv
from server.faults.filters import read_filter
from server.faults.forms import FaultStepForm, RouteForm
from server.faults.machine import FAULT
from server.faults.queries import Fault
from server.files.queries import files_of
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.workflow.actions import buttons, move
from server.workflow.queries import history

PAGE_ROWS = 50
FILE_ROWS = 20_000


async def staff_faults(request: Request) -> Response:
    """`/staff/faults`: all reports with photos; ``?format=csv`` gives the same rows as a file."""
    asked = read_filter(request.query_params, exact=True)
    as_file = request.query_params.get("format") == "csv"
    limit, skip = (FILE_ROWS, 0) if as_file else (PAGE_ROWS + 1, (asked.page - 1) * PAGE_ROWS)
    async with unit_of_work(request) as db:
        rows = await queries.staff_list(db, asked, now(db), limit, skip)
        if as_file:
            return _file(await to_thread.run_sync(faults_csv, rows))
        counts = await queries.counts(db, asked)
        photos = await files_of(db, "fault", [one.id for one in rows])
    context = {
        "asked": asked, "rows": rows[:PAGE_ROWS], "more": len(rows) > PAGE_ROWS,
        "numbers": counts, "photos": photos,
    }  # fmt: skip
    return render(request, "faults/staff_list.html", context, block="results")


def _file(content: bytes) -> Response:
    headers = {
        "Content-Disposition": 'attachment; filename="faults.csv"', "Cache-Control": "no-store",
    }  # fmt: skip
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


async def staff_view(
    db: Any, request: Request, found: Fault, form: FaultStepForm | None = None,
    route: RouteForm | None = None, status: int = 200,
) -> Response:  # fmt: skip
    """One report for the staff."""
    if route is None:
        route = RouteForm(data={"manager": found.manager, "section": found.section})
        route.offer(request.state["city"].rules.sections, found.section)
    context = {
        "fault": found,
        "form": form or FaultStepForm(),
        "route": route,
        "photos": (await files_of(db, "fault", [found.id])).get(found.id, ()),
        "past": await history(db, FAULT, found.id),
        "steps": buttons(FAULT, request.state["actor"], found.stand),
    }
    return render(request, "faults/staff_show.html", context, status=status)


async def staff_step(request: Request, sent: FormData) -> Response:
    """Take a step or correct who is in charge; then show the report again."""
    actor, city, id = request.state["actor"], request.state["city"], request.path_params["id"]
    form = FaultStepForm(sent)
    route: RouteForm | None = None
    async with unit_of_work(request) as db:
        found = await queries.find(db, id, now(db))
        if found is None:
            raise NotFound(_("お知らせが見つかりません。"))
        try:
            if form.verb.data == "reroute":
                route = RouteForm(sent)
                route.offer(city.rules.sections, found.section)
                if not route.validate():
                    return await staff_view(db, request, found, None, route, 422)
                where = route.manager.data, route.section.data
                await actions.reroute(db, actor, city, found, *where)
            elif form.verb.data in actions.VERBS and form.validate():
                comment = form.comment.data or ""
                await move(db, actor, FAULT, found.stand, form.verb.data, comment=comment)
            else:
                return await staff_view(db, request, found, form, None, 422)
        except Invalid as error:  # raised before anything is written
            (route or form).fail(error)
            return await staff_view(db, request, found, form, route, 422)
    return go(request, url_for(request, "fault", id=id), "saved")
