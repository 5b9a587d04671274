"""Verbs on the desk: take things on, give them back, take them over, accept many plain ones.

What may be accepted by the dozen is only what needs no decision:

- a *report* (活動報告) that is waiting and has no double (same partner, area and day): accepting it
  writes nothing but that the city has seen it;
- a *pick-up* (回収依頼) on public ground: "accepted" only says that it is on the city's list; the
  day, which may be refused, is a step of its own.

Everything else asks somebody to look: an application for its areas, a supply for amounts and
stock, a loan for an operator, a notice for what it changes in the register.
"""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, delete, exists, literal, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from server.accounts.models import Account
from server.areas.models import Area
from server.audit.actions import record
from server.cleanups.actions import review_cleanup
from server.cleanups.models import Cleanup
from server.db.context import now
from server.desk.kinds import KINDS
from server.desk.models import DeskAssignment
from server.desk.queries import ITEMS
from server.errors import DomainError, Invalid
from server.http.i18n import gettext as _
from server.pickups.machine import PICKUP
from server.pickups.models import Pickup
from server.policy import Actor
from server.workflow.actions import Stand, move

MAX_ITEMS = 200
Key = tuple[str, uuid.UUID]  # kind, id


@dataclass(frozen=True)
class Failed:
    """Something that was not done: what it is called and why not."""

    name: str
    why: str


@dataclass(frozen=True)
class Outcome:
    """What a verb did with what was chosen."""

    done: int = 0
    failed: tuple[Failed, ...] = field(default=())


def _checked(keys: Sequence[Key]) -> list[Key]:
    """Each once, in a fixed order (two people doing the same must not wait for each other)."""
    if not keys:
        raise Invalid(_("何も選んでいません。左の四角に印を付けてください。"))
    if len(keys) > MAX_ITEMS:
        raise Invalid(_("一度に選べるのは%(n)s件までです。") % {"n": MAX_ITEMS})
    return sorted(set(keys))


def _among(columns: Sequence[Any], keys: Sequence[Key]) -> Any:
    return tuple_(*columns).in_([tuple_(literal(kind), literal(id)) for kind, id in keys])


# --- taking on, giving back -----------------------------------------------------------------------


async def assign(db: AsyncSession, actor: Actor, keys: Sequence[Key]) -> Outcome:
    """Take things on. Who comes second is told who has it; taking one's own again is harmless.

    The primary key decides the race: of two who ask at the same moment one row is written.
    """
    wanted = _checked(keys)
    here = (
        select(ITEMS.c.kind, ITEMS.c.id, literal(actor.account_id), literal(now(db)))
        .where(_among((ITEMS.c.kind, ITEMS.c.id), wanted))
        .order_by(ITEMS.c.kind, ITEMS.c.id)
    )
    columns = ["kind", "object_id", "account_id", "created_at"]
    taken = await db.execute(
        pg_insert(DeskAssignment)
        .from_select(columns, here, include_defaults=False)
        .on_conflict_do_nothing()
        .returning(DeskAssignment.kind, DeskAssignment.object_id)
    )
    mine = {(kind, id) for kind, id in taken}
    for kind, id in sorted(mine):
        record(db, actor, "desk.assign", kind, id)
    left = [key for key in wanted if key not in mine]
    holders = await _holders(db, left) if left else {}
    failed = [
        _not_taken(key, holders.get(key))
        for key in left
        if holders.get(key, _NOBODY)[0] != actor.account_id
    ]
    return Outcome(len(wanted) - len(failed), tuple(failed))


Holder = tuple[uuid.UUID | None, str, str]  # account, its name, what the thing is called
_NOBODY: Holder = (None, "", "")


async def _holders(db: AsyncSession, keys: Sequence[Key]) -> dict[Key, Holder]:
    """Who has each of these, for the things that still wait."""
    rows = await db.execute(
        select(ITEMS.c.kind, ITEMS.c.id, DeskAssignment.account_id, Account.display_name,
               ITEMS.c.code, ITEMS.c.title)
        .select_from(ITEMS)
        .join(
            DeskAssignment,
            and_(DeskAssignment.kind == ITEMS.c.kind, DeskAssignment.object_id == ITEMS.c.id),
        )
        .join(Account, Account.id == DeskAssignment.account_id)
        .where(_among((ITEMS.c.kind, ITEMS.c.id), keys))
    )  # fmt: skip
    return {
        (kind, id): (account, name, f"{code} {title}".strip())
        for kind, id, account, name, code, title in rows
    }


def _not_taken(key: Key, holder: Holder | None) -> Failed:
    if holder is None:
        return Failed(KINDS[key[0]].label, _("もう受付にありません。ほかの人が済ませたようです。"))
    return Failed(holder[2], _("%(name)sさんが先に受け持ちました。") % {"name": holder[1]})


async def release(db: AsyncSession, actor: Actor, keys: Sequence[Key]) -> Outcome:
    """Give things back, so that somebody else may take them. Only one's own; an admin also gives
    back what somebody has who is away. What nobody has is given back already."""
    wanted = _checked(keys)
    own = true() if actor.is_admin else DeskAssignment.account_id == actor.account_id
    columns = (DeskAssignment.kind, DeskAssignment.object_id)
    gone = await db.execute(
        delete(DeskAssignment)
        .where(_among(columns, wanted), own)
        .returning(*columns, DeskAssignment.account_id)
    )
    given = {(kind, id): account for kind, id, account in gone}
    for (kind, id), account in sorted(given.items()):
        record(db, actor, "desk.release", kind, id, had=str(account))
    left = [key for key in wanted if key not in given]
    holders = await _holders(db, left) if left else {}
    failed = tuple(
        Failed(name, _("%(name)sさんが受け持っています。") % {"name": holder})
        for _account, holder, name in holders.values()
    )
    return Outcome(len(wanted) - len(failed), failed)


