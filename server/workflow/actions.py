"""The one door through which a record changes its state."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.outbox import compose
from server.audit.actions import record
from server.db.base import Base, uuid7
from server.db.context import now
from server.errors import Conflict, Forbidden, Invalid
from server.http.i18n import gettext as _
from server.notices.actions import notify
from server.policy import Actor
from server.workflow.audience import people
from server.workflow.machine import Machine, Step
from server.workflow.models import StateChange

SYSTEM = frozenset({"system"})


@dataclass(frozen=True)
class Stand:
    """Where a record stands, as a page or action has just read it. ``other_partner_id`` is the
    second partner named in it, if any; ``title`` is said in mails (no contact data)."""

    id: uuid.UUID
    state: str
    title: str
    partner_id: uuid.UUID | None = None
    requested_by: uuid.UUID | None = None
    other_partner_id: uuid.UUID | None = None


def hats(actor: Actor | None, stand: Stand) -> frozenset[str]:
    """What somebody is towards this record. Nobody at all is a job of ours."""
    if actor is None:
        return SYSTEM
    found: set[str] = set(actor.roles & {"coordinator", "staff", "admin"})
    if "admin" in found:
        found.add("staff")
    if stand.requested_by == actor.account_id:
        found.add("person")
    if stand.partner_id in actor.partner_ids:
        found.add("partner")
    if stand.other_partner_id in actor.partner_ids:
        found.add("other")
    return frozenset(found)


def buttons(machine: Machine, actor: Actor, stand: Stand) -> tuple[Step, ...]:
    """The steps this person may take now."""
    return machine.open_to(stand.state, hats(actor, stand))


def begin(
    db: AsyncSession, actor: Actor | None, machine: Machine, id: uuid.UUID, state: str,
    *, hat: str, **detail: object,
) -> None:  # fmt: skip
    """Note the birth of a record in the history and the audit trail. The caller adds its row."""
    _note(db, actor, machine, id, ("", state), "create", hat, "", detail)


async def move(
    db: AsyncSession, actor: Actor | None, machine: Machine, stand: Stand, verb: str, *,
    comment: str = "", values: dict[str, Any] | None = None, detail: dict[str, Any] | None = None,
) -> Step:  # fmt: skip
    """Take one step: change the state, keep the history, write the audit, tell people.

    ``values`` are other columns to set in the same statement; ``detail`` is kept in the history
    (no contact data). Raises Forbidden when the step is not this person's, Conflict when the
    record has moved on, Invalid (field ``comment``) when a reason is missing.
    """
    taken = machine.require(stand.state, verb)
    mine = hats(actor, stand) & taken.by
    if not mine:
        raise Forbidden(_("この操作をする権限がありません。"))
    if taken.comment and not comment.strip():
        raise Invalid(_("理由を書いてください。"), "comment")
    table: Table = Base.metadata.tables[machine.table]
    hit = await db.scalar(
        update(table)
        .where(table.c.id == stand.id, table.c.state == stand.state)
        .values(state=taken.target, **(values or {}))
        .returning(table.c.id)
    )
    if hit is None:
        raise Conflict(_("ほかの人が先に進めました。新しい内容を確かめてください。"))
    change = (stand.state, taken.target)
    noted = _note(db, actor, machine, stand.id, change, verb, _first(mine), comment, detail or {})
    await _tell(db, actor, machine, stand, taken, comment, noted)
    return taken


def _first(mine: frozenset[str]) -> str:
    """The hat that is written down when somebody wears several: the official one."""
    order = ("admin", "staff", "coordinator", "partner", "other", "person", "system")
    return next(hat for hat in order if hat in mine)


def _note(
    db: AsyncSession, actor: Actor | None, machine: Machine, id: uuid.UUID,
    change: tuple[str, str], verb: str, hat: str, comment: str, detail: dict[str, Any],
) -> uuid.UUID:  # fmt: skip
    account, noted = actor.account_id if actor else None, uuid7()
    db.add(
        StateChange(id=noted, machine=machine.name, object_id=id, from_state=change[0],
                    to_state=change[1], verb=verb, comment=comment, detail=detail, at=now(db),
                    by=account, by_hat=hat)
    )  # fmt: skip
    record(db, actor, f"{machine.name}.{verb}", machine.name, id, to=change[1], **detail)
    return noted


async def _tell(
    db: AsyncSession, actor: Actor | None, machine: Machine, stand: Stand, taken: Step,
    comment: str, noted: uuid.UUID,
) -> None:  # fmt: skip
    """Tell everybody the step names, but not whoever took it; once for this line of history."""
    if not taken.tells:
        return
    partners = {"partner": stand.partner_id, "other": stand.other_partner_id}
    to = await people(
        db,
        partners=[id for name in taken.tells if (id := partners.get(name))],
        person=stand.requested_by if "person" in taken.tells else None,
        without=actor.account_id if actor else None,
        of=stand.partner_id,
    )
    subject, body = compose(
        "state_change", noun=machine.noun, title=stand.title, state=machine.states[taken.target],
        words=taken.words, comment=comment,
    )  # fmt: skip
    await notify(
        db, "partner", to, subject=subject, body=body, path=machine.path.format(id=stand.id),
        key=f"{machine.name}:{stand.id}:{noted}",
    )  # fmt: skip
