"""Filling in an application as a browser does, for the tests of its pages."""

import json
import uuid

import httpx2
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.db.base import uuid7
from server.enrolments.models import Enrolment
from server.workflow.models import StateChange

LINE = json.dumps(
    {"type": "LineString", "coordinates": [[140.99, 42.32], [140.995, 42.325], [141.0, 42.33]]}
)
GROUP = {
    "name": "見本髙﨑𠮷町会",
    "name_kana": "みほんﾀｶｻｷちょうかい",
    "people": "１２",
    "minors": "2",
}
PEOPLE = {
    "name": "見本髙田", "name_kana": "みほんたかだ", "title": "会長",
    "postal_code": "０５０００８３",
    "address": "室蘭市見本町1-2", "phone": "０１４３－２２－１１１１", "email": "takada@example.jp",
    "emergency_phone": "090-0000-0000",
}  # fmt: skip
CITIZEN = {**PEOPLE, "adult": "y"}
PLAN = {"works": "litter", "times_per_year": "6", "season": "4月から11月", "supports": "bags"}
CONSENTS = {
    "pledged": "y", "privacy_agreed": "y", "consent_name": "yes", "consent_photos": "no",
}  # fmt: skip


async def start(client: httpx2.AsyncClient, subject: str = "company", **more: str) -> uuid.UUID:
    """A new draft of whoever is logged in; its id."""
    id = uuid7()
    form = {"id": str(id), "subject": subject, **more}
    answer = await client.post("/applications/new", data=form)
    assert answer.status_code == 303, answer.text
    return id


async def fill(client: httpx2.AsyncClient, id: uuid.UUID, subject: str = "company") -> None:
    """All parts, with one drawn place."""
    people = PEOPLE if subject != "citizen" else CITIZEN
    parts = {"group": GROUP, "people": people, "plan": PLAN, "consents": CONSENTS}
    for part, values in parts.items():
        if part != "group" or subject != "citizen":
            await save(client, id, part, values)
    await draw(client, id)


async def save(
    client: httpx2.AsyncClient, id: uuid.UUID, part: str, values: dict[str, str]
) -> httpx2.Response:
    """One part saved."""
    answer = await client.post(f"/applications/{id}/edit/{part}", data=values)
    assert answer.status_code == 303, answer.text
    return answer


async def draw(client: httpx2.AsyncClient, case: uuid.UUID, **changes: str) -> str:
    """A drawn line as a wished place; its id."""
    wish = {"id": str(uuid7()), "way": "draw", "name": "見本通り", "kind": "city_road",
            "geometry": LINE, **changes}  # fmt: skip
    answer = await client.post(f"/applications/{case}/edit/areas", data=wish)
    assert answer.status_code == 303, answer.text
    return wish["id"]


async def case_row(db: AsyncSession, id: uuid.UUID) -> Enrolment:
    """The row as it is now."""
    query = select(Enrolment).where(Enrolment.id == id)
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one()


async def verbs(db: AsyncSession, id: uuid.UUID) -> list[str]:
    """The steps taken so far, from the history."""
    query = select(StateChange.verb).where(StateChange.object_id == id).order_by(StateChange.id)
    return list(await db.scalars(query))


async def acts(db: AsyncSession, id: uuid.UUID) -> list[str]:
    """The acts on this case, from the audit trail."""
    query = select(AuditEvent.action).where(AuditEvent.object_id == str(id))
    return list(await db.scalars(query.order_by(AuditEvent.id)))
