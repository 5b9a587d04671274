"""Reading notices of change, and what is in the register now."""

import datetime as dt
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.areas.models import Area
from server.areas.search import matches
from server.enrolments.answers import Person
from server.enrolments.models import ChangeNotice, Enrolment
from server.errors import NotFound
from server.http.i18n import gettext as _
from server.partners.models import Partner
from server.policy import Actor
from server.workflow.actions import Stand

FOUND_AREAS = 20


@dataclass(frozen=True)
class AreaName:
    """An area by number and name."""

    code: str
    name: str

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


@dataclass(frozen=True)
class Facts:
    """What is in the register about a partner on a day."""

    name: str
    name_kana: str
    contacts: dict[str, Person]  # by role
    areas: tuple[AreaName, ...]

    def before(self, kind: str) -> dict[str, Any]:
        """The part that a notice of that kind is about, as JSON."""
        if kind == "name":
            return {"name": self.name, "name_kana": self.name_kana}
        if kind == "representative":
            return asdict(self.contacts.get("representative", Person()))
        if kind == "contact":
            roles = ("contact", "emergency")
            return {r: asdict(self.contacts[r]) if r in self.contacts else None for r in roles}
        return {"areas": [asdict(area) for area in self.areas]}


_FACTS = text("""
SELECT p.name, p.name_kana,
       (SELECT coalesce(json_object_agg(c.role, json_build_object(
               'name', c.name, 'name_kana', c.name_kana, 'title', c.title,
               'postal_code', c.postal_code, 'address', c.address, 'phone', c.phone,
               'email', c.email)), '{}')
          FROM partner_contacts c
         WHERE c.partner_id = p.id AND c.period @> CAST(:today AS date)) AS contacts,
       (SELECT coalesce(json_agg(json_build_array(a.code, a.name) ORDER BY a.code), '[]')
          FROM agreement_areas aa JOIN areas a ON a.id = aa.area_id
         WHERE aa.partner_id = p.id AND aa.period @> CAST(:today AS date)
           AND NOT aa.trial) AS areas
  FROM partners p WHERE p.id = :partner
""")


async def facts_of(db: AsyncSession, partner_id: uuid.UUID, today: dt.date) -> Facts:
    """What is in the register now. Contacts are private: for the partner's own form only."""
    row = (await db.execute(_FACTS, {"partner": partner_id, "today": today})).one()
    contacts = {role: Person(**data) for role, data in row.contacts.items()}
    areas = tuple(AreaName(code, name) for code, name in row.areas)
    return Facts(row.name, row.name_kana, contacts, areas)


@dataclass(frozen=True)
class Notice:
    """A notice of change with its partner and the state of its case."""

    id: uuid.UUID
    enrolment_id: uuid.UUID
    partner_id: uuid.UUID
    partner_code: str
    partner_name: str
    subject: str
    kind: str
    state: str
    case_state: str
    before: dict[str, Any]
    after: dict[str, Any]
    effective_on: dt.date
    reason: str
    section: str
    requested_by: uuid.UUID | None
    by_proxy: bool
    created_at: dt.datetime

    def stand(self) -> Stand:
        """Where it stands, for ``move`` and ``buttons``. Nobody but partner and staff acts on it,
        so a person who has left the partner may not."""
        return Stand(
            self.id, self.state, f"{self.partner_code} {self.partner_name}", self.partner_id
        )


async def notice_of(db: AsyncSession, id: uuid.UUID, actor: Actor, *, lock: bool = False) -> Notice:
    """A notice of the actor's partners (staff: any), else NotFound."""
    statement = (
        select(
            ChangeNotice, Partner.code, Partner.name, Partner.subject,
            Enrolment.state.label("case_state"),
        )
        .join(Partner, Partner.id == ChangeNotice.partner_id)
        .join(Enrolment, Enrolment.id == ChangeNotice.enrolment_id)
        .where(ChangeNotice.id == id)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if not actor.is_staff:
        statement = statement.where(ChangeNotice.partner_id.in_(actor.partner_ids))
    if lock:
        statement = statement.with_for_update(of=ChangeNotice)
    row = (await db.execute(statement)).first()
    if row is None:
        raise NotFound(_("変更届が見つかりません。"))
    kept: ChangeNotice = row.ChangeNotice
    return Notice(
        id=kept.id, enrolment_id=kept.enrolment_id, partner_id=kept.partner_id,
        partner_code=row.code, partner_name=row.name, subject=row.subject, kind=kept.kind,
        state=kept.state, case_state=row.case_state, before=kept.before, after=kept.after,
        effective_on=kept.effective_on, reason=kept.reason, section=kept.section,
        requested_by=kept.requested_by, by_proxy=kept.by_proxy, created_at=kept.created_at,
    )  # fmt: skip


async def find_areas(db: AsyncSession, words: str, codes: tuple[str, ...]) -> tuple[AreaName, ...]:
    """Areas in force: those with one of these numbers, and the first that fit the words."""
    wanted = or_(Area.code.in_(codes), matches(words)) if words else Area.code.in_(codes)
    statement = (
        select(Area.code, Area.name)
        .where(Area.retired_on.is_(None), wanted)
        .order_by(Area.code.in_(codes).desc(), Area.code)
        .limit(FOUND_AREAS + len(codes))
    )
    return tuple(AreaName(code, name) for code, name in await db.execute(statement))


async def areas_after_change(
    db: AsyncSession, enrolment_id: uuid.UUID
) -> tuple[tuple[str, ...], str] | None:
    """Numbers of the areas that the newest notice about areas asks for, and its free text.

    For whoever prepares the agreement of the change; None unless that notice is accepted.
    """
    statement = (
        select(ChangeNotice.after, ChangeNotice.state)
        .where(ChangeNotice.enrolment_id == enrolment_id, ChangeNotice.kind == "areas")
        .order_by(ChangeNotice.created_at.desc())
        .limit(1)
    )
    newest = (await db.execute(statement)).first()
    if newest is None or newest.state != "accepted":
        return None
    return tuple(area["code"] for area in newest.after["areas"]), newest.after["text"]
