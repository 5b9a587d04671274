"""Signs (表示板): wishing for one, settling its wording, putting it up, taking it down."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.registry import CityRules, section_for
from server.db.context import now
from server.errors import Invalid
from server.http.i18n import gettext as _
from server.ledgers.partners import lock_partner, must_be_live, must_be_own, sent_before
from server.policy import Actor
from server.signs import models, queries
from server.signs.machine import SIGN
from server.signs.queries import Sign
from server.workflow.actions import begin, move

LONGEST_WORDING = 40  # characters that can be read from a car


@dataclass(frozen=True)
class Wish:
    """A sign a partner would like to have."""

    partner_id: uuid.UUID
    area_id: uuid.UUID
    wording: str


async def wish(
    db: AsyncSession, actor: Actor, id: uuid.UUID, wanted: Wish, rules: CityRules, today: dt.date
) -> None:
    """Wish for a sign on an own area, one sign an area. A second send does nothing."""
    by_proxy = wanted.partner_id not in actor.partner_ids
    must_be_own(actor, wanted.partner_id)
    await lock_partner(db, wanted.partner_id)
    if await sent_before(db, "signs", id, wanted.partner_id):
        return
    must_be_live(await queries.is_live(db, wanted.partner_id))
    areas = await queries.sign_areas(db, wanted.partner_id, today)
    area = next((one for one in areas if one.id == wanted.area_id), None)
    if area is None:
        raise Invalid(_("活動区域を選んでください。"), "area")
    if area.has_sign:
        raise Invalid(_("この区域には、もう表示板があるか、希望が出ています。"), "area")
    row = (
        pg_insert(models.Sign)
        .values(id=id, partner_id=wanted.partner_id, area_id=area.id, state="wished",
                wished_wording=wanted.wording, wording="", created_at=now(db),
                section=section_for(rules, area.kind, area.section),
                requested_by=None if by_proxy else actor.account_id)
    )  # fmt: skip
    await db.execute(row)
    begin(db, actor, SIGN, id, "wished", hat="staff" if by_proxy else "partner", by_proxy=by_proxy)


async def discuss(db: AsyncSession, actor: Actor, sign: Sign, wording: str, comment: str) -> None:
    """The city proposes a wording and talks it over with the partner."""
    values = {"wording": wording} if wording else {}
    await move(db, actor, SIGN, sign.stand, "discuss", comment=comment, values=values)


@dataclass(frozen=True)
class Installed:
    """What was put up. ``point`` is lon, lat in degrees (WGS84)."""

    wording: str
    day: dt.date
    point: tuple[float, float] | None


async def install(
    db: AsyncSession, actor: Actor, sign: Sign, done: Installed, today: dt.date
) -> None:
    """The sign stands, with the wording both agreed on."""
    if not done.wording:
        raise Invalid(_("記載した名称を書いてください。"), "wording")
    if done.day > today:
        raise Invalid(_("先の日付は入れられません。"), "day")
    values: dict[str, Any] = {"wording": done.wording, "installed_on": done.day}
    if done.point:
        values["point"] = func.ST_SetSRID(func.ST_MakePoint(*done.point), 4326)
    await move(db, actor, SIGN, sign.stand, "install", values=values)


async def remove(
    db: AsyncSession, actor: Actor, sign: Sign, day: dt.date, reason: str, today: dt.date
) -> None:
    """The sign was taken down."""
    if day > today:
        raise Invalid(_("先の日付は入れられません。"), "day")
    if sign.installed_on and day < sign.installed_on:
        raise Invalid(_("撤去の日が、設置の日より前になっています。"), "day")
    await move(db, actor, SIGN, sign.stand, "remove", comment=reason, values={"removed_on": day})


async def cancel(db: AsyncSession, actor: Actor, sign: Sign) -> None:
    """Take a wish back. A second time does nothing."""
    if sign.state != "cancelled":
        await move(db, actor, SIGN, sign.stand, "cancel")
