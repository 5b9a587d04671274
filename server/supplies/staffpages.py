"""The staff's pages of supplies: the list, entry for somebody else, the figures of a 年度."""

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Conflict, Invalid
from server.http.forms import read_form
from server.http.i18n import fiscal_year
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.ledgers.files import csv_answer, csv_text
from server.ledgers.lists import days_of_year, read_list_filter, year_of, years_to
from server.ledgers.partners import Named, asking_partners, find
from server.supplies import actions, requests
from server.supplies.forms import CounterForm, ask_form
from server.supplies.machine import SUPPLY
from server.supplies.queries import year_figures
from server.supplies.requests import Offer, RequestPage


async def staff_ledgers(request: Request) -> Response:
    """`/staff/ledgers`: the figures of a 年度, each leading to the rows it is made of."""
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        year = year_of(request.query_params, today) or fiscal_year(today)
        figures = await year_figures(db, *days_of_year(year))
        before = await year_figures(db, *days_of_year(year - 1))
    context = {
        "year": year, "years": years_to(today)[1:], "figures": figures, "before": before,
        "current": fiscal_year(today),
    }  # fmt: skip
    return render(request, "ledgers/index.html", context)


async def staff_supplies(request: Request) -> Response:
    """`/staff/supplies`: all requests; ``?format=csv`` gives the same rows as a file."""
    as_file = request.query_params.get("format") == "csv"
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        asked = read_list_filter(request.query_params, tuple(SUPPLY.states), today)
        page = await requests.staff_requests(db, asked, as_file)
    if as_file:
        return csv_answer("supplies", today, _csv(page))
    context = {
        "asked": asked, "page": page, "years": years_to(today), "machine": SUPPLY,
        "path": request.url.path,
    }  # fmt: skip
    return render(request, "supplies/staff_list.html", context, block="results")


def _csv(page: RequestPage) -> bytes:
    """A line for each item of each request."""
    head = [
        _("状態"), _("受取希望日"), _("受渡し日"), _("パートナー番号"), _("パートナー"),
        _("場所"), _("品目"), _("単位"), _("申請"), _("承認"), _("受渡し"), _("使いみち"),
        _("人数"), _("代理入力"),
    ]  # fmt: skip
    rows = (
        (
            str(SUPPLY.states[one.state]), one.wanted_on, one.handed_on, one.partner_code,
            one.partner_name, one.place_name, line.name, line.unit, line.asked, line.granted,
            line.handed, one.purpose, one.people, _("代理") if one.by_proxy else "",
        )
        for one in page.rows
        for line in one.lines
    )  # fmt: skip
    return csv_text(head, rows)


async def staff_supply_new(request: Request) -> Response:
    """`/staff/supplies/new`: for a partner on the phone, with paper, or at the counter."""
    data = await read_form(request) if request.method == "POST" else None
    city = request.state["city"]
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        partners = await asking_partners(db)
        wished = str((request.query_params if data is None else data).get("partner") or "")
        chosen = find(partners, wished)
        found = await requests.offer(db, chosen.id if chosen else None, today)
    if data is None:
        words = chosen.words if chosen else ""
        form = ask_form(CounterForm, found, id=str(uuid7()), wanted_on=today, partner=words)
        return _counter_page(request, partners, found, form)
    form = ask_form(CounterForm, found, data)
    status = 422
    if form.validate() and chosen is None:
        form.fail(Invalid(_("合意の期間中のパートナーから選んでください。"), "partner"))
    elif chosen is not None and not form.errors:
        id = form.sent_id()
        try:
            async with unit_of_work(request) as db:
                await actions.at_the_counter(
                    db, request.state["actor"], id, form.ask(chosen.id), city.rules,
                    today, beyond_limits=form.beyond_limits.data, handed_now=form.handed_now.data,
                )  # fmt: skip
            return go(request, url_for(request, "supply", id=id), "saved")
        except Conflict as error:
            form.form_errors.append(error.message)
            status = 409
        except Invalid as error:
            form.fail(error)
    return _counter_page(request, partners, found, form, status)


def _counter_page(
    request: Request, partners: tuple[Named, ...], found: Offer, form: CounterForm,
    status: int = 200,
) -> Response:  # fmt: skip
    context = {"partners": partners, "found": found, "form": form}
    return render(request, "supplies/staff_new.html", context, status=status)
