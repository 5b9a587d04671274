"""`/opportunities/{id}/slots`: the host shares an activity out into times and roles."""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from wtforms import HiddenField
from wtforms.validators import NumberRange

from server import labels
from server.db.base import uuid7
from server.errors import Invalid, NotFound
from server.http.forms import (
    BaseForm,
    Check,
    Choice,
    ClockTime,
    WholeNumber,
    Words,
    optional,
    read_form,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.opportunities import slots
from server.opportunities.hostpages import load_led
from server.opportunities.queries import Detail
from server.opportunities.slots import SlotDraft, SlotView


class SlotForm(BaseForm):
    """A time or a role with places of its own."""

    id = HiddenField()  # made when the form is opened, or that of the slot that is changed
    label = Words(
        _l("名前"), [required_text()], max_length=40, description=_l("例: 午前の部、草刈り機班")
    )
    role = Choice(_l("役割"), labels.SLOT_ROLES, default="any")
    starts = ClockTime(_l("始まり"), [optional()], description=_l("書かないと、活動の間ずっと。"))
    ends = ClockTime(_l("終わり"), [optional()])
    capacity = WholeNumber(
        _l("定員"),
        [required(), NumberRange(1, 2000, _l("定員は1人から2000人までです。"))],
        default=5,
    )
    needs_course = Check(_l("草刈り機の講習を受けた人だけ"))

    def draft(self, activity: Detail, zone: ZoneInfo) -> SlotDraft:
        """The slot with its times on the day of the activity, by the city's clock."""
        day = activity.starts_at.astimezone(zone).date()

        def at(time: dt.time | None) -> dt.datetime | None:
            return dt.datetime.combine(day, time, zone).astimezone(dt.UTC) if time else None

        return SlotDraft(
            label=self.label.data or "", role=self.role.data, starts_at=at(self.starts.data),
            ends_at=at(self.ends.data), capacity=self.capacity.data or 1,
            needs_course=bool(self.needs_course.data),
        )  # fmt: skip


async def page(request: Request) -> Response:
    """`/opportunities/{id}/slots`: add, change and close slots; ``?slot=`` opens one of them."""
    sent = await read_form(request) if request.method == "POST" else None
    activity = await load_led(request)
    async with unit_of_work(request) as db:
        found = await slots.slots_of(db, activity.id, with_closed=True)
    if sent is None:
        form = _opened(request, found)
        return _show(request, activity, found, form)
    chosen = next((one for one in found if str(one.id) == sent.get("id")), None)
    if sent.get("verb") == "close":
        return await _close(request, activity, chosen)
    form = SlotForm(sent)
    if not form.validate():
        return _show(request, activity, found, form, 422)
    try:
        await _save(request, activity, chosen, form)
    except Invalid as error:
        form.fail(error)
        return _show(request, activity, found, form, 422)
    return go(request, _home(request, activity), "opportunity.slots")


def _opened(request: Request, found: list[SlotView]) -> SlotForm:
    """The form for a new slot, or filled with the one in the address."""
    wished = request.query_params.get("slot")
    if wished is None:
        return SlotForm(data={"id": str(uuid7())})
    slot = next((one for one in found if str(one.id) == wished and one.is_open), None)
    if slot is None:
        raise NotFound(_("この時間帯・班は見つかりません。"))
    zone = request.state["city"].zone
    starts, ends = (m.astimezone(zone).time() if m else None
                    for m in (slot.starts_at, slot.ends_at))  # fmt: skip
    return SlotForm(obj=slot, data={"starts": starts, "ends": ends})


async def _save(
    request: Request, activity: Detail, chosen: SlotView | None, form: SlotForm
) -> None:
    draft, actor = form.draft(activity, request.state["city"].zone), request.state["actor"]
    async with unit_of_work(request) as db:
        if chosen is None:
            await slots.add_slot(db, actor, activity, _id_of(form), draft)
        else:
            await slots.change_slot(db, actor, activity, chosen.id, draft)


def _id_of(form: SlotForm) -> uuid.UUID:
    try:
        return uuid.UUID(form.id.data or "")
    except ValueError:
        return uuid7()


async def _close(request: Request, activity: Detail, slot: SlotView | None) -> Response:
    if slot is None:
        raise NotFound(_("この時間帯・班は見つかりません。"))
    async with unit_of_work(request) as db:
        await slots.close_slot(db, request.state["actor"], activity, slot.id)
    return go(request, _home(request, activity), "opportunity.slot_closed")


def _home(request: Request, activity: Detail) -> str:
    return url_for(request, "opportunity_slots", id=activity.id)


def _show(
    request: Request, activity: Detail, found: list[SlotView], form: SlotForm, status: int = 200
) -> Response:
    changing = any(str(one.id) == str(form.id.data) for one in found)
    context = {"activity": activity, "slots": found, "form": form, "changing": changing}
    return render(request, "opportunities/slots.html", context, status=status)
