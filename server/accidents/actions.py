"""Telling the city of an accident or a near miss."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accidents.machine import ACCIDENT
from server.accidents.models import Accident
from server.areas.models import Area
from server.citysettings.queries import City
from server.cleanups.models import Cleanup
from server.db.context import now
from server.errors import Conflict, Invalid, NotFound
from server.http.i18n import gettext as _
from server.policy import Actor
from server.workflow.actions import begin

FARTHEST_BACK = dt.timedelta(days=3 * 366)


@dataclass(frozen=True)
class Draft:
    """What happened. ``happened_at`` is aware. No names of the hurt."""

    partner_id: uuid.UUID
    kind: str
    happened_at: dt.datetime
    place_note: str
    people_hurt: int
    description: str
    measures: str
    area_id: uuid.UUID | None = None
    cleanup_id: uuid.UUID | None = None


async def report(
    db: AsyncSession, actor: Actor, city: City, id: uuid.UUID, draft: Draft, *,
    by_proxy: bool = False,
) -> bool:  # fmt: skip
    """Take a report under an id made when the form was opened; False when it is here already.

    Staff write it down ``by_proxy`` for a partner who phones (代理入力).
    Raises Invalid for a time to come, NotFound for a stranger's partner.
    """
    if not (by_proxy and actor.is_staff) and draft.partner_id not in actor.partner_ids:
        raise NotFound(_("パートナーが見つかりません。"))
    owner = await db.scalar(select(Accident.partner_id).where(Accident.id == id))
    if owner is not None:
        if owner != draft.partner_id:
            raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
        return False
    if draft.happened_at > now(db):
        raise Invalid(_("これからの日時は入れられません。"), "day")
    if draft.happened_at < now(db) - FARTHEST_BACK:
        raise Invalid(_("3年より前のことは、市に直接お知らせください。"), "day")
    added = await db.scalar(
        pg_insert(Accident)
        .values(id=id, state="submitted", section=city.rules.section_scheme, created_at=now(db),
                requested_by=None if by_proxy else actor.account_id, **_columns(draft))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(Accident.id)
    )  # fmt: skip
    if added is None:
        return False
    hat = "staff" if by_proxy else "partner"
    begin(db, actor, ACCIDENT, id, "submitted", hat=hat, kind=draft.kind, by_proxy=by_proxy)
    return True


def _columns(draft: Draft) -> dict[str, Any]:
    cleanup = Cleanup.id == draft.cleanup_id, Cleanup.partner_id == draft.partner_id
    return {
        "partner_id": draft.partner_id, "kind": draft.kind, "happened_at": draft.happened_at,
        "place_note": draft.place_note, "people_hurt": draft.people_hurt,
        "description": draft.description, "measures": draft.measures,
        "area_id": select(Area.id).where(Area.id == draft.area_id).scalar_subquery(),
        "cleanup_id": select(Cleanup.id).where(*cleanup).scalar_subquery(),
    }  # fmt: skip
