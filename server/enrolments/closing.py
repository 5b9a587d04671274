"""What is still open with a partner whose agreement ends: what is closed with it, what stays.

Closed in the same transaction, each by its own step with the reason in its history: reserved
machines, requests for supplies that nobody has decided, wishes for signs, and everything about
handing areas on. What has left the city's hands stays open, for it must come back or be seen to:
machines that are out, granted supplies, filled bags that wait for the crew. So do activities that
people have signed up for; their host calls them off, which tells everybody.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.context import now
from server.http.i18n import gettext as _
from server.loans.machine import LOAN
from server.policy import Actor
from server.signs.machine import SIGN
from server.successions.leaving import leave_successions
from server.supplies.machine import SUPPLY
from server.workflow.actions import Stand, move
from server.workflow.machine import Machine

CANCELLED: tuple[tuple[Machine, tuple[str, ...]], ...] = (
    (LOAN, ("reserved",)),
    (SUPPLY, ("requested",)),
    (SIGN, ("wished", "naming")),
)

_WAITING = text("""
SELECT id, code, title, state FROM desk_items
 WHERE partner_id = :partner AND kind = :kind AND state = ANY(:states) ORDER BY id
""")


async def close_open_matters(
    db: AsyncSession, actor: Actor | None, partner_id: uuid.UUID, day: dt.date
) -> None:
    """Close what makes no sense without an agreement. ``day`` is the first one without it.

    ``actor`` is who ends the agreement, None for the job. Raises Conflict when somebody moves one
    of these at the same moment.
    """
    why = _("合意が終わるため。")
    for machine, states in CANCELLED:
        values = {"partner": partner_id, "kind": machine.name, "states": list(states)}
        for row in (await db.execute(_WAITING, values)).all():
            stand = Stand(row.id, row.state, f"{row.code} {row.title}".strip(), partner_id)
            await move(db, actor, machine, stand, "cancel", comment=why)
    await leave_successions(db, actor, partner_id, day, why)


@dataclass(frozen=True)
class OpenMatters:
    """What is open with a partner that is about to leave, as (words, how many): what ends with the
    agreement, and what has to be seen to."""

    closing: tuple[tuple[str, int], ...]
    staying: tuple[tuple[str, int], ...]


_OPEN = text("""
SELECT (SELECT count(*) FROM loans WHERE partner_id = :partner AND state = 'reserved') AS reserved,
       (SELECT count(*) FROM supply_requests WHERE partner_id = :partner
           AND state = 'requested') AS requested,
       (SELECT count(*) FROM signs WHERE partner_id = :partner
           AND state IN ('wished', 'naming')) AS wished,
       (SELECT count(*) FROM successions WHERE :partner IN (partner_id, other_partner_id)
           AND state IN ('offered', 'trial')) AS successions,
       (SELECT count(*) FROM loans WHERE partner_id = :partner AND state = 'out') AS out,
       (SELECT count(*) FROM supply_requests WHERE partner_id = :partner
           AND state = 'approved') AS approved,
       (SELECT count(*) FROM pickups WHERE partner_id = :partner
           AND state IN ('requested', 'accepted', 'scheduled')) AS pickups,
       (SELECT count(*) FROM opportunities WHERE partner_id = :partner AND state = 'published'
           AND starts_at > :moment) AS opportunities
""")


async def open_matters(db: AsyncSession, partner_id: uuid.UUID) -> OpenMatters:
    """What is still open with a partner that is about to leave."""
    n = (await db.execute(_OPEN, {"partner": partner_id, "moment": now(db)})).one()
    closing = (
        (_("草刈り機の予約"), n.reserved), (_("支給の申請"), n.requested),
        (_("表示板の希望"), n.wished), (_("区域の引き継ぎ"), n.successions),
    )  # fmt: skip
    staying = (
        (_("貸出中の草刈り機"), n.out), (_("まだ受け取っていない支給品"), n.approved),
        (_("ごみの回収依頼"), n.pickups), (_("これからの活動の募集"), n.opportunities),
    )  # fmt: skip
    return OpenMatters(
        tuple(one for one in closing if one[1]), tuple(one for one in staying if one[1])
    )
