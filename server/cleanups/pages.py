"""Pages of the log: record, read, correct, withdraw."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.forms import row_id
from server.checkins.queries import report_seed
from server.cleanups import actions, forms, lists, queries
from server.cleanups.actions import Changed, scope_of
from server.cleanups.forms import CleanupForm
from server.cleanups.queries import LogChoices, Report
from server.db.base import uuid7
from server.errors import Conflict, Invalid
from server.http.forms import nfkc, read_form
from server.http.i18n import fiscal_year
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.maps.layers import geojson
from server.policy import Actor, own_partner


def today_in(request: Request) -> dt.date:
    """The date on the city's clock."""
    now: dt.datetime = request.state["services"].clock()
    return now.astimezone(request.state["city"].zone).date()


async def _choices(db: Any, request: Request, partners: Any) -> LogChoices:
    actor, rules = request.state["actor"], request.state["city"].rules
    today = today_in(request)
    return await queries.log_choices(db, partners, actor.account_id, today, rules.log_days_back)


async def _sent(request: Request) -> FormData | None:
    """The form of a POST: read first, since a slow phone must not hold a connection."""
    return await read_form(request) if request.method == "POST" else None


# --- record ----------------------------------------------------------------------------------


async def new(request: Request) -> Response:
    """The log form; POST takes the report and shows what came of it."""
    actor = request.state["actor"]
    sent = await _sent(request)
    async with unit_of_work(request) as db:
        choices = await _choices(db, request, actor.partner_ids)
        if sent is not None:
            return await _log(request, db, choices, sent)
        wish = await _wish(request, db)
    form = forms.blank_form(choices, wish, uuid7(), today_in(request))
    form.offer(choices, forms.partner_names(actor))
    return _form_page(request, form, choices=choices)


async def _wish(request: Request, db: Any) -> forms.Wish:
    """What the link asks for: an area, or one of my activities with its day and people."""
    activity_id = row_id(request.query_params.get("from"))
    if activity_id:
        seed = await report_seed(db, activity_id, request.state["actor"].partner_ids)
        if seed:
            day = seed.starts_at.astimezone(request.state["city"].zone).date()
            return forms.Wish(seed.area_code, min(day, today_in(request)), seed.people or None)
    return forms.Wish(area=nfkc(request.query_params.get("area")) or None)


async def _log(request: Request, db: Any, choices: LogChoices, sent: FormData) -> Response:
    actor: Actor = request.state["actor"]
    form = CleanupForm(sent)
    form.offer(choices, forms.partner_names(actor))
    cleanup_id = forms.sent_id(form) or uuid7()
    form.id.data = str(cleanup_id)
    if not form.validate():
        return _form_page(request, form, choices=choices, status=422)
    try:
        logged = await actions.log_cleanup(
            db, actor, request.state["city"], own_partner(actor, form.partner.data), cleanup_id,
            forms.cleanup_input(form),
        )  # fmt: skip
    except Invalid as error:  # raised before anything is written
        form.fail(error)
        return _form_page(request, form, choices=choices, status=422)
    if logged.differs and logged.state == "withdrawn":
        form.id.data = str(uuid7())
        form.form_errors.append(
            _("この記録は取り消されています。新しい記録として送るときは、もう一度押してください。")
        )
        return _form_page(request, form, choices=choices, status=409)
    if logged.differs:
        report = await queries.get_report(db, cleanup_id, actor.partner_ids)
        return _clash_page(request, form, report, "already")
    return go(request, url_for(request, "cleanup", id=cleanup_id) + "?done=1")


def _form_page(
    request: Request,
    form: CleanupForm,
    *,
    report: Report | None = None,
    choices: LogChoices | None = None,
    clash: str | None = None,
    status: int = 200,
) -> Response:
    context = {
        "form": form,
        "report": report,
        "choices": choices,
        "clash": clash,
        "layout": _layout(request, report),
    }
    return render(request, "cleanups/form.html", context, block="content", status=status)


def _clash_page(request: Request, form: CleanupForm, report: Report, clash: str) -> Response:
    """What was typed, beside what stands now; sending once more overwrites it knowingly."""
    form.version.data = str(report.version)
    return _form_page(request, form, report=report, clash=clash, status=409)


def _layout(request: Request, report: Report | None) -> str:
    """Staff see others' reports in their own frame."""
    actor: Actor = request.state["actor"]
    own = report is None or report.partner_id in actor.partner_ids
    return "public" if own else "staff"


# --- read ------------------------------------------------------------------------------------


async def detail(request: Request) -> Response:
    """A report; right after it was sent (``?done=1``) a page of thanks."""
    async with unit_of_work(request) as db:
        report = await queries.get_report(
            db, request.path_params["id"], scope_of(request.state["actor"])
        )
    if request.query_params.get("done") and report.state != "withdrawn":
        return render(
            request, "cleanups/done.html", {"report": report, "fresh": _fresh(request, report)}
        )
    return detail_page(request, report, forms.ReviewForm(data={"version": str(report.version)}))


