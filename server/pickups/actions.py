"""Asking for a pick-up, changing it, cancelling it. What the crew does stands in ``crew.py``."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from geo.crs import WGS84
from server.audit.actions import record
from server.citysettings.queries import City
from server.citysettings.registry import CityRules, section_for
from server.cleanups.content import Litter
from server.cleanups.models import Cleanup
from server.db.context import now
from server.errors import Conflict, Invalid, NotFound
from server.http.i18n import gettext as _
from server.http.i18n import jdate
from server.opportunities.queries import is_in_city
from server.pickups import queries
from server.pickups.calendar import CrewCalendar
from server.pickups.machine import PICKUP
from server.pickups.models import Pickup as PickupRow
from server.pickups.models import PickupContent
from server.pickups.queries import AreaOffer, Pickup
from server.policy import Actor
from server.workflow.actions import begin, hats, move


@dataclass(frozen=True)
class Draft:
    """What somebody asks for. lon/lat in degrees."""

    area: AreaOffer | None  # None = the area it has already
    lon: float
    lat: float
    place_note: str
    contents: tuple[Litter, ...]
    covered: bool
    private_land: bool
    note: str
    wished_on: dt.date
    cleanup_id: uuid.UUID | None = None


def routed(rules: CityRules, area: AreaOffer) -> tuple[str, str]:
    """Who manages the place, and the section that answers: the waste section takes away what lies
    on the city's own ground; for other managers the area's section passes the request on."""
    if area.manager == "city":
        return area.manager, rules.section_waste
    return area.manager, section_for(rules, area.kind, area.section)


async def request_pickup(
    db: AsyncSession, actor: Actor, city: City, id: uuid.UUID, draft: Draft, *,
    by_proxy: bool = False,
) -> bool:  # fmt: skip
    """Take a request under an id made when the form was opened; False when it is here already.

    ``by_proxy``: staff write it down for a partner, and may choose any day of the crew.
    Raises Invalid (with the field) for a bad place or day, NotFound for a stranger's area.
    """
    area = draft.area
    if area is None or not (by_proxy or area.partner_id in actor.partner_ids):
        raise NotFound(_("活動区域が見つかりません。"))
    if await _is_repeat(db, id, area.partner_id):
        return False
    await _check_place(db, city, draft)
    await _check_wish(db, city, draft.wished_on, free=by_proxy)
    manager, section = routed(city.rules, area)
    added = await db.scalar(
        pg_insert(PickupRow)
        .values(id=id, partner_id=area.partner_id, state="requested", manager=manager,
                section=section, by_proxy=by_proxy, created_at=now(db),
                cleanup_id=_own_cleanup(draft.cleanup_id, area.partner_id),
                requested_by=None if by_proxy else actor.account_id,
                wished_on=draft.wished_on, **_columns(draft))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(PickupRow.id)
    )  # fmt: skip
    if added is None:
        return False
    await _write_contents(db, id, draft.contents)
    hat = "staff" if by_proxy else "partner"
    begin(db, actor, PICKUP, id, "requested", hat=hat, wished_on=draft.wished_on.isoformat(),
          by_proxy=by_proxy)  # fmt: skip
    return True


async def _is_repeat(db: AsyncSession, id: uuid.UUID, partner_id: uuid.UUID) -> bool:
    owner = await db.scalar(select(PickupRow.partner_id).where(PickupRow.id == id))
    if owner is not None and owner != partner_id:
        raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
    return owner is not None


def _own_cleanup(cleanup_id: uuid.UUID | None, partner_id: uuid.UUID) -> Any:
    """SQL: the report, if it is really the partner's; else nothing."""
    if cleanup_id is None:
        return None
    own = Cleanup.id == cleanup_id, Cleanup.partner_id == partner_id
    return select(Cleanup.id).where(*own).scalar_subquery()


def _columns(draft: Draft) -> dict[str, Any]:
    values: dict[str, Any] = {
        "point": func.ST_SetSRID(func.ST_MakePoint(draft.lon, draft.lat), WGS84),
        "place_note": draft.place_note,
        "covered": draft.covered,
        "private_land": draft.private_land,
        "note": draft.note,
    }
    return values | ({"area_id": draft.area.id} if draft.area else {})


async def _write_contents(db: AsyncSession, id: uuid.UUID, lines: tuple[Litter, ...]) -> None:
    rows = [
        {"pickup_id": id, "litter_class": x.litter_class, "unit": x.unit, "quantity": x.quantity}
        for x in lines
    ]
    await db.execute(insert(PickupContent), rows)


# --- the rules -----------------------------------------------------------------------------------


async def _check_place(db: AsyncSession, city: City, draft: Draft) -> None:
    if not draft.contents:
        raise Invalid(_("回収してほしいものの量を入れてください。"), "litter")
    if not await is_in_city(db, draft.lon, draft.lat, city.rules.import_margin_m):
        raise Invalid(_("場所が市の外になっています。地図でえらび直してください。"), "lon")


