"""The staff's pages of mowers: all loans, reserving for somebody, the machines."""

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.labels import LOAN_CHECKS
from server.ledgers.files import csv_answer, csv_text
from server.ledgers.lists import read_list_filter, years_to
from server.ledgers.partners import asking_partners, find, named
from server.loans import actions, queries, reserving
from server.loans.calendar import Calendar, calendar
from server.loans.forms import DaysForm, ReserveForm, UnitForm
from server.loans.machine import LOAN
from server.loans.pages import operators_page
from server.loans.queries import OVERDUE, LoanPage
from server.supplies.forms import as_uuid
from server.supplies.stock import store


async def staff_loans(request: Request) -> Response:
    """`/staff/loans`: all loans; ``?format=csv`` gives the same rows as a file."""
    as_file = request.query_params.get("format") == "csv"
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        asked = read_list_filter(request.query_params, (*LOAN.states, OVERDUE), today)
        page = await queries.staff_loans(db, asked, today, as_file)
        weeks = None if as_file else await calendar(db, today, today)
    if as_file:
        return csv_answer("loans", today, _csv(page))
    context = {
        "asked": asked, "page": page, "years": years_to(today), "machine": LOAN,
        "calendar": weeks, "path": request.url.path,
    }  # fmt: skip
    return render(request, "loans/staff_list.html", context, block="results")


def _csv(page: LoanPage) -> bytes:
    head = [
        _("状態"), _("機械"), _("機種"), _("パートナー番号"), _("パートナー"), _("借りる日"),
        _("返す日"), _("貸出日"), _("返却日"), _("期限超過の日数"), _("使う場所"),
        _("操作する人"), _("燃料L"), _("点検"), _("点検のメモ"), _("作業の内容"), _("代理入力"),
    ]  # fmt: skip
    rows = (
        (
            str(LOAN.states[one.state]), one.unit_code, one.unit_name, one.partner_code,
            one.partner_name, one.first, one.last, one.out_on, one.returned_on, one.days_over,
            one.area_name, one.operator_name, one.fuel_litres,
            str(LOAN_CHECKS[one.checked]) if one.checked else "", one.check_note, one.purpose,
            _("代理") if one.by_proxy else "",
        )
        for one in page.rows
    )  # fmt: skip
    return csv_text(head, rows)


async def staff_loan_new(request: Request) -> Response:
    """`/staff/loans/new`: reserve for a partner who phoned or brought paper (代理入力)."""
    data = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        partners = await asking_partners(db)
    source = request.query_params if data is None else data
    typed = str(source.get("partner") or "")
    chosen = find(partners, typed)
    form = None if data is None else ReserveForm(data)
    status = 200
    if form is not None and chosen is not None:
        id, status = await reserving.send(request, chosen.id, form, by_proxy=True)
        if status == 303:
            return go(request, url_for(request, "loan", id=id), "loan.reserved")
    days = DaysForm(source)
    around = await reserving.look_around(request, chosen.id if chosen else None, days)
    if chosen is None and days.first.raw_data:
        days.fail(Invalid(_("合意の期間中のパートナーから選んでください。"), "partner"))
    form = reserving.with_choices(request, around, form, days, typed)
    context = {
        "partners": partners, "chosen": chosen, "typed": chosen.words if chosen else typed,
        "days": days, "around": around, "form": form,
    }  # fmt: skip
    status = max(status, 422) if days.errors else status
    return render(request, "loans/staff_new.html", context, status=status)


async def staff_operators(request: Request) -> Response:
    """`/staff/partners/{code}/operators`: the people of a partner, kept for it (代理入力)."""
    code = request.path_params["code"]
    async with unit_of_work(request) as db:
        partner = await named(db, code)
    if partner is None:
        raise NotFound(_("パートナーが見つかりません。"))
    here = url_for(request, "staff_operators", code=partner.code)
    return await operators_page(request, [partner], here, by_proxy=True)


async def staff_loan_units(request: Request) -> Response:
    """`/staff/loan-units`: the machines; add one, change one, send it to repair."""
    data = await read_form(request) if request.method == "POST" else None
    wished = as_uuid(request.query_params.get("edit"))
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        weeks = await calendar(db, today, today, every=True)
        places = (await store(db)).places
    form = UnitForm(data) if data is not None else UnitForm(data=_values(weeks, wished))
    form.place.choices = [(str(one.id), one.name) for one in places if one.active]
    if data is not None and form.validate():
        try:
            async with unit_of_work(request) as db:
                id = as_uuid(form.id.data) or uuid7()
                await actions.save_unit(db, request.state["actor"], id, form.values())
            return go(request, url_for(request, "staff_loan_units"), "saved")
        except Invalid as error:
            form.fail(error)
    context = {"calendar": weeks, "form": form, "known": {str(u.id) for u in weeks.units}}
    status = 200 if data is None else 422
    return render(request, "loans/units.html", context, status=status)


def _values(weeks: Calendar, wished: object) -> dict[str, str]:
    """The machine to be changed, or a new one."""
    unit = next((one for one in weeks.units if one.id == wished), None)
    if unit is None:
        return {"id": str(uuid7())}
    return {
        "id": str(unit.id), "code": unit.code, "name": unit.name, "place": str(unit.place_id),
        "condition": unit.condition, "note": unit.note,
    }  # fmt: skip
