"""The two steps of a reservation, the same for partners and (for somebody else) the staff."""

import uuid
from dataclasses import dataclass

from starlette.requests import Request

from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Conflict, Invalid
from server.http.i18n import gettext as _
from server.http.uow import retry_on_collision, unit_of_work
from server.loans import actions, queries
from server.loans.calendar import Calendar, calendar
from server.loans.forms import DaysForm, ReserveForm, suggested_days
from server.loans.queries import Choices, Unit


@dataclass(frozen=True)
class Around:
    """What the page shows: the partner's choices, the machines free on the chosen days (None = no
    days that are allowed have been chosen yet), and who has what in the coming weeks."""

    known: Choices
    free: tuple[Unit, ...] | None
    calendar: Calendar


async def look_around(request: Request, partner_id: uuid.UUID | None, days: DaysForm) -> Around:
    """Read what a reservation can be made of; days that were sent are checked by the rules."""
    city = request.state["city"]
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        free = None
        if not (days.first.raw_data or days.last.raw_data):
            days.first.data, days.last.data = suggested_days(today)
        elif days.validate():
            first, last = days.first.data, days.last.data
            assert first and last  # noqa: S101 - required
            try:
                actions.check_days(first, last, today, city.rules)
                free = await queries.free_units(db, first, last, today)
            except Invalid as error:
                days.fail(error)
        known = await queries.choices(db, partner_id, today)
        return Around(known, free, await calendar(db, today, today))


def with_choices(
    request: Request, around: Around, form: ReserveForm | None, days: DaysForm, partner: str
) -> ReserveForm:
    """The form of the second step, as it was sent or new, with what there is to choose from."""
    free = around.free or ()
    if form is None:
        first = {"id": str(uuid7()), "partner": partner}
        form = ReserveForm(data={**first, "first": days.first.data, "last": days.last.data})
        form.unit.data = str(free[0].id) if len(free) == 1 else None
    form.offer(free, around.known, request.state["city"].rules)
    return form


async def send(
    request: Request, partner_id: uuid.UUID, form: ReserveForm, *, by_proxy: bool = False
) -> tuple[uuid.UUID, int]:
    """Reserve what the form says: the id of the loan, and 303; or the status of the refusal, whose
    message then stands in the form."""
    id = form.sent_id()
    if not form.validate():
        return id, 422
    wish = form.reservation(partner_id)
    if wish is None:
        form.fail(Invalid(_("機械を選んでください。"), "unit"))
        return id, 422
    city, actor = request.state["city"], request.state["actor"]

    async def work() -> None:
        async with unit_of_work(request) as db:
            today = city_today(db, city)
            await actions.reserve(db, actor, id, wish, city.rules, today, by_proxy=by_proxy)

    try:
        await retry_on_collision(work)
    except Invalid as error:
        form.fail(error)
        return id, 422
    except actions.Taken as error:
        form.fail(Invalid(error.message, "unit"))
        form.unit.data = ""
        return id, 409
    except Conflict as error:
        form.form_errors.append(error.message)
        return id, 409
    return id, 303
