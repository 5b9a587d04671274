"""Who logs in for a partner, and how many people it has: what staff keep up by hand."""

import datetime as dt
import uuid

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.actions import account_for
from server.accounts.models import PartnerMember
from server.accounts.outbox import post
from server.audit.actions import record
from server.db.context import absolute, now
from server.enrolments.models import PartnerPeople
from server.errors import Invalid
from server.http.i18n import gettext as _
from server.partners.models import Partner
from server.policy import Actor


async def add_member(
    db: AsyncSession, actor: Actor, partner: tuple[uuid.UUID, str], email: str, name: str, role: str
) -> bool:
    """Let somebody act for a partner (id, name); the account is made if there is none.

    A new member gets a mail that says how to log in. False when nothing changed. Raises Invalid.
    """
    partner_id, partner_name = partner
    account = await account_for(db, email, actor=actor, display_name=name)
    if account.disabled:
        raise Invalid(_("このアカウントは停止中です。先に停止を解いてください。"), "email")
    mine = (PartnerMember.partner_id == partner_id, PartnerMember.account_id == account.id)
    held = await db.scalar(select(PartnerMember.role).where(*mine))
    if held == role:
        return False
    await db.execute(
        insert(PartnerMember)
        .values(partner_id=partner_id, account_id=account.id, role=role, since=now(db))
        .on_conflict_do_update(index_elements=["partner_id", "account_id"], set_={"role": role})
    )
    record(db, actor, "partner.member", "partner", partner_id, account=str(account.id), role=role)
    if held is None:
        await post(
            db, email, "member_added", partner=partner_name, role=role, email=email,
            link=absolute(db, "/login"),
        )  # fmt: skip
    return True


async def remove_member(
    db: AsyncSession, actor: Actor, partner_id: uuid.UUID, account_id: uuid.UUID
) -> bool:
    """Somebody no longer acts for a partner; the account stays. False when nobody did."""
    gone = await db.scalar(
        delete(PartnerMember)
        .where(PartnerMember.partner_id == partner_id, PartnerMember.account_id == account_id)
        .returning(PartnerMember.account_id)
    )
    if gone is None:
        return False
    record(db, actor, "partner.member_remove", "partner", partner_id, account=str(account_id))
    return True


async def count_people(
    db: AsyncSession, actor: Actor, partner_id: uuid.UUID, counted_on: dt.date, today: dt.date,
    people: int, minors: int | None,
) -> None:  # fmt: skip
    """How many people a partner has registered from a day on; the latest count is shown in lists.

    A second count of the same day replaces the first. Raises Invalid for a coming day.
    """
    if counted_on > today:
        raise Invalid(_("きょうまでの日を入れてください。"), "counted_on")
    await db.execute(
        insert(PartnerPeople)
        .values(partner_id=partner_id, counted_on=counted_on, people=people, minors=minors)
        .on_conflict_do_update(
            index_elements=["partner_id", "counted_on"], set_={"people": people, "minors": minors}
        )
    )
    latest = (
        select(PartnerPeople.people)
        .where(PartnerPeople.partner_id == partner_id)
        .order_by(PartnerPeople.counted_on.desc())
        .limit(1)
        .scalar_subquery()
    )
    await db.execute(
        update(Partner).where(Partner.id == partner_id).values(registered_people=latest)
    )
    record(
        db, actor, "partner.people", "partner", partner_id, people=people, minors=minors,
        day=counted_on.isoformat(),
    )  # fmt: skip
