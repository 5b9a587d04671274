"""Pages of hosts: my activities, change, publish, call off, who comes. Staff use them for any."""

from starlette.requests import Request
from starlette.responses import Response

from server.db.context import now
from server.errors import Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.opportunities import actions, queries
from server.opportunities.forms import CancelForm
from server.opportunities.ownareas import OwnArea
from server.opportunities.postform import KEPT, PUBLISH, PostForm, as_values
from server.opportunities.postpages import areas_of, form_page
from server.opportunities.queries import Detail


async def posted(request: Request) -> Response:
    """`/partner/opportunities`: what my partners have posted, their drafts and invitations."""
    async with unit_of_work(request) as db:
        moment = now(db)
        rows = await queries.hosted_list(db, request.state["actor"], moment)
        invitations = await queries.invitations(db, request.state["actor"], moment)
    public = [one for one in rows if one.state != "draft"]
    context = {
        "drafts": [one for one in rows if one.state == "draft"],
        # one that is going on stays on top: its host is at the check-in desk
        "coming": sorted(
            (one for one in public if one.ends_at > moment), key=lambda a: a.starts_at
        ),
        "past": [one for one in public if one.ends_at <= moment],
        "invitations": invitations,
    }
    return render(request, "opportunities/hosted.html", context)


async def load_led(request: Request) -> Detail:
    """The activity of the address, if the actor may change it; else 404."""
    async with unit_of_work(request) as db:
        found = await queries.led_one(db, request.path_params["id"], request.state["actor"])
    if found is None:
        raise NotFound(_("この活動は見つかりません。"))
    return found


async def edit(request: Request) -> Response:
    """`/opportunities/{id}/edit`: change a coming activity or a draft, or publish the draft."""
    before = await load_led(request)
    areas = await areas_of(request, (before.partner_id,) if before.partner_id else ())
    if request.method == "GET":
        return _edit_form(request, before, areas)
    form = PostForm(await read_form(request))
    form.offer_areas(areas, kept=before)
    if not form.validate():
        return form_page(request, form, areas, kept=before, status=422)
    if form.sequence.data not in ("", None, str(before.sequence)):
        return _overtaken(request, form, areas, before)
    city, publish = request.state["city"], form.save.data == PUBLISH
    try:
        draft = form.draft(city.zone, form.chosen_area(areas), before)
        async with unit_of_work(request) as db:
            await actions.change(db, request.state["actor"], before, draft,
                                 city.rules.import_margin_m, publish=publish)  # fmt: skip
    except Invalid as error:
        form.fail(error)
        return form_page(request, form, areas, kept=before, status=422)
    return _changed(request, before, publish)


def _changed(request: Request, before: Detail, publish: bool) -> Response:
    notice = "opportunity.saved"
    if before.state == "draft":
        notice = "opportunity.published" if publish else "opportunity.drafted"
    return go(request, url_for(request, "opportunity", id=before.id), notice)


def _overtaken(request: Request, form: PostForm, areas: list[OwnArea], before: Detail) -> Response:
    """Somebody else changed it meanwhile: nothing typed is lost, sending again overwrites it."""
    form.sequence.data = str(before.sequence)
    form.form_errors.append(
        _("ほかの人が先に直しました。下の内容でよければ、もう一度押してください。")
    )
    return form_page(request, form, areas, kept=before, status=409)


def _filled(request: Request, before: Detail, areas: list[OwnArea]) -> PostForm:
    """The form as the activity is; with ``?area=`` the place of another area."""
    values = as_values(before, request.state["city"].zone)
    area = next((a for a in areas if a.key == values["area"]), None)
    wished = request.query_params.get("area")
    area = next((a for a in areas if wished == a.key), area)
    form = PostForm()
    form.offer_areas(areas, kept=before)
    form.suggest({**values, "id": str(before.id), "sequence": str(before.sequence)}, area)
    if area is None:
        form.area.data = KEPT
    return form


def _edit_form(request: Request, before: Detail, areas: list[OwnArea]) -> Response:
    return form_page(request, _filled(request, before, areas), areas, kept=before)


async def publish(request: Request) -> Response:
    """`/opportunities/{id}/publish`: a draft as it is; what is missing is said beside its field."""
    before = await load_led(request)
    margin_m = request.state["city"].rules.import_margin_m
    try:
        async with unit_of_work(request) as db:
            await actions.publish_draft(db, request.state["actor"], before, margin_m)
    except Invalid as error:
        areas = await areas_of(request, (before.partner_id,) if before.partner_id else ())
        form = _filled(request, before, areas)
        form.fail(error)
        return form_page(request, form, areas, kept=before, status=422)
    return go(request, url_for(request, "opportunity", id=before.id), "opportunity.published")


async def cancel(request: Request) -> Response:
    """`/opportunities/{id}/cancel`: call it off, with the reason people get; throw a draft away."""
    before = await load_led(request)
    form = CancelForm(await read_form(request) if request.method == "POST" else None)
    is_draft = before.state == "draft"
    if request.method == "GET" or not (is_draft or form.validate()):
        status = 200 if request.method == "GET" else 422
        context = {"activity": before, "form": form}
        return render(request, "opportunities/cancel.html", context, status=status)
    async with unit_of_work(request) as db:
        actor = request.state["actor"]
        if is_draft:
            await actions.discard(db, actor, before)
        else:
            await actions.cancel(db, actor, before, form.reason.data or "")
    if is_draft:
        home = "partner_opportunities" if before.partner_id else "staff_opportunities"
        return go(request, url_for(request, home), "opportunity.discarded")
    return go(request, url_for(request, "opportunity", id=before.id), "opportunity.cancelled")
