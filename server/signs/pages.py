"""Pages of signs: the partner's wish, one sign (staff take the steps there), the staff's list."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Conflict, Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.ledgers.files import csv_answer, csv_text
from server.ledgers.lists import read_list_filter, years_to
from server.ledgers.partners import Named, asking_partners, named
from server.ledgers.proxy import for_whom
from server.policy import PartnerRef, own_partner
from server.signs import actions, queries
from server.signs.forms import CancelForm, DiscussForm, InstallForm, RemoveForm, WishForm
from server.signs.machine import SIGN
from server.signs.queries import Sign, SignPage
from server.workflow.actions import buttons
from server.workflow.queries import history

FORMS: dict[str, type[Any]] = {
    "discuss": DiscussForm, "install": InstallForm, "remove": RemoveForm, "cancel": CancelForm,
}  # fmt: skip


async def sign_new(request: Request) -> Response:
    """`/partner/signs/new`: wish for a sign on one of my areas."""
    data = await read_form(request) if request.method == "POST" else None
    params = request.query_params if data is None else data
    partner = own_partner(request.state["actor"], str(params.get("partner") or "") or None)
    return await _wish(request, partner, data)


async def staff_sign_new(request: Request) -> Response:
    """`/staff/signs/new?partner=MP-0001`: a wish that came by phone or on paper (代理入力)."""
    data = await read_form(request) if request.method == "POST" else None
    code = str((request.query_params if data is None else data).get("partner") or "")
    async with unit_of_work(request) as db:
        partner = await named(db, code)
        asking = await asking_partners(db) if partner is None else ()
    if partner is not None:
        return await _wish(request, partner, data, by_proxy=True)
    return for_whom(
        request, [(one.code, one.name) for one in asking], title=_("表示板の希望の代理入力"),
        lead=_("電話や紙で受けた希望を入れます。"),
        back=(url_for(request, "staff_signs"), _("表示板の台帳")),
    )  # fmt: skip


async def _wish(
    request: Request, partner: PartnerRef | Named, data: FormData | None, *, by_proxy: bool = False
) -> Response:
    first = {"id": str(uuid7()), "partner": partner.code, "wording": partner.name[:40]}
    form = WishForm(data) if data is not None else WishForm(data=first)
    status = 200 if data is None else 422
    if data is not None and form.validate():
        city, id = request.state["city"], form.sent_id()
        try:
            async with unit_of_work(request) as db:
                wanted, today = form.wish(partner.id), city_today(db, city)
                await actions.wish(db, request.state["actor"], id, wanted, city.rules, today)
            return go(request, url_for(request, "sign", id=id), "sign.wished")
        except Invalid as error:
            form.fail(error)
        except Conflict as error:
            form.form_errors.append(error.message)
            status = 409
    async with unit_of_work(request) as db:
        live = await queries.is_live(db, partner.id)
        areas = await queries.sign_areas(db, partner.id, city_today(db, request.state["city"]))
    form.offer(areas)
    context = {"partner": partner, "form": form, "live": live, "by_proxy": by_proxy}
    return render(request, "signs/new.html", context, status=status)


async def sign(request: Request) -> Response:
    """`/partner/signs/{id}`: one sign; its partner and the staff take the next step here."""
    if request.method == "GET":
        return await _sign_page(request)
    data = await read_form(request)
    verb = str(data.get("verb") or "")
    if verb not in FORMS:
        raise Conflict(_("操作を選んでください。"))
    form = FORMS[verb](data)
    if form.validate():
        try:
            async with unit_of_work(request) as db:
                found = await _found(db, request)
                await _step(db, request, found, verb, form)
            return go(request, url_for(request, "sign", id=found.id), "saved")
        except Invalid as error:
            form.fail(error)
    return await _sign_page(request, form, verb, 422)


async def _found(db: Any, request: Request) -> Sign:
    found = await queries.sign_of(db, request.path_params["id"], request.state["actor"])
    if found is None:
        raise NotFound(_("この表示板は見つかりません。"))
    return found


async def _step(db: Any, request: Request, found: Sign, verb: str, form: Any) -> None:
    actor, today = request.state["actor"], city_today(db, request.state["city"])
    if verb == "discuss":
        await actions.discuss(db, actor, found, form.proposal.data or "", form.comment.data or "")
    elif verb == "install":
        await actions.install(db, actor, found, form.installed(), today)
    elif verb == "remove":
        await actions.remove(db, actor, found, form.day.data, form.comment.data, today)
    else:
        await actions.cancel(db, actor, found)


async def _sign_page(
    request: Request, form: Any = None, verb: str = "", status: int = 200
) -> Response:
    actor = request.state["actor"]
    async with unit_of_work(request) as db:
        found = await _found(db, request)
        past = await history(db, SIGN, found.id)
        today = city_today(db, request.state["city"])
    steps = {step.verb: step for step in buttons(SIGN, actor, found.stand)}
    first = {
        "discuss": {"proposal": found.words}, "remove": {"day": today},
        "install": {"wording": found.words, "day": today}, "cancel": {},
    }  # fmt: skip
    blank = {name: FORMS[name](data=first[name]) for name in steps}
    context = {
        "found": found, "past": past, "steps": steps, "machine": SIGN, "verb": verb,
        "form_of": blank | ({verb: form} if form is not None else {}),
    }  # fmt: skip
    return render(request, "signs/detail.html", context, status=status)


async def staff_signs(request: Request) -> Response:
    """`/staff/signs`: all signs; ``?format=csv`` gives the same rows as a file."""
    as_file = request.query_params.get("format") == "csv"
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        asked = read_list_filter(request.query_params, tuple(SIGN.states), today)
        page = await queries.staff_signs(db, asked, as_file)
    if as_file:
        return csv_answer("signs", today, _csv(page))
    context = {
        "asked": asked, "page": page, "years": years_to(today), "machine": SIGN,
        "path": request.url.path,
    }  # fmt: skip
    return render(request, "signs/staff_list.html", context, block="results")


def _csv(page: SignPage) -> bytes:
    head = [
        _("状態"), _("区域番号"), _("区域"), _("パートナー番号"), _("パートナー"),
        _("希望の名称"), _("記載の名称"), _("設置日"), _("撤去日"), _("担当課"), _("経度"),
        _("緯度"),
    ]  # fmt: skip
    rows = (
        (
            str(SIGN.states[one.state]), one.area_code, one.area_name, one.partner_code,
            one.partner_name, one.wished_wording, one.wording, one.installed_on, one.removed_on,
            one.section, "" if one.lon is None else f"{one.lon:.6f}",
            "" if one.lat is None else f"{one.lat:.6f}",
        )
        for one in page.rows
    )  # fmt: skip
    return csv_text(head, rows)
