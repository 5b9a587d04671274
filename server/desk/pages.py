"""The desk of the staff: the queue, and what is done with rows of it."""

import uuid
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.citysettings.queries import City
from server.desk.actions import VERBS, Key, Outcome
from server.desk.filters import ALL, NONE, DeskFilter, read_filter
from server.desk.kinds import KINDS, state_label
from server.desk.queries import PAGE_ROWS, DeskPage, desk_page
from server.errors import DomainError, Invalid
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, is_fragment, render, url_for
from server.http.uow import unit_of_work

MAX_FIELDS = 500  # a page of checkboxes


def desk_context(asked: DeskFilter, page: DeskPage, city: City) -> dict[str, Any]:
    """What the templates of the desk need, on the desk and on the staff's first page."""
    return {
        "asked": asked, "page": page, "page_rows": PAGE_ROWS, "kinds": KINDS,
        "state_label": state_label, "section_names": _section_names(asked, page, city),
    }  # fmt: skip


def _section_names(asked: DeskFilter, page: DeskPage, city: City) -> list[str]:
    """The city's sections, then the names that only old records still carry; "" = none at all."""
    known = list(city.rules.sections)
    named = {"" if asked.section == NONE else asked.section} - {ALL}
    return known + sorted({*page.sections, *named} - set(known))


async def staff_desk(request: Request) -> Response:
    """The queue with its filters (GET); take on, give back, accept chosen rows (POST)."""
    actor, city = request.state["actor"], request.state["city"]
    asked = read_filter(request.query_params, actor, city.rules)
    if request.method == "POST":
        return await _act(request, asked)
    async with unit_of_work(request) as db:
        page = await desk_page(db, asked, actor, city)
    return _show(request, asked, page, said=_said(request))


async def _act(request: Request, asked: DeskFilter) -> Response:
    """Do what was asked with the chosen rows. When all went well the browser goes back to the
    list; what could not be done is listed above it."""
    actor, form = request.state["actor"], await read_form(request, max_fields=MAX_FIELDS)
    one = str(form.get("row", ""))  # the button of a single row: verb:kind:id
    verb, chosen = one.partition(":")[0], [one.partition(":")[2]]
    if not one:
        verb, chosen = str(form.get("verb", "")), [str(v) for v in form.getlist("item")]
    outcome, refused = Outcome(), ""
    async with unit_of_work(request) as db:
        try:
            if verb not in VERBS:
                raise Invalid(_("ボタンを選び直してください。"))
            outcome = await VERBS[verb](db, actor, _keys(chosen))
        except DomainError as error:
            refused = error.message
        page = await desk_page(db, asked, actor, request.state["city"])
    said = {"verb": verb, "done": outcome.done, "failed": outcome.failed, "refused": refused}
    if refused or outcome.failed or is_fragment(request):
        return _show(request, asked, page, said=said, status=422 if refused else 200)
    query = f"{asked.query()}&" if asked.query() else ""
    return go(request, f"{url_for(request, 'staff_desk')}?{query}did={verb}&done={outcome.done}")


def _keys(chosen: Iterable[str]) -> list[Key]:
    """The rows a form names; what names nothing we know is left out."""
    found = []
    for one in chosen:
        kind, _colon, id = one.partition(":")
        try:
            if kind in KINDS:
                found.append((kind, uuid.UUID(id)))
        except ValueError:
            continue
    return found


def _said(request: Request) -> dict[str, Any] | None:
    """What the verb before this page did, out of the address it led to."""
    did, done = request.query_params.get("did"), request.query_params.get("done", "")
    if did not in VERBS or not (done.isascii() and done.isdigit() and len(done) < 4):
        return None
    return {"verb": did, "done": int(done), "failed": (), "refused": ""}


def _show(
    request: Request, asked: DeskFilter, page: DeskPage, *, said: dict[str, Any] | None,
    status: int = 200,
) -> Response:  # fmt: skip
    address = url_for(request, "staff_desk")
    query = asked.query()
    headers = {"HX-Push-Url": f"{address}?{query}" if query else address}
    context = {**desk_context(asked, page, request.state["city"]), "said": said}
    return render(
        request, "desk/index.html", context, block="results", status=status, headers=headers
    )