async def take_over(db: AsyncSession, actor: Actor, keys: Sequence[Key]) -> Outcome:
    """Take things on that a colleague has who is away; from whom to whom goes into the trail.

    What nobody has is simply taken on. Of two who take over at the same moment one does, and the
    other is told who it was.
    """
    wanted = _checked(keys)
    for (kind, id), (account, _name, _title) in sorted((await _holders(db, wanted)).items()):
        if account == actor.account_id:
            continue
        here = (
            DeskAssignment.kind == kind, DeskAssignment.object_id == id,
            DeskAssignment.account_id == account,
        )  # fmt: skip
        values = {"account_id": actor.account_id, "created_at": now(db)}
        changed = update(DeskAssignment).where(*here).values(values).returning(DeskAssignment.kind)
        if await db.scalar(changed) is not None:
            whom = {"had": str(account), "has": str(actor.account_id)}
            record(db, actor, "desk.take_over", kind, id, **whom)
    return await assign(db, actor, wanted)


# --- accepting many -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Candidate:
    """Something to accept. ``why_not`` is said instead of trying; ``settled``: done already."""

    key: Key
    name: str
    run: Callable[[], Awaitable[object]]
    why_not: str = ""
    settled: bool = False


async def accept(db: AsyncSession, actor: Actor, keys: Sequence[Key]) -> Outcome:
    """Accept the reports and pick-ups among these, each on its own: one that cannot be accepted
    does not hold up the others, and what is accepted already counts as done."""
    wanted = _checked(keys)
    found = [
        *await _cleanups(db, actor, [id for kind, id in wanted if kind == "cleanup"]),
        *await _pickups(db, actor, [id for kind, id in wanted if kind == "pickup"]),
    ]
    others = sorted(set(wanted) - {one.key for one in found})
    only = _("まとめて受け付けられるのは、活動報告と回収依頼だけです。")
    failed = [Failed(name, only) for name in await _names(db, others)]
    for one in found:
        why = one.why_not or ("" if one.settled else await _try(db, one))
        if why:
            failed.append(Failed(one.name, why))
    return Outcome(len(wanted) - len(failed), tuple(failed))


async def _names(db: AsyncSession, keys: Sequence[Key]) -> list[str]:
    """What these are called; what does not wait any more has no name left."""
    if not keys:
        return []
    rows = await db.execute(
        select(ITEMS.c.kind, ITEMS.c.id, ITEMS.c.code, ITEMS.c.title).where(
            _among((ITEMS.c.kind, ITEMS.c.id), keys)
        )
    )
    names = {(kind, id): f"{code} {title}".strip() for kind, id, code, title in rows}
    return [names.get(key) or KINDS[key[0]].label for key in keys]


async def _try(db: AsyncSession, one: _Candidate) -> str:
    """Accept one thing in a savepoint of its own; why it could not be, or nothing."""
    try:
        async with db.begin_nested():
            await one.run()
    except DomainError as error:
        return error.message
    return ""


async def _cleanups(db: AsyncSession, actor: Actor, ids: Sequence[uuid.UUID]) -> list[_Candidate]:
    if not ids:
        return []
    twin = aliased(Cleanup)
    double = exists().where(
        twin.id != Cleanup.id, twin.partner_id == Cleanup.partner_id,
        twin.area_id == Cleanup.area_id, twin.done_on == Cleanup.done_on,
        twin.state.in_(("submitted", "accepted")),
    )  # fmt: skip
    rows = await db.execute(
        select(Cleanup.id, Cleanup.state, Cleanup.version, Area.name, Area.code, double)
        .join(Area, Area.id == Cleanup.area_id)
        .where(Cleanup.id.in_(ids))
        .order_by(Cleanup.id)
    )
    twice = _("同じ日・同じ区域の報告がほかにもあります。一つずつ確かめてください。")
    moved_on = _("もう受付にありません。ほかの人が済ませたようです。")

    def candidate(
        id: uuid.UUID, state: str, version: int, name: str, code: str, double: bool
    ) -> _Candidate:
        async def run() -> None:
            await review_cleanup(db, actor, id, version, "accepted", "")

        waits, settled = state == "submitted", state == "accepted"
        why = "" if settled else (twice if double else "") if waits else moved_on
        return _Candidate(("cleanup", id), f"{code} {name}", run, why, settled)

    return [candidate(*row) for row in rows]


async def _pickups(db: AsyncSession, actor: Actor, ids: Sequence[uuid.UUID]) -> list[_Candidate]:
    if not ids:
        return []
    rows = await db.scalars(select(Pickup).where(Pickup.id.in_(ids)).order_by(Pickup.id))
    private = _("私有地にあります。一つずつ確かめてください。")

    def candidate(row: Pickup) -> _Candidate:
        stand = Stand(row.id, row.state, row.code, row.partner_id, row.requested_by)

        async def run() -> None:
            await move(db, actor, PICKUP, stand, "accept")

        settled = row.state in ("accepted", "scheduled")
        why = private if row.private_land and not settled else ""
        return _Candidate(("pickup", row.id), f"{row.code} {row.place_note}", run, why, settled)

    return [candidate(row) for row in rows]


VERBS: dict[str, Callable[[AsyncSession, Actor, Sequence[Key]], Awaitable[Outcome]]] = {
    "assign": assign,
    "release": release,
    "take_over": take_over,
    "accept": accept,
}
