"""What people who signed up, or wait for a place, are told about an activity."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.context import now
from server.http.i18n import gettext as _
from server.http.i18n import jdate, jtimes
from server.notices.actions import notify
from server.opportunities.models import Signup, WaitlistEntry

PRESSING_WITHIN = dt.timedelta(hours=48)  # what happens so soon is told at once, also at night


class Activity(Protocol):
    """What a letter says of an activity."""

    @property
    def title(self) -> str: ...
    @property
    def starts_at(self) -> dt.datetime: ...
    @property
    def ends_at(self) -> dt.datetime: ...
    @property
    def meeting_place(self) -> str: ...


@dataclass(frozen=True)
class Letter:
    """A notice without the people it goes to; the way to the activity's page is added to it."""

    subject: str
    body: str

    @classmethod
    def cancelled(cls, activity: Activity, reason: str) -> Self:
        """The activity will not take place."""
        subject = _("【中止】%(title)s") % {"title": activity.title}
        opening = _("申し込んでいただいた活動は、中止になりました。")
        return cls(subject, _body(opening, activity, _("理由: %(why)s") % {"why": reason}))

    @classmethod
    def changed(cls, activity: Activity) -> Self:
        """Time or meeting place are other ones now."""
        subject = _("【変更】%(title)s") % {"title": activity.title}
        opening = _("申し込んでいただいた活動の、日時や集合場所が変わりました。")
        return cls(subject, _body(opening, activity, _way_out()))

    @classmethod
    def postponed(cls, activity: Activity, before: dt.datetime, note: str) -> Self:
        """It takes place on another day; ``activity`` has the new times already."""
        subject = _("【延期】%(title)s") % {"title": activity.title}
        opening = _("%(day)sの活動は、延期になりました。新しい日時は下のとおりです。") % {
            "day": jdate(before)
        }
        return cls(subject, _body(opening, activity, note, _way_out()))

    @classmethod
    def goes_ahead(cls, activity: Activity, note: str) -> Self:
        """The host has looked at the sky: it takes place."""
        subject = _("【予定どおり】%(title)s") % {"title": activity.title}
        opening = _("活動は、予定どおり行います。お待ちしています。")
        return cls(subject, _body(opening, activity, note))


def _way_out() -> str:
    return _("申込みはそのままです。都合が合わなくなったときは、このページから取り消せます。")


def _body(opening: str, activity: Activity, *more: str) -> str:
    day, times = jdate(activity.starts_at), jtimes(activity.starts_at, activity.ends_at)
    facts = [activity.title, f"{day} {times}", activity.meeting_place]
    return "\n".join([opening, "", *facts, *(f"\n{line}" for line in more if line)])


def presses(db: AsyncSession, *moments: dt.datetime) -> bool:
    """Whether one of these moments is so near that nobody should wait for a digest."""
    soon = now(db) + PRESSING_WITHIN
    return any(moment <= soon for moment in moments)


async def tell_participants(
    db: AsyncSession, id: uuid.UUID, letter: Letter, *, key: str, pressing: bool
) -> int:
    """Tell everybody who holds a place or waits for one, once per ``key``; how many."""
    holders = select(Signup.account_id).where(
        Signup.opportunity_id == id, Signup.cancelled_at.is_(None)
    )
    waiting = select(WaitlistEntry.account_id).where(
        WaitlistEntry.opportunity_id == id, WaitlistEntry.ended_at.is_(None)
    )
    people: Sequence[uuid.UUID] = (await db.scalars(union(holders, waiting))).all()
    if people:
        await notify(
            db, "signup", people, subject=letter.subject, body=letter.body,
            path=f"/opportunities/{id}", key=key, pressing=pressing,
        )  # fmt: skip
    return len(people)
