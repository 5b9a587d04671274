"""The history of a record, for its page."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.workflow.machine import Machine
from server.workflow.models import StateChange


@dataclass(frozen=True)
class PastStep:
    """A step taken. ``who`` is a display name, or empty for a job; ``hat`` as in machine.HATS."""

    at: dt.datetime
    state: str
    label: str
    verb: str
    who: str
    hat: str
    comment: str
    detail: dict[str, object]


async def history(db: AsyncSession, machine: Machine, id: uuid.UUID) -> tuple[PastStep, ...]:
    """All steps of a record, the newest first."""
    statement = (
        select(StateChange, Account.display_name)
        .outerjoin(Account, Account.id == StateChange.by)
        .where(StateChange.object_id == id, StateChange.machine == machine.name)
        .order_by(StateChange.at.desc(), StateChange.id.desc())
    )
    return tuple(
        PastStep(
            at=change.at, state=change.to_state, label=machine.states[change.to_state],
            verb=change.verb, who=name or "", hat=change.by_hat, comment=change.comment,
            detail=change.detail,
        )
        for change, name in await db.execute(statement)
    )  # fmt: skip
