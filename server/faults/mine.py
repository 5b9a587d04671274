"""What somebody, or their partner, has told the city: faults and accidents in one list."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.policy import Actor

SHOWN = 200


@dataclass(frozen=True)
class Told:
    """A fault or an accident (``what``) in a list. ``subject``: its category or kind."""

    what: str
    id: uuid.UUID
    code: str
    subject: str
    place_note: str
    state: str
    at: dt.datetime


_TOLD = text(f"""
SELECT 'fault' AS what, id, code, category AS subject, place_note, state, created_at AS at
  FROM faults WHERE requested_by = :account OR partner_id = ANY(CAST(:partners AS uuid[]))
UNION ALL
SELECT 'accident', id, '', kind, place_note, state, created_at
  FROM accidents WHERE partner_id = ANY(CAST(:partners AS uuid[]))
 ORDER BY at DESC, id LIMIT {SHOWN}
""")  # noqa: S608 - fixed text only


async def told_by(db: AsyncSession, actor: Actor) -> tuple[Told, ...]:
    """Faults and accidents that somebody or their partners reported, the newest first."""
    values = {"account": actor.account_id, "partners": list(actor.partner_ids)}
    return tuple(Told(**row._mapping) for row in await db.execute(_TOLD, values))
