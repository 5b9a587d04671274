"""Telling the city, saying "I saw the same", and what the city does with it."""

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from geo.crs import WGS84
from server.audit.actions import record
from server.citysettings.queries import City
from server.citysettings.registry import section_for
from server.cleanups.models import Cleanup
from server.db.context import now
from server.errors import Conflict, Forbidden, Invalid
from server.faults import queries
from server.faults.machine import FAULT
from server.faults.models import Fault as FaultRow
from server.faults.models import FaultSighting
from server.faults.queries import Fault, Near
from server.files.models import StoredFile
from server.http.i18n import gettext as _
from server.opportunities.queries import is_in_city
from server.policy import Actor
from server.workflow.actions import begin

VERBS = ("forward", "start", "finish", "decline", "reopen")


@dataclass(frozen=True)
class Draft:
    """What somebody tells. lon/lat in degrees; ``key_hash`` is SHA-256 of the secret of the link
    that follows it, for reporters without an account."""

    category: str
    lon: float
    lat: float
    place_note: str
    description: str
    partner_id: uuid.UUID | None = None
    cleanup_id: uuid.UUID | None = None
    key_hash: bytes | None = None


async def duplicates(
    db: AsyncSession, city: City, id: uuid.UUID, category: str, lon: float, lat: float
) -> list[Near]:
    """Open reports that may be the same thing, by the city's distance and days."""
    since = now(db) - dt.timedelta(days=city.rules.fault_near_days)
    return await queries.near(db, category, lon, lat, city.rules.fault_near_m, since, id)


async def check_place(db: AsyncSession, city: City, lon: float, lat: float) -> None:
    """Raises Invalid for a place outside the city."""
    if not await is_in_city(db, lon, lat, city.rules.import_margin_m):
        raise Invalid(_("場所が市の外になっています。地図でえらび直してください。"), "lon")


async def report(
    db: AsyncSession, actor: Actor | None, city: City, id: uuid.UUID, draft: Draft
) -> bool:
    """Take a report under an id made when the form was opened; False when it is here already.

    The nearest area tells who manages the place; staff may correct that. Raises Invalid for a
    place outside, Conflict when the id is somebody else's.
    """
    if await _is_repeat(db, actor, id, draft):
        return False
    await check_place(db, city, draft.lon, draft.lat)
    place = await queries.area_at(db, draft.lon, draft.lat)
    manager = place.manager if place else "city"
    section = section_for(city.rules, place.kind, place.section) if place else ""
    added = await db.scalar(
        pg_insert(FaultRow)
        .values(id=id, state="received", category=draft.category, place_note=draft.place_note,
                description=draft.description, manager=manager,
                section=section or city.rules.section_scheme,
                point=func.ST_SetSRID(func.ST_MakePoint(draft.lon, draft.lat), WGS84),
                area_id=place.area_id if place else None, partner_id=draft.partner_id,
                cleanup_id=_own_cleanup(draft),
                requested_by=actor.account_id if actor else None,
                track_hash=draft.key_hash, seen_by_others=0, created_at=now(db))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(FaultRow.id)
    )  # fmt: skip
    if added is None:
        return False
    begin(db, actor, FAULT, id, "received", hat="partner" if draft.partner_id else "person",
          category=draft.category, section=section or city.rules.section_scheme)  # fmt: skip
    return True


async def _is_repeat(db: AsyncSession, actor: Actor | None, id: uuid.UUID, draft: Draft) -> bool:
    columns = FaultRow.requested_by, FaultRow.track_hash
    row = (await db.execute(select(*columns).where(FaultRow.id == id))).first()
    if row is None:
        return False
    me = actor.account_id if actor else None
    same = row.track_hash == draft.key_hash if me is None else row.requested_by == me
    if not same:
        raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
    return True


def _own_cleanup(draft: Draft) -> Any:
    """SQL: the report of work, if it is really the partner's; else nothing."""
    if draft.cleanup_id is None or draft.partner_id is None:
        return None
    own = Cleanup.id == draft.cleanup_id, Cleanup.partner_id == draft.partner_id
    return select(Cleanup.id).where(*own).scalar_subquery()


async def may_add_photos(db: AsyncSession, id: uuid.UUID) -> int:
    """How many photos are here for a report that is being written; -1 once it has been sent: by
    then its id is public, and nobody may add to it."""
    sent = select(func.count()).select_from(FaultRow).where(FaultRow.id == id).scalar_subquery()
    kept = (
        select(func.count())
        .select_from(StoredFile)
        .where(StoredFile.owner == "fault", StoredFile.owner_id == id,
               StoredFile.removed_at.is_(None))
        .scalar_subquery()
    )  # fmt: skip
    row = (await db.execute(select(sent.label("sent"), kept.label("kept")))).one()
    return -1 if row.sent else int(row.kept)


async def sight(db: AsyncSession, actor: Actor | None, fault: Fault, who: str) -> bool:
    """Somebody has seen the same. Counts once per ``who`` (an account's id or a browser's secret);
    False the second time. Raises Conflict when it is no longer open."""
    if fault.state not in queries.OPEN:
        raise Conflict(_("このお知らせは、もう終わっています。新しく知らせてください。"))
    new = await db.scalar(
        pg_insert(FaultSighting)
        .values(fault_id=fault.id, seen_by=hashlib.sha256(who.encode()).digest(), seen_at=now(db))
        .on_conflict_do_nothing()
        .returning(FaultSighting.fault_id)
    )
    if new is None:
        return False
    more = FaultRow.seen_by_others + 1
    await db.execute(update(FaultRow).where(FaultRow.id == fault.id).values(seen_by_others=more))
    record(db, actor, "fault.sight", "fault", fault.id)
    return True


async def reroute(
    db: AsyncSession, actor: Actor, city: City, fault: Fault, manager: str, section: str
) -> None:
    """Correct who manages the place, and the section that answers."""
    if not actor.is_staff:
        raise Forbidden(_("この操作をする権限がありません。"))
    if section not in {*city.rules.sections, fault.section}:
        raise Invalid(_("担当課を選んでください。"), "section")
    if (manager, section) == (fault.manager, fault.section):
        return
    await db.execute(
        update(FaultRow).where(FaultRow.id == fault.id).values(manager=manager, section=section)
    )
    record(db, actor, "fault.reroute", "fault", fault.id, manager=[fault.manager, manager],
           section=[fault.section, section])  # fmt: skip


async def forget_drafts(db: AsyncSession, older_than: dt.timedelta = dt.timedelta(days=1)) -> int:
    """Take away photos of reports that were begun and never sent. For the nightly job."""
    sent = select(FaultRow.id).where(FaultRow.id == StoredFile.owner_id).exists()
    gone = await db.scalars(
        update(StoredFile)
        .where(StoredFile.owner == "fault", StoredFile.removed_at.is_(None),
               StoredFile.created_at < now(db) - older_than, ~sent)
        .values(removed_at=now(db))
        .returning(StoredFile.id)
    )  # fmt: skip
    return len(gone.all())
