"""Mails to people who signed up. They wait in the outbox of the same transaction."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Protocol, Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import outbox
from server.accounts.models import Account
from server.http.i18n import gettext as _
from server.http.i18n import jdate, jtimes
from server.opportunities.models import Signup


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
    """A mail without its address."""

    subject: str
    body: str

    @classmethod
    def cancelled(cls, activity: Activity, reason: str, link: str) -> Self:
        """The activity will not take place."""
        subject = _("【中止】%(title)s") % {"title": activity.title}
        opening = _("申し込んでいただいた活動は、中止になりました。")
        return cls(subject, _body(opening, activity, [_("理由: %(why)s") % {"why": reason}], link))

    @classmethod
    def changed(cls, activity: Activity, link: str) -> Self:
        """Time or meeting place are other ones now."""
        subject = _("【変更】%(title)s") % {"title": activity.title}
        opening = _("申し込んでいただいた活動の、日時や集合場所が変わりました。")
        advice = _("都合が合わなくなったときは、このページから取り消せます。")
        return cls(subject, _body(opening, activity, [advice], link))


def _body(opening: str, activity: Activity, more: list[str], link: str) -> str:
    day, times = jdate(activity.starts_at), jtimes(activity.starts_at, activity.ends_at)
    facts = [activity.title, f"{day} {times}", activity.meeting_place]
    return "\n".join([opening, "", *facts, "", *more, "", link, ""])


async def tell_participants(db: AsyncSession, id: uuid.UUID, letter: Letter) -> int:
    """Queue the letter to everybody who holds a place and has a mail address; how many."""
    people = select(Account.email).join(Signup, Signup.account_id == Account.id)
    found = await db.scalars(
        people.where(
            Signup.opportunity_id == id,
            Signup.cancelled_at.is_(None),
            Account.email.is_not(None),
            Account.disabled_at.is_(None),
        )
    )
    addresses = [address for address in found if address]
    await outbox.post_to_all(db, addresses, letter.subject, letter.body)
    return len(addresses)
