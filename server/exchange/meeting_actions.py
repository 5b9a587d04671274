"""The exchange meeting (情報交換会): prepared, announced, answered, held."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import PartnerMember
from server.accounts.outbox import compose
from server.audit.actions import record
from server.citysettings.queries import City
from server.db.base import uuid7
from server.db.context import absolute, now
from server.errors import Conflict, Forbidden, Invalid, NotFound
from server.exchange.announce_actions import News, send
from server.exchange.announce_queries import Audience
from server.exchange.machine import MEETING
from server.exchange.meeting_queries import Meeting
from server.exchange.models import Meeting as MeetingRow
from server.exchange.models import MeetingReply
from server.http.i18n import gettext as _
from server.http.i18n import jdate, jtimes, local, wareki_year
from server.notices.actions import notify
from server.policy import Actor
from server.workflow.actions import begin, move

MAX_PEOPLE = 100


@dataclass(frozen=True)
class Plan:
    """What is decided about a meeting. Moments are aware."""

    fiscal_year: int
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    place: str
    agenda: str


def _must_keep(actor: Actor) -> None:
    if not actor.is_coordinator:
        raise Forbidden(_("この操作をする権限がありません。"))


def _check(plan: Plan) -> None:
    if plan.ends_at <= plan.starts_at:
        raise Invalid(_("終わりの時刻は、始まりより後にしてください。"), "ends")


async def create(db: AsyncSession, actor: Actor, id: uuid.UUID, plan: Plan) -> bool:
    """A new meeting as a draft, under an id made when the form was opened. False when it was made
    before."""
    _must_keep(actor)
    _check(plan)
    born = await db.scalar(
        insert(MeetingRow)
        .values(id=id, state="draft", minutes="", requested_by=actor.account_id,
                section=actor.section or "", created_at=now(db), **asdict(plan))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(MeetingRow.id)
    )  # fmt: skip
    if born is None:
        return False
    hat = "staff" if actor.is_staff else "coordinator"
    begin(db, actor, MEETING, id, "draft", hat=hat)
    return True


async def change(db: AsyncSession, actor: Actor, seen: Meeting, plan: Plan, minutes: str) -> None:
    """Change a meeting. When day, time or place of an announced one are other ones now, those who
    said they come are told. Raises Conflict for a meeting that was called off."""
    _must_keep(actor)
    _check(plan)
    if seen.state == "cancelled":
        raise Conflict(_("中止にした情報交換会は直せません。"))
    new = {**asdict(plan), "minutes": minutes}
    changed = [name for name, value in new.items() if getattr(seen, name) != value]
    if not changed:
        return
    hit = await db.scalar(
        update(MeetingRow)
        .where(MeetingRow.id == seen.id, MeetingRow.state == seen.state)
        .values(**new)
        .returning(MeetingRow.id)
    )
    if hit is None:
        raise Conflict(_("ほかの人が先に進めました。新しい内容を確かめてください。"))
    record(db, actor, "meeting.change", "meeting", seen.id, fields=changed)
    moved = {"starts_at", "ends_at", "place"} & set(changed)
    if seen.state == "published" and moved and plan.starts_at > now(db):
        await _tell_comers(db, seen.id, "meeting_changed", {**_facts(plan), "reason": ""})


async def publish(db: AsyncSession, actor: Actor, seen: Meeting, city: City) -> None:
    """Announce it to all partners under an agreement. A second tap does nothing."""
    if seen.state == "published":
        return
    if seen.starts_at <= now(db):
        raise Conflict(_("日時が過ぎています。日時を直してから、案内を出してください。"))
    await move(db, actor, MEETING, seen.stand, "publish")
    lines = [
        _("情報交換会をひらきます。"),
        "",
        *_facts(seen).values(),
        "",
        _("来られるかどうかを、下のページからお返事ください。人数だけでかまいません。"),
        absolute(db, f"/meetings/{seen.id}"),
    ]
    # The id of the meeting is the announcement's too: it is sent once, whatever happens.
    news = News(seen.id, seen.title, "\n".join(lines), Audience())
    await send(db, actor, news, now(db).astimezone(city.zone).date())


def _facts(plan: Plan | Meeting) -> dict[str, str]:
    return {
        "title": plan.title,
        "when": f"{jdate(plan.starts_at)} {wareki_year(local(plan.starts_at).year)} "
        f"{jtimes(plan.starts_at, plan.ends_at)}",
        "place": plan.place,
    }


async def hold(db: AsyncSession, actor: Actor, seen: Meeting) -> None:
    """It has taken place. Raises Conflict before its beginning."""
    if seen.state == "held":
        return
    if now(db) < seen.starts_at:
        raise Conflict(_("始まる前に開催済にはできません。"))
    await move(db, actor, MEETING, seen.stand, "hold")


async def call_off(db: AsyncSession, actor: Actor, seen: Meeting, reason: str) -> None:
    """It does not take place; those who said they come are told why."""
    if seen.state == "cancelled":
        return
    await move(db, actor, MEETING, seen.stand, "call_off", comment=reason)
    if seen.state == "published":
        await _tell_comers(db, seen.id, "meeting_cancelled", {**_facts(seen), "reason": reason})


async def _tell_comers(
    db: AsyncSession, id: uuid.UUID, template: str, said: Mapping[str, str]
) -> None:
    """Tell everybody of the partners that said they come."""
    coming = select(MeetingReply.partner_id).where(
        MeetingReply.meeting_id == id, MeetingReply.people > 0
    )
    statement = (
        select(PartnerMember.account_id).where(PartnerMember.partner_id.in_(coming)).distinct()
    )
    to = (await db.scalars(statement)).all()
    subject, body = compose(template, **said)
    await notify(
        db, "partner", to, subject=subject, body=body, path=f"/meetings/{id}",
        key=f"{template}:{id}:{uuid7()}",
    )  # fmt: skip


async def reply(
    db: AsyncSession, actor: Actor, seen: Meeting, partner_id: uuid.UUID, people: int, note: str
) -> None:
    """A partner says how many come (0 = nobody); it may be changed until the beginning.

    Raises NotFound for a stranger's partner, Conflict when it is too late or not announced.
    """
    if partner_id not in actor.partner_ids:
        raise NotFound(_("パートナーが見つかりません。"))
    if seen.state != "published" or now(db) >= seen.starts_at:
        raise Conflict(_("お返事の受付は終わりました。"))
    if not 0 <= people <= MAX_PEOPLE:
        raise Invalid(_("人数は0人から100人までです。"), "people")
    values = {"people": people, "note": note, "replied_by": actor.account_id}
    await db.execute(
        insert(MeetingReply)
        .values(meeting_id=seen.id, partner_id=partner_id, created_at=now(db), **values)
        .on_conflict_do_update(index_elements=["meeting_id", "partner_id"], set_=values)
    )
    record(db, actor, "meeting.reply", "meeting", seen.id, partner=str(partner_id), people=people)


# A partner that came without an answer gets a row.
_ATTENDED = text("""
INSERT INTO meeting_replies (meeting_id, partner_id, people, note, attended, created_at)
SELECT :id, p.id, 0, '', t.people, :now
  FROM unnest(cast(:partners AS uuid[]), cast(:numbers AS int[])) AS t(partner_id, people)
  JOIN partners p ON p.id = t.partner_id
