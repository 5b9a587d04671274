"""What people are told about their sign-up and their place in the queue."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from server.db.context import absolute, now
from server.http.i18n import gettext as _
from server.http.i18n import jdate, jdatetime, jtimes
from server.notices.actions import notify
from server.signups.locked import Locked, Queued


def _facts(activity: Locked) -> str:
    day, times = jdate(activity.starts_at), jtimes(activity.starts_at, activity.ends_at)
    return "\n".join([activity.title, f"{day} {times}", activity.meeting_place])


async def tell_signed_up(
    db: AsyncSession, activity: Locked, account_id: uuid.UUID, signup_id: uuid.UUID,
    people: int,
) -> None:  # fmt: skip
    """The confirmation, with the way into a calendar."""
    body = _(
        "参加の申込みを受け付けました。\n\n%(facts)s\n%(n)s人\n\n"
        "カレンダーに入れる: %(ics)s\n\n"
        "来られなくなったときは、始まるまでに下のページで取り消してください。"
    )
    await notify(
        db, "signup", [account_id],
        subject=_("【申込み】%(title)s") % {"title": activity.title},
        body=body % {"facts": _facts(activity), "n": people,
                     "ics": absolute(db, f"/opportunities/{activity.id}.ics")},
        path=f"/opportunities/{activity.id}", key=f"signup:{signup_id}",
    )  # fmt: skip


async def tell_offer(
    db: AsyncSession, activity: Locked, entry: Queued, until: dt.datetime, token: str
) -> None:
    """A place got free: answer until then. Sent at once, for it cannot wait for a digest."""
    body = _(
        "キャンセル待ちの活動に、空きが出ました。\n\n%(facts)s\n%(n)s人分\n\n"
        "%(until)sまで、あなたのために取ってあります。"
        "下のページで「参加する」か「今回はやめる」を選んでください。"
        "その時刻を過ぎると、次の人に回ります。"
    )
    await notify(
        db, "offer", [entry.account_id],
        subject=_("【空きが出ました】%(title)s") % {"title": activity.title},
        body=body % {"facts": _facts(activity), "n": entry.people, "until": jdatetime(until)},
        path=f"/offers/{token}", key=f"offer:{entry.id}:{now(db).isoformat()}", pressing=True,
    )  # fmt: skip


async def tell_withdrawn(db: AsyncSession, activity: Locked, entry: Queued) -> None:
    """The host has cut the places down before the offer was answered."""
    body = _(
        "主催者が定員を変えたため、先ほどの空きはなくなりました。申しわけありません。\n\n"
        "%(facts)s\n\nキャンセル待ちの順番はそのままです。"
    )
    await notify(
        db, "offer", [entry.account_id],
        subject=_("【空きがなくなりました】%(title)s") % {"title": activity.title},
        body=body % {"facts": _facts(activity)}, path=f"/opportunities/{activity.id}",
        key=f"withdrawn:{entry.id}:{now(db).isoformat()}", pressing=True,
    )  # fmt: skip


async def tell_closed(db: AsyncSession, activity: Locked, entries: Sequence[Queued]) -> None:
    """No place got free in time."""
    if not entries:
        return
    body = _("キャンセル待ちの活動は、空きが出ないまましめきりになりました。\n\n%(facts)s")
    await notify(
        db, "signup", [one.account_id for one in entries],
        subject=_("【キャンセル待ちの終わり】%(title)s") % {"title": activity.title},
        body=body % {"facts": _facts(activity)}, path="/opportunities",
        key=f"waitlist-closed:{activity.id}:{entries[0].id}",
    )  # fmt: skip
