"""The exchange meeting: its page for partners, and the pages of those who prepare it."""

import uuid
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.base import uuid7
from server.db.context import now
from server.enrolments.forms import sent_uuid
from server.errors import Invalid
from server.exchange import meeting_actions as actions
from server.exchange import meeting_queries as queries
from server.exchange.circle import must_belong
from server.exchange.forms import MeetingForm, ReasonForm, ReplyForm
from server.exchange.machine import MEETING
from server.exchange.meeting_queries import Meeting
from server.http.forms import nfkc, read_form
from server.http.i18n import fiscal_year
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.policy import own_partner
from server.reports.queries import exchange_table
from server.workflow.actions import buttons

YEARS = 6


async def meeting(request: Request) -> Response:
    """`/meetings/{id}`: when, where, about what, the table of figures; partners answer here."""
    actor, city = request.state["actor"], request.state["city"]
    must_belong(actor)
    sent = await read_form(request) if request.method == "POST" else None
    form = ReplyForm(sent)
    if sent is not None:
        partner = own_partner(actor, form.partner.data or None)
        form.partner.data = partner.code
    if sent is not None and form.validate():
        try:
            async with unit_of_work(request) as db:
                seen = await queries.meeting(db, actor, request.path_params["id"])
                await actions.reply(
                    db, actor, seen, partner.id, form.people.data or 0, form.note.data or ""
                )
            return go(request, request.url.path, "meeting.replied")
        except Invalid as error:
            form.fail(error)
    async with unit_of_work(request) as db:
        seen = await queries.meeting(db, actor, request.path_params["id"])
        table = await exchange_table(db, city, seen.fiscal_year)
        open_now = seen.state == "published" and now(db) < seen.starts_at
    context = {
        "seen": seen, "table": table, "form": form, "open": open_now,
        "forms_by_partner": _reply_forms(request, seen, form if sent is not None else None),
    }  # fmt: skip
    return render(request, "exchange/meeting.html", context, status=200 if sent is None else 422)


def _reply_forms(request: Request, seen: Meeting, failed: ReplyForm | None) -> list[Any]:
    """For each own partner: the partner, its reply, and the form to answer with."""
    found = []
    for partner in request.state["actor"].partners:
        own = seen.reply_of(partner.id)
        if failed is not None and failed.partner.data == partner.code:
            form = failed
        else:
            form = ReplyForm(
                data={"people": own.people, "note": own.note} if own else {"people": 1}
            )
        form.name_for(partner.code)
        found.append((partner, own, form))
    return found


# --- preparing -----------------------------------------------------------------------------------


async def centre_meetings(request: Request) -> Response:
    """`/centre/meetings`: all meetings with their numbers."""
    async with unit_of_work(request) as db:
        rows = await queries.meetings(db)
    return render(request, "exchange/meetings.html", {"rows": rows})


def _years(request: Request) -> list[int]:
    """年度 whose figures a meeting may show, the newest first."""
    moment = request.state["services"].clock().astimezone(request.state["city"].zone)
    newest = fiscal_year(moment.date())
    return list(range(newest, newest - YEARS, -1))


async def meeting_new(request: Request) -> Response:
    """`/centre/meetings/new`: a meeting as a draft."""
    actor, city, years = request.state["actor"], request.state["city"], _years(request)
    sent = await read_form(request) if request.method == "POST" else None
    form = MeetingForm(sent)
    form.offer(years)
    if sent is None:
        form.id.data, form.title.data = str(uuid7()), _("情報交換会")
        form.fiscal_year.data = str(years[0])
    elif form.validate():
        try:
            id = form.new_id
            async with unit_of_work(request) as db:
                await actions.create(db, actor, id, form.plan(city.zone))
            return go(request, url_for(request, "meeting_edit", id=id), "meeting.saved")
        except Invalid as error:
            form.fail(error)
    status = 200 if sent is None else 422
    return render(request, "exchange/meeting_new.html", {"form": form}, status=status)


async def meeting_edit(request: Request) -> Response:
    """`/centre/meetings/{id}`: change it, announce it, take attendance, hold or call off."""
    sent = await read_form(request, max_fields=4000) if request.method == "POST" else None
    verb = str(sent.get("verb") or "save") if sent is not None else ""
    if verb not in ("", "save", "publish", "attendance", "hold", "call_off"):
        raise Invalid(_("この操作はありません。"))
    form = MeetingForm(sent if verb == "save" else None)
    reason = ReasonForm(sent if verb == "call_off" else None)
    async with unit_of_work(request) as db:
        seen = await queries.meeting(db, request.state["actor"], request.path_params["id"])
    form.offer(sorted({*_years(request), seen.fiscal_year}, reverse=True))
    failed = None
    if sent is not None and _valid(verb, form, reason):
        try:
            await _act(request, seen, verb, (form, reason, sent))
            notice = "meeting.saved" if verb == "save" else f"meeting.{verb}"
            return go(request, request.url.path, notice)
        except Invalid as error:
            failed = error
            if verb in ("save", "call_off"):
                (form if verb == "save" else reason).fail(error)
    return await _edit_page(request, seen, (form, reason), verb, failed)


def _valid(verb: str, form: MeetingForm, reason: ReasonForm) -> bool:
    if verb == "save":
        return form.validate()
    return reason.validate() if verb == "call_off" else True


async def _act(
    request: Request, seen: Meeting, verb: str, sent: tuple[MeetingForm, ReasonForm, FormData]
) -> None:
    actor, city = request.state["actor"], request.state["city"]
    form, reason, data = sent
    async with unit_of_work(request) as db:
        if verb == "save":
            plan, minutes = form.plan(city.zone), form.minutes.data or ""
            await actions.change(db, actor, seen, plan, minutes)
        elif verb == "publish":
            await actions.publish(db, actor, seen, city)
        elif verb == "attendance":
            await actions.attend(db, actor, seen, _came(data), city)
        elif verb == "hold":
            await actions.hold(db, actor, seen)
        else:
            await actions.call_off(db, actor, seen, reason.comment.data or "")


def _came(data: FormData) -> dict[uuid.UUID, int]:
    """Ticked partners and their numbers. Raises Invalid for a number that is none."""
    came: dict[uuid.UUID, int] = {}
    for raw in data.getlist("came"):
        id = sent_uuid(raw)
        number = nfkc(str(data.get(f"n-{raw}") or ""))
        if id is None or not (number.isascii() and number.isdigit() and len(number) < 5):
            raise Invalid(_("人数は1人から100人までの数で入れてください。"))
        came[id] = int(number)
    return came


async def _edit_page(
    request: Request, seen: Meeting, forms: tuple[MeetingForm, ReasonForm], verb: str,
    failed: Invalid | None,
) -> Response:  # fmt: skip
    actor, city = request.state["actor"], request.state["city"]
    form, reason = forms
    async with unit_of_work(request) as db:
        day = seen.starts_at.astimezone(city.zone).date()
        guests = await queries.guests(db, seen.id, day) if seen.state != "draft" else ()
        begun, on_the_day = now(db) >= seen.starts_at, city_today(db, city) >= day
    if verb != "save":
        form.fill(seen, city.zone)
    context = {
        "seen": seen, "form": form, "reason": reason, "guests": guests, "begun": begun,
        "on_the_day": on_the_day, "failed": failed, "failed_verb": verb if failed else "",
        "verbs": {step.verb for step in buttons(MEETING, actor, seen.stand)},
    }  # fmt: skip
    return render(request, "exchange/meeting_edit.html", context, status=422 if verb else 200)