def _fresh(request: Request, report: Report) -> bool:
    days = (today_in(request) - report.content.done_on).days
    return report.state == "accepted" and days <= request.state["city"].rules.fresh_days


def detail_page(
    request: Request, report: Report, review: forms.ReviewForm, status: int = 200
) -> Response:
    """The page of a report, also shown again when a review cannot be taken."""
    actor: Actor = request.state["actor"]
    context = {
        "report": report,
        "own": report.partner_id in actor.partner_ids,
        "review": review if actor.is_staff else None,
        "layout": _layout(request, report),
    }
    return render(request, "cleanups/detail.html", context, status=status)


async def layer(request: Request) -> Response:
    """GeoJSON of a report for its map: the area of that day, and what was drawn."""
    async with unit_of_work(request) as db:
        body = await queries.report_layer(
            db, request.path_params["id"], scope_of(request.state["actor"])
        )
    return geojson(request, body)


async def log(request: Request) -> Response:
    """My partners' log: a 年度, by month, with totals."""
    partners = request.state["actor"].partner_ids
    this_year = fiscal_year(today_in(request))
    chosen = asked_log(request, this_year)
    async with unit_of_work(request) as db:
        above = await lists.own_year(db, partners, chosen.year, chosen.area)
        page = await lists.own_page(db, partners, chosen.year, chosen.area, chosen.page)
    years = sorted({this_year, chosen.year, *above.years}, reverse=True)
    context = {"above": above, "page": page, "chosen": chosen, "years": years}
    return render(request, "cleanups/list.html", context, block="results")


@dataclass(frozen=True)
class AskedLog:
    """The selection in the address; whatever is unreadable counts as not asked for."""

    year: int
    area: str | None
    page: int


def asked_log(request: Request, this_year: int) -> AskedLog:
    """Read ``?year=&area=&page=``."""
    query = request.query_params
    return AskedLog(
        bounded(query.get("year"), 1990, 2100) or this_year,
        asked_words(query.get("area")) or None,
        bounded(query.get("page"), 1, 10_000) or 1,
    )


def asked_words(text: str | None) -> str:
    """Words from an address: normalised, no control characters, not endless."""
    return "".join(c for c in nfkc(text) if c.isprintable())[:80]


def bounded(text: str | None, low: int, high: int) -> int | None:
    """A whole number within bounds from an address, or None."""
    digits = nfkc(text)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 9):
        return None
    return int(digits) if low <= int(digits) <= high else None


# --- correct and withdraw --------------------------------------------------------------------


async def edit(request: Request) -> Response:
    """The same form with the report in it."""
    sent = await _sent(request)
    async with unit_of_work(request) as db:
        report = await queries.get_report(
            db, request.path_params["id"], scope_of(request.state["actor"])
        )
        if report.state == "withdrawn":
            raise Conflict(_("取り消した記録は直せません。新しく記録してください。"))
        choices = await _choices(db, request, [report.partner_id])
        if sent is not None:
            return await _edit(request, db, report, choices, sent)
    form = forms.report_form(report)
    form.offer(choices.including(report), {report.partner_code: report.partner_name})
    return _form_page(request, form, report=report)


async def _edit(
    request: Request, db: Any, report: Report, choices: LogChoices, sent: FormData
) -> Response:
    actor, city = request.state["actor"], request.state["city"]
    form = CleanupForm(sent)
    form.partner.data = report.partner_code
    form.offer(choices.including(report), {report.partner_code: report.partner_name})
    if not form.validate():
        return _form_page(request, form, report=report, status=422)
    version, given = forms.sent_version(form), forms.cleanup_input(form)
    try:
        await actions.edit_cleanup(db, actor, city, report.id, version, given)
    except Invalid as error:  # raised before anything is written
        form.fail(error)
        return _form_page(request, form, report=report, status=422)
    except Changed as clash:
        return _clash_page(request, form, clash.report, "changed")
    return go(request, url_for(request, "cleanup", id=report.id), "cleanup.saved")


async def withdraw(request: Request) -> Response:
    """Ask why, then take the report back."""
    actor, cleanup_id = request.state["actor"], request.path_params["id"]
    form = forms.WithdrawForm(await _sent(request))
    async with unit_of_work(request) as db:
        report = await queries.get_report(db, cleanup_id, scope_of(actor))
        if request.method != "POST" or (report.state != "withdrawn" and not form.validate()):
            context = {"report": report, "form": form, "layout": _layout(request, report)}
            status = 422 if request.method == "POST" else 200
            return render(request, "cleanups/withdraw.html", context, status=status)
        await actions.withdraw_cleanup(db, actor, cleanup_id, form.reason.data or "")
    return go(request, url_for(request, "cleanup", id=cleanup_id), "cleanup.withdrawn")
