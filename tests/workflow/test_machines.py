"""Every state machine under random steps, legal and not, by every role, in Python and in SQL."""

import dataclasses
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.audit.models import AuditEvent
from server.db.base import Base, uuid7
from server.errors import Conflict, Forbidden, Invalid
from server.http.sessions import open_session
from server.policy import Actor, PartnerRef
from server.settings import ROOT
from server.workflow.actions import Stand, hats, move
from server.workflow.diagram import page
from server.workflow.machine import AUDIENCES, HATS, Machine
from server.workflow.models import StateChange, WorkflowEdge
from server.workflow.registry import MACHINES
from tests.personas import World
from tests.workflow.born import NEEDS, born

pytestmark = pytest.mark.anyio
WHO = ("hanako", "kenji", "toyo", "yosomono", "kanae", "sato", "kanri", "job")
each_machine = pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))
few = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


def acting(world: World, who: str, stand: Stand) -> Actor | None:
    """A persona as the request would see them, towards this record."""
    if who == "job":
        return None
    account: Account = getattr(world, who)
    roles = {"kanae": "coordinator", "sato": "staff", "kanri": "admin"}
    partners = []
    if who in ("kenji", "toyo") and stand.partner_id:
        partners.append(PartnerRef(stand.partner_id, "MP-0001", "見本", "manager"))
    if who == "yosomono":
        partners.append(PartnerRef(world.other_partner.id, "MP-0002", "見本", "manager"))
    return Actor(
        account.id, account.display_name, account.email,
        frozenset({roles[who]} if who in roles else ()), None, tuple(partners),
    )  # fmt: skip


def expected(machine: Machine, verb: str, state: str, mine: frozenset[str], comment: str):
    """What a step should come to, by the declaration alone: an error class or the new state."""
    step = machine.step(verb)
    if state not in step.sources:
        return Conflict
    if not mine & step.by:
        return Forbidden
    if step.comment and not comment.strip():
        return Invalid
    return step.target


async def state_of(db: AsyncSession, machine: Machine, stand: Stand) -> str:
    table = Base.metadata.tables[machine.table]
    return str(await db.scalar(select(table.c.state).where(table.c.id == stand.id)))


@each_machine
@few
@given(data=st.data())
async def test_random_steps_by_everybody(
    machine: Machine, data: st.DataObject, db: AsyncSession, world: World
) -> None:
    savepoint = await db.begin_nested()
    stand = await born(db, machine.name, world)
    verbs = [step.verb for step in machine.steps]
    taken = 0
    for _ in range(data.draw(st.integers(1, 14))):
        verb, who = data.draw(st.sampled_from(verbs)), data.draw(st.sampled_from(WHO))
        comment = data.draw(st.sampled_from(["", " ", "理由です"]))
        actor = acting(world, who, stand)
        wanted = expected(machine, verb, stand.state, hats(actor, stand), comment)
        if isinstance(wanted, str):
            values = NEEDS.get((machine.name, wanted), {})
            await move(db, actor, machine, stand, verb, comment=comment, values=values)
            stand, taken = dataclasses.replace(stand, state=wanted), taken + 1
        else:
            with pytest.raises(wanted):
                await move(db, actor, machine, stand, verb, comment=comment)
        assert await state_of(db, machine, stand) == stand.state
    for table, column in ((StateChange, StateChange.object_id), (AuditEvent, AuditEvent.object_id)):
        key = stand.id if table is StateChange else str(stand.id)
        rows = await db.scalar(select(func.count()).select_from(table).where(column == key))
        assert rows == taken  # each step, and nothing but steps, is in the history and the audit
    await savepoint.rollback()


@each_machine
@few
@given(data=st.data())
async def test_random_sql_never_reaches_an_undeclared_state(
    machine: Machine, data: st.DataObject, db: AsyncSession, world: World
) -> None:
    table = Base.metadata.tables[machine.table]
    savepoint = await db.begin_nested()
    stand = await born(db, machine.name, world)
    state = stand.state
    for _ in range(data.draw(st.integers(1, 14))):
        target = data.draw(st.sampled_from([*machine.states, "", "gone", "Active"]))
        values = {"state": target, **NEEDS.get((machine.name, target), {})}
        attempt = await db.begin_nested()
        try:
            await db.execute(update(table).where(table.c.id == stand.id).values(values))
            await attempt.commit()
            assert target == state or (state, target) in machine.edges()
            state = target
        except IntegrityError as error:
            await attempt.rollback()
            allowed = target == state or (state, target) in machine.edges()
            assert not allowed or "no step from" not in str(error.orig)
        assert await state_of(db, machine, stand) == state
    await savepoint.rollback()


