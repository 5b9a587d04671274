"""The day of the crew: the list in the order of the way, results, the paper for the road, and the
calendar of days."""

import calendar as months
import datetime as dt
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from geo.route import tour_length_m
from server.coverage.care import city_today
from server.db.context import now
from server.errors import Conflict, DomainError, Invalid, NotFound
from server.files.queries import files_of
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.pdf import to_pdf
from server.http.render import environment, go, render, url_for
from server.http.uow import unit_of_work
from server.pickups import crew, queries
from server.pickups.calendar import CrewCalendar, SetApart, holiday_name
from server.pickups.filters import read_day
from server.pickups.forms import SetApartForm, StepForm, amounts_of, read_id
from server.pickups.pages import step
from server.pickups.queries import Pickup, Start
from server.pickups.routesheet import route_svg
from server.pickups.staffpages import meter_words


def _day_of(request: Request) -> dt.date:
    """The day of the address. Raises NotFound."""
    day = read_day(request.path_params["day"])
    if day is None or not 2000 <= day.year <= 2200:
        raise NotFound(_("この日のページはありません。"))
    return day


@dataclass(frozen=True)
class DayList:
    """The stops of a day in their order, those cancelled after all, the length of the way and
    where it begins."""

    day: dt.date
    stops: tuple[Pickup, ...]
    cancelled: tuple[Pickup, ...]
    way_m: float
    start: Start

    @property
    def by_hand(self) -> bool:
        """Whether somebody has changed the order."""
        return any(one.route_position is not None for one in self.stops)


async def _day_list(db: Any, request: Request, day: dt.date) -> DayList:
    start, rows = await queries.on_day(db, request.state["city"], day)
    stops = crew.in_route_order(rows, start.point)
    way_m = tour_length_m(start.point, [(one.lon, one.lat) for one in stops])
    return DayList(day, stops, tuple(r for r in rows if r.state == "cancelled"), way_m, start)


# --- the list ------------------------------------------------------------------------------------


async def staff_pickup_day(request: Request) -> Response:
    """`/staff/pickups/days/{day}`: the stops, what came of them, their order."""
    day = _day_of(request)
    if request.method == "POST":
        return await _act(request, day, await read_form(request))
    return await _day_page(request, day)


async def _day_page(
    request: Request, day: dt.date, error: DomainError | None = None, sent: FormData | None = None
) -> Response:
    city = request.state["city"]
    async with unit_of_work(request) as db:
        found = await _day_list(db, request, day)
        calendar = await queries.calendar(db, city.rules, day - dt.timedelta(days=40), 80)
        photos = await files_of(db, "pickup", [one.id for one in found.stops])
        today = city_today(db, city)
    fixed, capacity = calendar.taken.get(day, 0), calendar.capacity_of(day)
    context = {
        "found": found, "day": day, "totals": queries.totals(found.stops), "photos": photos,
        "fixed": fixed, "capacity": capacity, "meter": meter_words(fixed, capacity),
        "holiday": holiday_name(day), "special": calendar.set_apart.get(day),
        "is_open": calendar.is_open(day), "has_come": day <= today, "error": error,
        "failed": str(sent.get("pickup", "")) if sent else "", "sent": sent,
        "previous": _step(calendar, day, -1), "following": _step(calendar, day, 1),
    }  # fmt: skip
    status = 422 if isinstance(error, Invalid) else 409 if error else 200
    return render(request, "pickups/day.html", context, status=status)


def _step(calendar: CrewCalendar, day: dt.date, by: int) -> dt.date:
    """The next or previous day with crew or stops, else the neighbouring day."""
    near = (day + dt.timedelta(days=by * n) for n in range(1, 36))
    good = (one for one in near if calendar.is_open(one) or calendar.taken.get(one))
    return next(good, day + dt.timedelta(days=by))


async def _act(request: Request, day: dt.date, sent: FormData) -> Response:
    try:
        async with unit_of_work(request) as db:
            await _do(db, request, day, sent)
    except (Invalid, Conflict) as error:
        return await _day_page(request, day, error, sent)
    moved = sent.get("verb") in ("earlier", "later", "by_the_way")
    path = url_for(request, "staff_pickup_day", day=day.isoformat())
    mark = "#list" if moved else f"#stop-{read_id(str(sent.get('pickup', '')))}"
    return go(request, path + mark, None if moved else "pickup.result")


