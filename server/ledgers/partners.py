"""Which partner a ledger is about: one that is allowed to ask, chosen by the staff by name."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.base import Base
from server.errors import Conflict, NotFound
from server.http.i18n import gettext as _
from server.partners.models import Partner
from server.policy import Actor

MAY_ASK = ("active", "changing", "renewal")  # states of the partner's case; a pause is a pause
MAY_ASK_SQL = f"""EXISTS (SELECT FROM enrolments e WHERE e.partner_id = p.id
                           AND e.state IN {MAY_ASK})"""


@dataclass(frozen=True)
class Named:
    """A partner to choose."""

    id: uuid.UUID
    code: str
    name: str

    @property
    def words(self) -> str:
        """``MP-0001 見本町会``: what the field of the staff's forms holds."""
        return f"{self.code} {self.name}"


_ASKING = text(f"SELECT p.id, p.code, p.name FROM partners p WHERE {MAY_ASK_SQL} ORDER BY p.code")  # noqa: S608 - fixed text only


async def asking_partners(db: AsyncSession) -> tuple[Named, ...]:
    """All partners that may ask for something now."""
    return tuple(Named(**row._mapping) for row in await db.execute(_ASKING))


async def named(db: AsyncSession, code: str) -> Named | None:
    """The partner of that code, whatever its agreement says."""
    here = select(Partner.id, Partner.code, Partner.name).where(Partner.code == code.upper())
    row = (await db.execute(here)).first()
    return Named(**row._mapping) if row else None


def find(partners: tuple[Named, ...], typed: str) -> Named | None:
    """The partner somebody typed: by its code, or by a name that only one has."""
    first = typed.split(" ", 1)[0].upper()
    by_code = [one for one in partners if one.code == first]
    by_name = [one for one in partners if typed and typed in one.name]
    found = by_code or [one for one in by_name if one.name == typed] or by_name
    return found[0] if len(found) == 1 else None


async def lock_partner(db: AsyncSession, id: uuid.UUID) -> None:
    """Let this partner's requests pass one after the other, so that limits hold under two taps."""
    statement = select(Partner.id).where(Partner.id == id).with_for_update(key_share=True)
    if await db.scalar(statement) is None:
        raise NotFound(_("パートナーが見つかりません。"))


def must_be_own(actor: Actor, partner_id: uuid.UUID) -> None:
    """Raises NotFound when somebody asks for a partner that is not theirs. Staff may for any."""
    if not actor.is_staff and partner_id not in actor.partner_ids:
        raise NotFound(_("パートナーが見つかりません。"))


def must_be_live(live: bool) -> None:
    """Raises Conflict for a partner without a running agreement."""
    if not live:
        raise Conflict(_("合意の期間中のパートナーだけが使えます。市の担当へご連絡ください。"))


async def sent_before(db: AsyncSession, table: str, id: uuid.UUID, partner_id: uuid.UUID) -> bool:
    """Whether this record is there already: a second send of the same form.

    Raises Conflict when the id belongs to another partner's record.
    """
    rows = Base.metadata.tables[table]
    owner = await db.scalar(select(rows.c.partner_id).where(rows.c.id == id))
    if owner is not None and owner != partner_id:
        raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
    return owner is not None