@each_machine
async def test_every_declared_step_can_be_taken(
    machine: Machine, db: AsyncSession, world: World
) -> None:
    """Otherwise the tests above would pass on a machine that stands still."""
    for step in machine.steps:
        for source in step.sources:
            savepoint = await db.begin_nested()
            stand = await born(db, machine.name, world)
            table = Base.metadata.tables[machine.table]
            for state in machine.path_to(source)[1:]:
                needs = NEEDS.get((machine.name, state), {})
                await db.execute(
                    update(table).where(table.c.id == stand.id).values(state=state, **needs)
                )
            stand = dataclasses.replace(stand, state=source)
            who = next(w for w in WHO if hats(acting(world, w, stand), stand) & step.by)
            needs = dict(NEEDS.get((machine.name, step.target), {}))
            if machine.name == "pickup" and step.target in ("accepted",):
                needs["scheduled_on"] = None
            if machine.name == "post" and step.target == "published":
                needs = {}
            await move(
                db, acting(world, who, stand), machine, stand, step.verb, comment="理由",
                values=needs,
            )  # fmt: skip
            assert await state_of(db, machine, stand) == step.target
            await savepoint.rollback()


@each_machine
async def test_nothing_is_born_late_deleted_or_renamed(
    machine: Machine, db: AsyncSession, world: World
) -> None:
    table = Base.metadata.tables[machine.table]
    stand = await born(db, machine.name, world)
    columns = [c.name for c in table.columns if c.computed is None and c.name not in ("id", "code")]
    copied = ", ".join(columns)
    for state in set(machine.states) - set(machine.initial):
        needs = NEEDS.get((machine.name, state), {})
        pieces = ", ".join(
            f"'{state}'" if c == "state" else f"'{needs[c]}'" if c in needs else c for c in columns
        )
        attempt = await db.begin_nested()
        with pytest.raises(DBAPIError, match="no step from"):
            await db.execute(
                text(f"INSERT INTO {table.name} (id, {copied}) SELECT :new, {pieces}"
                     f" FROM {table.name} WHERE id = :old"),
                {"new": uuid7(), "old": stand.id},
            )  # fmt: skip
        await attempt.rollback()
    attempt = await db.begin_nested()
    with pytest.raises(IntegrityError, match="keeps its id"):
        await db.execute(update(table).where(table.c.id == stand.id).values(id=uuid7()))
    await attempt.rollback()
    if stand.state != "draft":
        attempt = await db.begin_nested()
        with pytest.raises(IntegrityError, match="is ended, not deleted"):
            await db.execute(delete(table).where(table.c.id == stand.id))
        await attempt.rollback()


async def test_a_step_without_history_does_not_commit(db: AsyncSession, world: World) -> None:
    stand = await born(db, "fault", world)
    db.add(
        StateChange(machine="fault", object_id=stand.id, to_state="received", verb="create",
                    at=db.info["clock"](), by_hat="person")
    )  # fmt: skip
    await db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    await db.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    await db.execute(text("UPDATE faults SET state = 'done' WHERE id = :id"), {"id": stand.id})
    attempt = await db.begin_nested()
    with pytest.raises(IntegrityError, match="without its history"):
        await db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    await attempt.rollback()


async def test_the_history_is_only_added_to(db: AsyncSession, world: World) -> None:
    await open_session(db, world.hanako.id, db.info["clock"]() - db.info["clock"]())
    for statement in ("UPDATE state_changes SET comment = 'x'", "DELETE FROM state_changes"):
        attempt = await db.begin_nested()
        with pytest.raises(DBAPIError, match="only ever added to"):
            await db.execute(text(statement))
        await attempt.rollback()


async def test_the_database_knows_the_same_steps(db: AsyncSession) -> None:
    rows = (await db.execute(select(WorkflowEdge))).scalars().all()
    in_database = {(row.machine, row.from_state, row.to_state) for row in rows}
    declared = {(m.name, a, b) for m in MACHINES.values() for a, b in m.edges()}
    assert in_database == declared


async def test_two_people_take_different_steps_at_once(db: AsyncSession, world: World) -> None:
    stand = await born(db, "supply", world)
    sato = acting(world, "sato", stand)
    await move(db, sato, MACHINES["supply"], stand, "approve")
    with pytest.raises(Conflict):
        await move(db, sato, MACHINES["supply"], stand, "reject", comment="在庫がない")
    assert await state_of(db, MACHINES["supply"], stand) == "approved"


@each_machine
def test_a_machine_is_well_formed(machine: Machine) -> None:
    assert all(machine.path_to(state) for state in machine.states)  # no state is an island
    for step in machine.steps:
        assert step.by and step.by <= set(HATS) and set(step.tells) <= set(AUDIENCES)
        assert step.target not in step.sources, step.verb
        if step.tells:
            assert machine.path.startswith("/") and "{id}" in machine.path
    columns = Base.metadata.tables[machine.table].columns
    assert {"id", "state", "partner_id", "section", "requested_by"} <= set(columns.keys())


def test_the_diagrams_in_the_docs_are_of_these_machines() -> None:
    kept = (ROOT / "docs/states.md").read_text(encoding="utf-8")
    assert kept == page(), "run: .venv/bin/python -m server.workflow.diagram > docs/states.md"
    assert len(re.findall("```mermaid", kept)) == len(MACHINES)
