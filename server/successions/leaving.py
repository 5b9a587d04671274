"""What a partner's leaving means for areas that it offers, tries or raised a hand for."""

import datetime as dt
import uuid
from dataclasses import replace

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.policy import Actor
from server.successions.actions import stop_trial, withdraw
from server.successions.models import Succession, SuccessionHand
from server.successions.queries import Offer, Scope, offer

EVERYTHING = Scope((), True)  # the caller has checked who may


async def leave_successions(
    db: AsyncSession, actor: Actor | None, partner_id: uuid.UUID, day: dt.date, comment: str
) -> None:
    """Close everything about handing areas on that a partner is in, which leaves on ``day``.

    Its hands come down; an area that it tries is offered again; a trial of its own areas ends on
    ``day`` and its offers are taken back. ``actor`` is None for the job.
    """
    await _lower_hands(db, actor, partner_id)
    for one in await _open(db, partner_id, day):
        found = one
        if found.state == "trial":
            await stop_trial(db, actor, found, comment, day)
            found = replace(found, state="offered", other_partner_id=None)
        if found.partner_id == partner_id:
            await withdraw(db, actor, found, comment)


async def _open(db: AsyncSession, partner_id: uuid.UUID, day: dt.date) -> list[Offer]:
    """The open cases the partner offers or tries in, kept until the commit."""
    ids = await db.scalars(
        select(Succession.id)
        .where(
            or_(Succession.partner_id == partner_id, Succession.other_partner_id == partner_id),
            Succession.state.in_(("offered", "trial")),
        )
        .order_by(Succession.id)
        .with_for_update()
    )
    return [await offer(db, id, EVERYTHING, day) for id in ids.all()]


async def _lower_hands(db: AsyncSession, actor: Actor | None, partner_id: uuid.UUID) -> None:
    """Take back hands for areas that others offer; one that tries loses it with the trial."""
    gone = await db.scalars(
        delete(SuccessionHand)
        .where(
            SuccessionHand.partner_id == partner_id,
            SuccessionHand.succession_id.in_(
                select(Succession.id).where(Succession.state == "offered")
            ),
        )
        .returning(SuccessionHand.succession_id)
    )
    for id in sorted(gone.all()):
        record(db, actor, "succession.lower_hand", "succession", id, reason="left")
