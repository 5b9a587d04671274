"""Reading what people wish. Their home is only ever the middle of a cell of 500 m."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.matching.models import Preferences

PEOPLE_SHOWN = 20


@dataclass(frozen=True)
class Wishes:
    """One person's preferences for the form: where they live only by name."""

    home_label: str
    has_home: bool
    reach_m: int
    travel: str
    free_times: list[str]
    works: list[str]
    kinds: list[str]
    strength: str
    with_children: bool
    step_free: bool
    tools: list[str]
    company: str
    group_people: int
    languages: list[str]
    helps: bool
    help_per_month: int


async def wishes_of(db: AsyncSession, account_id: uuid.UUID) -> Wishes | None:
    """What somebody has told us, or None."""
    names = [name for name in Wishes.__dataclass_fields__ if name != "has_home"]
    columns = [getattr(Preferences, name) for name in names]
    row = (
        await db.execute(
            select(*columns, Preferences.home.is_not(None).label("has_home")).where(
                Preferences.account_id == account_id
            )
        )
    ).first()
    return Wishes(**row._mapping) if row else None


@dataclass(frozen=True)
class Found:
    """A person as the staff page lists them."""

    id: uuid.UUID
    display_name: str
    email: str | None
    has_wishes: bool


def _found() -> Select[*tuple[Any, ...]]:
    wishes = select(Preferences.account_id).where(Preferences.account_id == Account.id).exists()
    return select(Account.id, Account.display_name, Account.email, wishes.label("has_wishes"))


async def people(db: AsyncSession, words: str) -> list[Found]:
    """People by the beginning of their address or a part of their name."""
    lowered = words.lower()
    rows = await db.execute(
        _found()
        .where(
            Account.disabled_at.is_(None),
            or_(
                func.lower(Account.email).startswith(lowered, autoescape=True),
                func.lower(Account.display_name).contains(lowered, autoescape=True),
            ),
        )
        .order_by(Account.display_name, Account.id)
        .limit(PEOPLE_SHOWN)
    )
    return [Found(**row._mapping) for row in rows]


async def person(db: AsyncSession, account_id: uuid.UUID) -> Found | None:
    """One person, or None."""
    row = (await db.execute(_found().where(Account.id == account_id))).first()
    return Found(**row._mapping) if row else None
