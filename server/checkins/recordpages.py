"""What people took part in: one's own record and certificates, a company's, and verifying one."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.checkins import certificates, participation
from server.checkins.files import participation_csv
from server.checkins.forms import RANGE, CertificateForm, row_id
from server.checkins.guard import VERIFY, count
from server.checkins.participation import Year
from server.db.base import uuid7
from server.db.context import now
from server.errors import Forbidden, Invalid
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.ledgers.files import csv_answer
from server.policy import Actor, PartnerRef, own_partner

NOT_FOR_SEARCH = {"X-Robots-Tag": "noindex, nofollow"}


async def my_participation(request: Request) -> Response:
    """`/me/participation`: by fiscal year, with totals; POST issues a certificate."""
    actor, city = request.state["actor"], request.state["city"]
    sent = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        rows = await participation.of_person(db, actor.account_id, city.zone.key, now(db))
        issued = await certificates.mine(db, actor.account_id)
    years = participation.by_year(rows)
    form = CertificateForm(sent)
    form.offer([one.year for one in years])
    context = {"years": years, "issued": issued, "form": form, "range": RANGE}
    if sent is None:
        form.process(data={"id": str(uuid7()), "name": actor.display_name,
                           "period": str(years[0].year) if years else RANGE})  # fmt: skip
        return render(request, "checkins/mine.html", context)
    return await _issue(request, form, context)


async def _issue(request: Request, form: CertificateForm, context: dict[str, Any]) -> Response:
    actor, city = request.state["actor"], request.state["city"]
    if form.validate():
        try:
            async with unit_of_work(request) as db:
                await certificates.issue(
                    db, actor, city, row_id(form.id.data) or uuid7(), form.name.data or "",
                    *form.days(),
                )  # fmt: skip
            return go(request, url_for(request, "my_participation"), "certificate.issued")
        except Invalid as error:
            form.fail(error)
    return render(request, "checkins/mine.html", context, status=422)


async def certificate_pdf(request: Request) -> Response:
    """`/certificates/{id}.pdf`: one's own certificate, made from its frozen content."""
    async with unit_of_work(request) as db:
        issued = await certificates.one_of_mine(
            db, request.path_params["id"], request.state["actor"].account_id
        )
    address = request.state["settings"].base_url + url_for(request, "verify_code", code=issued.code)
    headers = {
        "Content-Disposition": f'inline; filename="certificate-{issued.code}.pdf"',
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie",
    }
    body = await certificates.certificate_pdf(issued, address)
    return Response(body, media_type="application/pdf", headers=headers)


async def verify(request: Request) -> Response:
    """`/verify`: type the code of a certificate."""
    code = certificates.typed_code(request.query_params.get("code"))
    if code:
        return RedirectResponse(url_for(request, "verify_code", code=code), 303)
    return _verify_page(request, {"code": "", "found": None})


async def verify_code(request: Request) -> Response:
    """`/verify/{code}`: whether the city issued it, and what it says in numbers."""
    await count(request, VERIFY)
    code = certificates.typed_code(request.path_params["code"])
    async with unit_of_work(request) as db:
        found = await certificates.verified(db, code)
    return _verify_page(request, {"code": code, "found": found}, 200 if found else 404)


def _verify_page(request: Request, context: dict[str, Any], status: int = 200) -> Response:
    return render(request, "checkins/verify.html", context, status=status, headers=NOT_FOR_SEARCH)


async def _years_of(request: Request, partner: PartnerRef) -> list[Year]:
    city = request.state["city"]
    async with unit_of_work(request) as db:
        rows = await participation.of_partner(db, partner.id, city.zone.key, now(db))
    return participation.by_year(rows)


async def partner_participation(request: Request) -> Response:
    """`/partner/participation`: what the people of my company or group took part in."""
    actor: Actor = request.state["actor"]
    partner = own_partner(actor, request.query_params.get("partner"))
    context = {"partner": partner, "years": await _years_of(request, partner)}
    return render(request, "checkins/partner.html", context)


async def partner_participation_csv(request: Request) -> Response:
    """`/partner/participation.csv`: the same as a file, for the manager."""
    actor: Actor = request.state["actor"]
    asked = request.query_params.get("partner")
    managed = next((p.code for p in actor.partners if p.role == "manager"), None)
    partner = own_partner(actor, asked or managed)
    if partner.role != "manager":
        raise Forbidden(_("この操作をする権限がありません。"))
    content = participation_csv(await _years_of(request, partner), request.state["city"].name)
    today = request.state["services"].clock().astimezone(request.state["city"].zone).date()
    return csv_answer(f"participation-{partner.code}", today, content)