ON CONFLICT (meeting_id, partner_id) DO UPDATE SET attended = excluded.attended
""")


async def attend(
    db: AsyncSession, actor: Actor, seen: Meeting, came: Mapping[uuid.UUID, int], city: City
) -> None:
    """Note who came, with how many; the whole list of the day at once, as often as needed.

    Raises Conflict before the day, or when the meeting was not announced; Invalid for a number.
    """
    _must_keep(actor)
    today = now(db).astimezone(city.zone).date()
    if seen.state not in ("published", "held"):
        raise Conflict(_("案内を出した情報交換会だけ、出席を記録できます。"))
    if today < seen.starts_at.astimezone(city.zone).date():
        raise Conflict(_("出席は、当日から記録できます。"))
    if not all(1 <= people <= MAX_PEOPLE for people in came.values()):
        raise Invalid(_("人数は1人から100人までの数で入れてください。"))
    unticked = update(MeetingReply).where(
        MeetingReply.meeting_id == seen.id, MeetingReply.partner_id.not_in(list(came))
    )
    await db.execute(unticked.values(attended=None))
    if came:
        await db.execute(
            _ATTENDED,
            {"id": seen.id, "now": now(db), "partners": list(came), "numbers": list(came.values())},
        )
    record(
        db, actor, "meeting.attendance", "meeting", seen.id,
        partners=len(came), people=sum(came.values()),
    )  # fmt: skip
