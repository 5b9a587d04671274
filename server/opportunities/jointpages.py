"""`/opportunities/{id}/hosts`: ask others to host together; the answer of those who were asked."""

import uuid
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.db.context import now
from server.errors import Invalid, NotFound
from server.http.forms import BaseForm, Words, nfkc, read_form, required_text
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.opportunities import joint, queries
from server.opportunities.queries import Detail


class InviteForm(BaseForm):
    """Which partner."""

    partner = Words(
        _l("いっしょに主催する団体"),
        [required_text()],
        clean=nfkc,
        max_length=120,
        description=_l("番号か名前を書きます。例: MP-0002"),
    )


async def page(request: Request) -> Response:
    """`/opportunities/{id}/hosts`: for the first host the whole list, for others their answer."""
    sent = await read_form(request) if request.method == "POST" else None
    id, actor = request.path_params["id"], request.state["actor"]
    async with unit_of_work(request) as db:
        activity = await queries.led_one(db, id, actor)
        asked = None if activity else await queries.invited_one(db, id, actor)
    if activity is not None:
        return await _lead(request, activity, sent)
    if asked is not None:
        return await _asked(request, asked, sent)
    raise NotFound(_("この活動は見つかりません。"))


async def _lead(request: Request, activity: Detail, sent: FormData | None) -> Response:
    if sent is None:
        return await _show(request, activity, InviteForm())
    verb = sent.get("verb")
    if verb != "invite":
        await _do(request, activity, str(verb), sent)
        return go(request, _home(request, activity), "opportunity.hosts")
    form = InviteForm(sent)
    if not form.validate():
        return await _show(request, activity, form, 422)
    try:
        async with unit_of_work(request) as db:
            await joint.invite(db, request.state["actor"], activity, form.partner.data or "")
    except Invalid as error:
        form.fail(error)
        return await _show(request, activity, form, 422)
    return go(request, _home(request, activity), "opportunity.invited")


async def _do(request: Request, activity: Detail, verb: str, sent: FormData) -> None:
    """Everything but inviting: take an invitation back, add and remove areas."""
    actor, value = request.state["actor"], str(sent.get("value", ""))
    async with unit_of_work(request) as db:
        if verb == "take_back":
            await joint.take_back(db, actor, activity, _uuid(value))
        elif verb == "remove_area":
            await joint.remove_area(db, actor, activity, value)
        elif verb == "add_area":
            today = now(db).astimezone(request.state["city"].zone).date()
            found = await joint.areas_to_add(db, activity, today)
            area = next((one for one in found if one.code == value), None)
            if area is None:
                raise NotFound(_("この活動区域は見つかりません。"))
            await joint.add_area(db, actor, activity, area)
        else:
            raise NotFound(_("この操作はありません。"))


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound(_("パートナーが見つかりません。")) from None


async def _asked(request: Request, activity: Detail, sent: FormData | None) -> Response:
    if sent is None:
        context = {"activity": activity, "is_cohost": activity.hosted_by(request.state["actor"])}
        return render(request, "opportunities/invited.html", context)
    accept = sent.get("answer") == "accept"
    async with unit_of_work(request) as db:
        await joint.answer(db, request.state["actor"], activity, accept=accept)
    if accept:
        home = url_for(request, "opportunity", id=activity.id)
        return go(request, home, "opportunity.cohost")
    return go(request, url_for(request, "partner_opportunities"), "opportunity.declined")


def _home(request: Request, activity: Detail) -> str:
    return url_for(request, "opportunity_hosts", id=activity.id)


async def _show(
    request: Request, activity: Detail, form: InviteForm, status: int = 200
) -> Response:
    async with unit_of_work(request) as db:
        today = now(db).astimezone(request.state["city"].zone).date()
        context: dict[str, Any] = {
            "activity": activity,
            "form": form,
            "cohosts": await joint.cohosts_of(db, activity.id),
            "areas": await joint.areas_to_add(db, activity, today),
        }
    return render(request, "opportunities/hosts.html", context, status=status)
