"""Staff move an area from one partner to another (担当の変更) from a day on."""

import datetime as dt
import uuid

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.areas.holding import hold, lock_areas, release, standing
from server.areas.models import Area
from server.audit.actions import record
from server.errors import Conflict, Invalid
from server.http.i18n import gettext as _
from server.http.i18n import jdate
from server.partners.models import Partner
from server.policy import Actor


async def require_standing(
    db: AsyncSession, partner_id: uuid.UUID, first: dt.date, until: dt.date | None, field: str
) -> None:
    """The partner is under agreement from ``first`` on (and to before ``until``); else Invalid."""
    live, after, paused = await standing(db, partner_id, first)
    if not live:
        raise Invalid(_("相手のパートナーには、その日に有効な合意がありません。"), field)
    if paused:
        raise Invalid(_("相手のパートナーは休止中です。再開してから引き継いでください。"), field)
    if until and after and after < until:
        last = jdate(after - dt.timedelta(days=1))
        message = _("相手の合意は%(day)sまでです。その日までにしてください。") % {"day": last}
        raise Invalid(message, "until_on")


async def hand_over_area(
    db: AsyncSession, actor: Actor, area_id: uuid.UUID, giver_code: str, taker_code: str,
    day: dt.date, note: str,
) -> None:  # fmt: skip
    """From ``day`` on ``taker`` holds the area instead of ``giver``, to the end of its agreements.

    The same again changes nothing. Raises Invalid (the taker has no agreement; the giver does not
    hold the area) and Conflict while the giver itself looks for a successor.
    """
    (area,) = await lock_areas(db, [area_id])
    giver, taker = await _partners(db, giver_code, taker_code)
    if await _done_before(db, area_id, giver.id, taker.id, day):
        return
    if await db.scalar(_OFFERED, {"area": area_id, "partner": giver.id}):
        raise Conflict(_("この区域は引き継ぎの手続き中です。引き継ぎの画面で進めてください。"))
    await require_standing(db, taker.id, day, None, "taker")
    await give(db, area, giver.id, taker.id, day)
    record(
        db, actor, "area.hand_over", "area", area_id, code=area.code, giver=giver.code,
        taker=taker.code, on=day.isoformat(), note=note,
    )  # fmt: skip


async def give(
    db: AsyncSession, area: Area, giver_id: uuid.UUID, taker_id: uuid.UUID, day: dt.date
) -> None:
    """Cut the giver's rows at ``day`` and let the taker hold the area; its trials end there.

    Raises Invalid when the giver does not hold the area then.
    """
    if not await release(db, [area.id], day, "handed_over", partner_id=giver_id, trial=False):
        raise Invalid(
            _("「%(area)s」は、その日にはもうこのパートナーの担当ではありません。")
            % {"area": area.name},
            "giver",
        )
    await release(db, [area.id], day, "handed_over", partner_id=taker_id, trial=True)
    await hold(db, [area.id], taker_id, day)


_OFFERED = text("""
SELECT EXISTS (SELECT FROM successions WHERE area_id = :area AND partner_id = :partner
                AND state IN ('offered', 'trial'))
""")
_DONE = text("""
SELECT EXISTS (SELECT FROM agreement_areas WHERE area_id = :area AND partner_id = :giver
                AND upper(period) = CAST(:day AS date) AND end_reason = 'handed_over')
   AND EXISTS (SELECT FROM agreement_areas WHERE area_id = :area AND partner_id = :taker
                AND period @> CAST(:day AS date) AND NOT trial)
""")


async def _done_before(
    db: AsyncSession, area: uuid.UUID, giver: uuid.UUID, taker: uuid.UUID, day: dt.date
) -> bool:
    values = {"area": area, "giver": giver, "taker": taker, "day": day}
    return bool(await db.scalar(_DONE, values))


async def _partners(db: AsyncSession, giver: str, taker: str) -> tuple[Partner, Partner]:
    rows = await db.scalars(select(Partner).where(Partner.code.in_([giver, taker])))
    found = {partner.code: partner for partner in rows}
    if giver not in found:
        raise Invalid(_("いまの担当を選んでください。"), "giver")
    if taker not in found or taker == giver:
        raise Invalid(_("新しい担当を選んでください。"), "taker")
    return found[giver], found[taker]
