"""Joint cleanups (合同清掃): several partners call together, over several areas.

The first host asks others; who accepts is named on the page, sees who comes and checks people in.
Moving the day and calling off stay with the first host, so that nobody is told two things.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import PartnerMember
from server.areas.models import Area
from server.audit.actions import record
from server.db.context import now
from server.errors import Conflict, Invalid, NotFound
from server.http.i18n import gettext as _
from server.http.i18n import jdate
from server.notices.actions import notify
from server.opportunities.actions import must_be_open
from server.opportunities.letters import presses
from server.opportunities.models import Opportunity, OpportunityArea, OpportunityHost
from server.opportunities.ownareas import OwnArea, own_areas
from server.opportunities.queries import Detail
from server.partners.models import Partner
from server.policy import Actor

MOST_HOSTS = 20
MOST_AREAS = 30


@dataclass(frozen=True)
class Cohost:
    """A partner that was asked to host together."""

    partner_id: uuid.UUID
    code: str
    name: str
    invited_at: dt.datetime
    accepted_at: dt.datetime | None
    declined_at: dt.datetime | None

    @property
    def is_waiting(self) -> bool:
        return self.accepted_at is None and self.declined_at is None


async def cohosts_of(db: AsyncSession, id: uuid.UUID) -> list[Cohost]:
    """Everybody who was asked, for the first host and those asked."""
    rows = await db.execute(
        select(
            Partner.id.label("partner_id"), Partner.code, _known_name().label("name"),
            OpportunityHost.invited_at, OpportunityHost.accepted_at, OpportunityHost.declined_at,
        )
        .join(Partner, Partner.id == OpportunityHost.partner_id)
        .where(OpportunityHost.opportunity_id == id)
        .order_by(OpportunityHost.invited_at, Partner.code)
    )  # fmt: skip
    return [Cohost(**row._mapping) for row in rows]


def _known_name() -> ColumnElement[str]:
    """The name, for who may know it: asking by number must not tell who an unnamed partner is."""
    told = Partner.name_public | OpportunityHost.accepted_at.is_not(None)
    return case((told, Partner.name), else_=Partner.code)


async def areas_to_add(db: AsyncSession, activity: Detail, today: dt.date) -> list[OwnArea]:
    """Areas of all hosts that the activity does not cover yet."""
    partners = [uuid.UUID(one["id"]) for one in activity.cohosts]
    if activity.partner_id:
        partners.append(activity.partner_id)
    there = {activity.area_code, *(one["code"] for one in activity.more_areas)}
    found = await own_areas(db, partners, today)
    return [area for area in found if area.code not in there]


async def invite(db: AsyncSession, actor: Actor, activity: Detail, wanted: str) -> None:
    """Ask a partner, given by code or name, to host together. Asking twice tells it once.

    Raises Invalid when no such partner is found or several are, Conflict when it is too late.
    """
    if activity.state != "draft":
        must_be_open(activity, now(db))
    if len(await cohosts_of(db, activity.id)) >= MOST_HOSTS:
        raise Conflict(_("いっしょに主催できるのは20団体までです。"))
    partner = await _find(db, wanted)
    if partner.id == activity.partner_id:
        raise Invalid(_("この活動を出したパートナーです。"), "partner")
    asked = pg_insert(OpportunityHost).values(
        opportunity_id=activity.id, partner_id=partner.id, invited_at=now(db)
    )
    again = asked.on_conflict_do_update(
        index_elements=["opportunity_id", "partner_id"],
        set_={"invited_at": now(db), "declined_at": None},
        where=OpportunityHost.declined_at.is_not(None),
    ).returning(OpportunityHost.partner_id)
    if await db.scalar(again) is None:
        return
    record(db, actor, "opportunity.invite", "opportunity", activity.id, partner=partner.code)
    subject = _("【合同清掃のおさそい】%(title)s") % {"title": activity.title}
    body = _("%(day)sの活動を、いっしょに主催しませんか。受けるか断るかを返事してください。") % {
        "day": jdate(activity.starts_at)
    }
    await _tell(
        db, partner.id, activity, subject, body, f"invited:{activity.id}:{now(db).isoformat()}"
    )


async def _find(db: AsyncSession, wanted: str) -> Partner:
    """The partner of this code, or of this name when it may be public."""
    by_name = (Partner.name == wanted) & Partner.name_public
    found = (
        await db.scalars(select(Partner).where(or_(Partner.code == wanted.upper(), by_name)))
    ).all()
    if len(found) != 1:
        message = _("見つかりません。番号(例: MP-0002)か、団体の名前を書いてください。")
        several = _("同じ名前の団体があります。番号(例: MP-0002)を書いてください。")
        raise Invalid(several if found else message, "partner")
    return found[0]


async def answer(db: AsyncSession, actor: Actor, activity: Detail, *, accept: bool) -> None:
    """Accept or decline for the actor's partners that were asked; declining later is leaving.

    An ordinary cleanup becomes a joint one, in the words of the guideline 共催. Raises NotFound
    when nobody asked them. The same answer twice is harmless.
    """
    if activity.is_cancelled or activity.has_begun(now(db)):
        raise Conflict(_("この活動の受付は終わりました。"))
    mine = (
        OpportunityHost.opportunity_id == activity.id,
        OpportunityHost.partner_id.in_(actor.partner_ids),
    )
    before = (await db.scalars(select(OpportunityHost).where(*mine).with_for_update())).all()
    if not before:
        raise NotFound(_("この活動は見つかりません。"))
    if all((one.accepted_at if accept else one.declined_at) is not None for one in before):
        return
    values = {"accepted_at": now(db) if accept else None,
              "declined_at": None if accept else now(db)}  # fmt: skip
    await db.execute(update(OpportunityHost).where(*mine).values(**values))
    if accept:
        await _make_joint(db, activity)
    verb = "opportunity.cohost" if accept else "opportunity.decline"
    record(db, actor, verb, "opportunity", activity.id)
    if activity.partner_id:
        yes, no = _("いっしょに主催してくれる団体があります。"), _("お断りの返事がありました。")
        subject = _("【合同清掃の返事】%(title)s") % {"title": activity.title}
        await _tell(db, activity.partner_id, activity, subject, yes if accept else no, "answered")


async def _make_joint(db: AsyncSession, activity: Detail) -> None:
    if activity.kind != "cleanup":
        return
    forms = ["cohosting"] if activity.forms == ["cooperation"] else activity.forms
    await db.execute(
        update(Opportunity)
        .where(Opportunity.id == activity.id)
        .values(kind="joint", forms=forms, sequence=Opportunity.sequence + 1, updated_at=now(db))
    )


async def take_back(
    db: AsyncSession, actor: Actor, activity: Detail, partner_id: uuid.UUID
) -> None:
    """Take an unanswered invitation back. Harmless when there is none."""
    gone = await db.scalar(
        delete(OpportunityHost)
        .where(
            OpportunityHost.opportunity_id == activity.id,
            OpportunityHost.partner_id == partner_id,
            OpportunityHost.accepted_at.is_(None),
        )
        .returning(OpportunityHost.partner_id)
    )
    if gone is not None:
        record(db, actor, "opportunity.uninvite", "opportunity", activity.id)


async def add_area(db: AsyncSession, actor: Actor, activity: Detail, area: OwnArea) -> None:
    """Cover a further area, of those that ``areas_to_add`` offers. Harmless when repeated."""
    if len(activity.more_areas) >= MOST_AREAS:
        raise Conflict(_("区域は30までです。"))
    added = await db.scalar(
        pg_insert(OpportunityArea)
        .values(opportunity_id=activity.id, area_id=area.id)
        .on_conflict_do_nothing()
        .returning(OpportunityArea.area_id)
    )
    if added is not None:
        record(db, actor, "opportunity.area", "opportunity", activity.id, added=area.code)


async def remove_area(db: AsyncSession, actor: Actor, activity: Detail, code: str) -> None:
    """Cover an area no longer. Harmless when it is not covered."""
    of_code = select(Area.id).where(Area.code == code).scalar_subquery()
    gone = await db.scalar(
        delete(OpportunityArea)
        .where(OpportunityArea.opportunity_id == activity.id, OpportunityArea.area_id == of_code)
        .returning(OpportunityArea.area_id)
    )
    if gone is not None:
        record(db, actor, "opportunity.area", "opportunity", activity.id, removed=code)


async def _tell(
    db: AsyncSession, partner_id: uuid.UUID, activity: Detail, subject: str, body: str, event: str
) -> None:
    """Tell everybody who acts for a partner."""
    members = select(PartnerMember.account_id).where(PartnerMember.partner_id == partner_id)
    await notify(
        db, "partner", (await db.scalars(members)).all(), subject=subject,
        body="\n".join([body, "", activity.title, activity.meeting_place]),
        path=f"/opportunities/{activity.id}/hosts",
        key=f"{event}:{activity.id}:{now(db).isoformat()}",
        pressing=presses(db, activity.starts_at),
    )  # fmt: skip
