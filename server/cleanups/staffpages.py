"""The city's side of the log: the list for review, and the answer to a report."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from server.cleanups import actions, forms, lists, queries
from server.cleanups.actions import Changed
from server.cleanups.lists import Filter
from server.cleanups.models import STATES
from server.cleanups.pages import asked_words, bounded, detail_page
from server.errors import Invalid
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work


async def cleanup_list(request: Request) -> Response:
    """All reports, newest first, with counts per state."""
    query = request.query_params
    state = query.get("state")
    chosen = Filter(
        state=state if state in STATES else None,
        partner=asked_words(query.get("partner")),
        area=asked_words(query.get("area")),
        fiscal_year=bounded(query.get("year"), 1990, 2100),
    )
    number = bounded(query.get("page"), 1, 100_000) or 1
    async with unit_of_work(request) as db:
        counts = await lists.staff_counts(db, chosen)
        page = await lists.staff_page(db, chosen, number)
    context = {
        "chosen": chosen,
        "found": counts,
        "page": page,
        "address": _address(request, chosen),
    }
    return render(request, "cleanups/staff_list.html", context, block="results")


def _address(request: Request, chosen: Filter) -> "Address":
    asked = {
        "state": chosen.state, "partner": chosen.partner, "area": chosen.area,
        "year": chosen.fiscal_year,
    }  # fmt: skip
    return Address(url_for(request, "staff_cleanups"), {k: str(v) for k, v in asked.items() if v})


class Address:
    """Makes addresses of the list that keep the other filters."""

    def __init__(self, path: str, asked: dict[str, str]) -> None:
        self.path = path
        self.asked = asked

    def but(self, **changed: object) -> str:
        """The same list with some filters changed; None takes one away."""
        merged = {**self.asked, **changed}
        query = urlencode({k: v for k, v in merged.items() if v is not None})
        return f"{self.path}?{query}" if query else self.path


async def review(request: Request) -> Response:
    """Accept a report or hand it back; then show it again."""
    actor, cleanup_id = request.state["actor"], request.path_params["id"]
    form = forms.ReviewForm(await read_form(request))
    async with unit_of_work(request) as db:
        report = await queries.get_report(db, cleanup_id, None)
        if not form.validate():
            return detail_page(request, report, form, 422)
        try:
            await actions.review_cleanup(
                db, actor, cleanup_id, forms.sent_version(form), form.decision.data,
                form.comment.data or "",
            )  # fmt: skip
        except Invalid as error:  # raised before anything is written
            form.fail(error)
            return detail_page(request, report, form, 422)
        except Changed as clash:
            form.version.data = str(clash.report.version)
            form.form_errors.append(
                _(
                    "見ているあいだに記録が変わりました。新しい内容を確かめて、もう一度選んでください。"
                )
            )
            return detail_page(request, clash.report, form, 409)
    return go(request, url_for(request, "cleanup", id=cleanup_id), "cleanup.reviewed")
