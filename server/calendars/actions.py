"""A new private address: the old one stops working at once."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.calendars.models import CalendarAddress
from server.db.context import now
from server.policy import Actor


async def renew(db: AsyncSession, actor: Actor, seen: int) -> bool:
    """Replace the address of version ``seen``. False when it was replaced before: a second tap must
    not break the address that the first one made."""
    row = {"account_id": actor.account_id, "version": seen + 1, "changed_at": now(db)}
    statement = insert(CalendarAddress).values(row)
    if seen > 1:  # its row is there
        statement = statement.on_conflict_do_update(
            index_elements=["account_id"],
            set_={"version": seen + 1, "changed_at": now(db)},
            where=CalendarAddress.version == seen,
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=["account_id"])
    changed = await db.scalar(statement.returning(CalendarAddress.version))
    if changed is None:
        return False
    record(db, actor, "calendar.renew", "account", actor.account_id, version=changed)
    return True
