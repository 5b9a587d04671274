"""My notices: what I was told, and how I want to be told."""

import uuid

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.errors import Invalid
from server.http.forms import read_form
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.maps.places import place_names
from server.notices import choosing, forms, queries
from server.notices.models import CHANNELS, KINDS

TEMPLATE = "notices/alerts.html"


async def inbox(request: Request) -> Response:
    """`/me/notices`: the newest notices; what is new is marked, once."""
    me = request.state["actor"].account_id
    async with unit_of_work(request) as db:
        told = await queries.inbox(db, me)
        if any(one.is_new for one in told):
            await choosing.mark_read(db, me)
    return render(request, "notices/inbox.html", {"told": told})


async def alerts(request: Request) -> Response:
    """`/me/alerts`: kinds and ways, hours, saved searches, this device, LINE."""
    if request.method == "GET":
        return await _page(request)
    form = forms.AlertsForm(await read_form(request))
    if not form.validate():
        return await _page(request, form=form, status=422)
    async with unit_of_work(request) as db:
        await choosing.choose(db, request.state["actor"], form.wanted.data or (), form.hours())
    return go(request, url_for(request, "my_alerts"), "alerts.saved")


async def _page(
    request: Request, *, form: forms.AlertsForm | None = None,
    search: forms.SearchForm | None = None, status: int = 200,
) -> Response:  # fmt: skip
    services = request.state["services"]
    async with unit_of_work(request) as db:
        kept = await queries.alerts(db, request.state["actor"].account_id)
    context = {
        "kept": kept, "form": form or forms.filled(kept),
        "search": search or forms.empty_search(), "open_search": search is not None,
        "kinds": KINDS, "ways": CHANNELS, "words": forms,
        "push_key": services.push.public_key if services.push else "",
        "line_on": services.line is not None,
    }  # fmt: skip
    return render(request, TEMPLATE, context, status=status)


async def save_search(request: Request) -> Response:
    """`/me/alerts/searches`: tell me of new activities like these."""
    form = forms.SearchForm(await read_form(request))
    if form.validate():
        try:
            wish = form.wish(place_names())
            async with unit_of_work(request) as db:
                await choosing.save_search(db, request.state["actor"], form.new_id(), wish)
            return go(request, url_for(request, "my_alerts") + "#searches", "alerts.search")
        except Invalid as error:
            form.fail(error)
    return await _page(request, search=form, status=422)


async def remove_search(request: Request) -> Response:
    """`/me/alerts/searches/{id}/remove`: no more of these."""
    id: uuid.UUID = request.path_params["id"]
    async with unit_of_work(request) as db:
        await choosing.remove_search(db, request.state["actor"], id)
    return go(request, url_for(request, "my_alerts") + "#searches", "alerts.search_removed")


async def push(request: Request) -> Response:
    """`/me/push`: this browser takes notices, or does not any more (``act=off``; without an
    endpoint all browsers). A script is answered in JSON, a form by going on."""
    sent = await read_form(request)
    actor, settings = request.state["actor"], request.state["settings"]
    is_off = sent.get("act") == "off"
    async with unit_of_work(request) as db:
        if is_off:
            endpoint = sent.get("endpoint")
            await choosing.unsubscribe_browsers(
                db, actor, endpoint if isinstance(endpoint, str) and endpoint else None
            )
        else:
            to = forms.read_subscription(sent, allow_local=settings.push_allow_local)
            await choosing.subscribe(db, actor, to)
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"on": not is_off})
    notice = "alerts.push_off" if is_off else "alerts.push_on"
    return go(request, url_for(request, "my_alerts") + "#device", notice)


async def line(request: Request) -> Response:
    """`/me/line`: the code to type to the official account; undo the link."""
    actor, me = request.state["actor"], request.state["actor"].account_id
    if request.method == "GET":
        async with unit_of_work(request) as db:
            kept = await queries.alerts(db, me)
        on = request.state["services"].line is not None
        return render(request, "notices/line.html", {"kept": kept, "line_on": on})
    sent = await read_form(request)
    async with unit_of_work(request) as db:
        if sent.get("act") == "unlink":
            await choosing.unlink_line(db, actor)
            return go(request, url_for(request, "my_alerts") + "#line", "alerts.line_off")
        await choosing.line_code(db, actor)
    return go(request, url_for(request, "my_line"))