async def _check_wish(db: AsyncSession, city: City, wish: dt.date, *, free: bool) -> None:
    """Raises Invalid on ``wished_on``, and says which days there are."""
    asked_at = now(db).astimezone(city.zone)
    calendar = await queries.calendar(db, city.rules, asked_at.date())
    message = wish_problem(calendar, wish, asked_at, free=free)
    if message:
        raise Invalid(message, "wished_on")


def wish_problem(
    calendar: CrewCalendar, wish: dt.date, asked_at: dt.datetime, *, free: bool = False
) -> str | None:
    """Why the wished day cannot be, in words; None when it can.

    ``free``: staff are not bound to the lead time. ``asked_at`` is on the city's clock.
    """
    first = calendar.open_from(asked_at.date()) if free else calendar.earliest(asked_at)
    if first is None:
        return _("いまは回収の予定がありません。市に電話で相談してください。")
    if wish < first:
        return _("いちばん早い回収日は%(day)sです。") % {"day": jdate(first)}
    if wish > asked_at.date() + dt.timedelta(days=366):
        return _("1年より先の日は選べません。")
    if calendar.room_on(wish):
        return None
    days = "、".join(jdate(day) for day in calendar.offer(wish))
    why = (
        _("%(day)sは予約がいっぱいです。")
        if calendar.is_open(wish)
        else _("%(day)sは回収しません。")
    ) % {"day": jdate(wish)}
    return why + (_("次の回収日: %(days)s") % {"days": days} if days else "")


def cancel_deadline(pickup: Pickup, city: City) -> dt.datetime | None:
    """Until when the partner may change or cancel; None = as long as no day is fixed."""
    if pickup.scheduled_on is None:
        return None
    until = dt.time.fromisoformat(city.rules.pickup_cancel_until)
    return dt.datetime.combine(pickup.scheduled_on, until, city.zone)


def may_change(pickup: Pickup, city: City, moment: dt.datetime) -> bool:
    """Whether its partner may still change or cancel it."""
    deadline = cancel_deadline(pickup, city)
    return pickup.waits and (deadline is None or moment <= deadline)


# --- changes -------------------------------------------------------------------------------------


async def change(db: AsyncSession, actor: Actor, city: City, before: Pickup, draft: Draft) -> None:
    """Correct amount, place or note; the wished day only while no day is fixed.

    Raises Conflict when it is too late, Invalid as ``request_pickup`` does.
    """
    if before.partner_id not in actor.partner_ids:
        raise NotFound(_("回収依頼が見つかりません。"))
    _must_be_changeable(before, city, now(db))
    changed = _changes(before, draft)
    if not changed:
        return
    await _check_place(db, city, draft)
    values = _columns(draft)
    if draft.area and draft.area.id != before.area_id:
        values["manager"], values["section"] = routed(city.rules, draft.area)
    if "wished_on" in changed and before.scheduled_on is None:
        await _check_wish(db, city, draft.wished_on, free=False)
        values["wished_on"] = draft.wished_on
    hit = await db.scalar(
        update(PickupRow)
        .where(PickupRow.id == before.id, PickupRow.state == before.state)
        .values(**values)
        .returning(PickupRow.id)
    )
    if hit is None:
        raise Conflict(_("ほかの人が先に進めました。新しい内容を確かめてください。"))
    if "contents" in changed:
        await db.execute(delete(PickupContent).where(PickupContent.pickup_id == before.id))
        await _write_contents(db, before.id, draft.contents)
    record(db, actor, "pickup.change", "pickup", before.id, fields=changed)


def _must_be_changeable(pickup: Pickup, city: City, moment: dt.datetime) -> None:
    if not pickup.waits:
        raise Conflict(_("この回収は終わっているので、直せません。"))
    if not may_change(pickup, city, moment):
        message = _("変更と取消しは、回収日の%(time)sまでです。%(contact)sに電話してください。")
        values = {"time": city.rules.pickup_cancel_until, "contact": city.rules.contact}
        raise Conflict(message % values)


def _changes(before: Pickup, draft: Draft) -> list[str]:
    """Names of the fields that differ; a point that moved less than a step has not moved."""
    names = ("place_note", "covered", "private_land", "note", "wished_on")
    changed = [name for name in names if getattr(before, name) != getattr(draft, name)]
    if before.scheduled_on is not None and "wished_on" in changed:
        changed.remove("wished_on")
    if draft.area and draft.area.id != before.area_id:
        changed.append("area")
    if sorted(map(repr, before.contents)) != sorted(map(repr, draft.contents)):
        changed.append("contents")
    if (round(before.lon, 5), round(before.lat, 5)) != (round(draft.lon, 5), round(draft.lat, 5)):
        changed.append("point")
    return changed


async def cancel(
    db: AsyncSession, actor: Actor, city: City, pickup: Pickup, comment: str = ""
) -> None:
    """Take the request back. A second time does nothing; the partner has until the deadline."""
    if pickup.state == "cancelled":
        return
    if "staff" not in hats(actor, pickup.stand):
        _must_be_changeable(pickup, city, now(db))
    await move(db, actor, PICKUP, pickup.stand, "cancel", comment=comment)
