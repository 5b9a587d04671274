"""Who may see a file: whoever may see the record it belongs to, asked in one statement."""

import uuid

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.policy import Actor

# Each gives at most one row: partner_id, requested_by. Staff see all of them. What belongs to a
# partner is its people's of today, not of somebody who filed it and has left.
_OWNERS = {
    "enrolment": "SELECT partner_id, CASE WHEN partner_id IS NULL THEN requested_by END"
    " AS requested_by FROM enrolments WHERE id = :id",
    "agreement": "SELECT a.partner_id, CASE WHEN a.partner_id IS NULL THEN e.requested_by END"
    " AS requested_by FROM agreements a"
    " LEFT JOIN enrolments e ON e.id = a.enrolment_id WHERE a.id = :id",
    "pickup": "SELECT partner_id, NULL::uuid AS requested_by FROM pickups WHERE id = :id",
    "fault": "SELECT partner_id, requested_by FROM faults WHERE id = :id",
}


async def may_see(db: AsyncSession, actor: Actor | None, owner: str, owner_id: uuid.UUID) -> bool:
    """Whether this person may see files of that record. Nobody who is not logged in may."""
    if actor is None or owner not in _OWNERS:
        return False
    if actor.is_staff:
        return True
    row = (await db.execute(text(_OWNERS[owner]), {"id": owner_id})).first()
    if row is None:
        return False
    return row.partner_id in actor.partner_ids or row.requested_by == actor.account_id