async def _do(db: Any, request: Request, day: dt.date, sent: FormData) -> None:
    """Take the step that a stop's form names."""
    actor, city, verb = request.state["actor"], request.state["city"], str(sent.get("verb", ""))
    if verb == "by_the_way":
        return await crew.by_the_way(db, actor, day)
    id = read_id(str(sent.get("pickup", "")))
    one = await queries.find(db, id, actor) if id else None
    if one is None or one.scheduled_on != day:
        raise NotFound(_("回収依頼が見つかりません。"))
    form = StepForm(sent)
    if not form.validate():
        raise Invalid(_("理由は500字までにしてください。"), "comment")
    comment = form.comment.data or ""
    match verb:
        case "earlier" | "later":
            await crew.shift(db, actor, city, day, one.id, -1 if verb == "earlier" else 1)
        case "collect":
            await crew.collect(db, actor, city, one, comment=comment)
        case "collect_part":
            await crew.collect(db, actor, city, one, amounts_of(sent, one), comment)
        case _:
            await step(db, request, one, form)


# --- the paper -----------------------------------------------------------------------------------


async def _sheet(request: Request) -> dict[str, Any]:
    """What stands on the crew's paper."""
    day = _day_of(request)
    async with unit_of_work(request) as db:
        found = await _day_list(db, request, day)
        moment = now(db)
    points = [(one.lon, one.lat) for one in found.stops]
    svg = await to_thread.run_sync(route_svg, found.start.point, points)
    return {"found": found, "day": day, "totals": queries.totals(found.stops), "svg": svg,
            "printed_at": moment}  # fmt: skip


async def staff_pickup_route(request: Request) -> Response:
    """`/staff/pickups/days/{day}/route`: list and map for the crew, made for paper."""
    return render(request, "pickups/route.html", await _sheet(request))


async def staff_pickup_route_pdf(request: Request) -> Response:
    """`/staff/pickups/days/{day}/route.pdf`: the same as a PDF, with its fonts inside."""
    sheet = await _sheet(request)
    template = environment().get_template("pickups/route_pdf.html")
    html = template.render(city=request.state["city"], **sheet)
    content = await to_pdf(lambda: html)
    name = f"pickups-{sheet['day'].isoformat()}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


# --- the calendar --------------------------------------------------------------------------------


@dataclass(frozen=True)
class CalendarDay:
    """One box of the month."""

    day: dt.date
    in_month: bool
    is_open: bool
    holiday: str | None
    special: SetApart | None
    taken: int
    capacity: int


def _month(text: str | None, today: dt.date) -> dt.date:
    """First day of ``2026-07``; this month for anything else."""
    day = read_day(f"{text}-01")
    return day if day and 2000 <= day.year <= 2200 else today.replace(day=1)


async def staff_pickup_calendar(request: Request) -> Response:
    """`/staff/pickups/calendar?month=2026-07`: which days the crew drives, and exceptions."""
    form = SetApartForm(await read_form(request) if request.method == "POST" else None)
    error: DomainError | None = None
    if request.method == "POST" and form.validate() and form.on_day.data:
        try:
            await _set_apart(request, form)
            path = url_for(request, "staff_pickup_calendar")
            return go(request, f"{path}?month={form.on_day.data:%Y-%m}", "pickup.calendar")
        except (Invalid, Conflict) as problem:
            error = problem
            form.form_errors.append(problem.message)
    status = 200 if request.method == "GET" else 409 if isinstance(error, Conflict) else 422
    return await _calendar_page(request, form, status)


async def _set_apart(request: Request, form: SetApartForm) -> None:
    """Keep the exception of the form. Raises Invalid for a past day, Conflict."""
    day: dt.date = form.on_day.data  # type: ignore[assignment]  # validated
    special = SetApart(form.what.data == "open", form.capacity.data, form.note.data or "")
    async with unit_of_work(request) as db:
        if not city_today(db, request.state["city"]) <= day <= dt.date(2200, 12, 31):
            raise Invalid(_("今日からの日を選んでください。"), "on_day")
        chosen = None if form.what.data == "usual" else special
        await crew.set_apart(db, request.state["actor"], request.state["city"], day, chosen)


async def _calendar_page(request: Request, form: SetApartForm, status: int) -> Response:
    city = request.state["city"]
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        sent_day = form.on_day.data if isinstance(form.on_day.data, dt.date) else None
        shown = f"{sent_day:%Y-%m}" if sent_day else request.query_params.get("month")
        first = _month(shown, today)
        plan = await queries.calendar(db, city.rules, first - dt.timedelta(days=7), 52)
    weeks = [
        [_box(plan, day, first) for day in week]
        for week in months.Calendar(firstweekday=6).monthdatescalendar(first.year, first.month)
    ]
    context = {
        "form": form, "weeks": weeks, "first": first, "today": today,
        "previous": (first - dt.timedelta(days=1)).strftime("%Y-%m"),
        "following": (first + dt.timedelta(days=32)).strftime("%Y-%m"),
    }  # fmt: skip
    return render(request, "pickups/calendar.html", context, status=status)


def _box(plan: CrewCalendar, day: dt.date, first: dt.date) -> CalendarDay:
    return CalendarDay(
        day, day.month == first.month, plan.is_open(day), holiday_name(day),
        plan.set_apart.get(day), plan.taken.get(day, 0), plan.capacity_of(day),
    )  # fmt: skip
