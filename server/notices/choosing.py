"""What somebody decides about being told: kinds and ways, hours, searches, browsers, LINE."""

import datetime as dt
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.db.base import point_text
from server.db.context import now
from server.errors import Invalid, NotFound
from server.http.i18n import gettext as _
from server.matching.models import SavedSearch
from server.notices.links import Unwanted
from server.notices.models import (
    CHANNELS,
    KINDS,
    LineLink,
    Notice,
    NoticeChoice,
    NoticeSettings,
    PushSubscription,
)
from server.policy import Actor

MOST_SEARCHES = 10
MOST_BROWSERS = 10
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike
CODE_LENGTH = 6
CODE_LASTS = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class Hours:
    """When somebody wants to be told; both quiet times or none (then the city's)."""

    rhythm: str
    quiet_from: dt.time | None
    quiet_to: dt.time | None


@dataclass(frozen=True)
class Wish:
    """What a saved search looks for. Point in degrees (lon, lat); none = the whole city."""

    label: str
    point: tuple[float, float] | None
    radius_m: int
    works: tuple[str, ...] = ()
    weekdays: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()


async def mark_read(db: AsyncSession, account_id: uuid.UUID) -> None:
    """The person has opened the inbox."""
    await db.execute(
        update(Notice)
        .where(Notice.account_id == account_id, Notice.read_at.is_(None))
        .values(read_at=now(db))
    )


async def choose(db: AsyncSession, actor: Actor, wanted: Collection[str], hours: Hours) -> None:
    """Keep all ticks ("kind.channel") and the hours. Repeating it changes nothing."""
    rows = [
        {"account_id": actor.account_id, "kind": kind, "channel": way,
         "wanted": f"{kind}.{way}" in wanted}
        for kind in KINDS for way in CHANNELS
    ]  # fmt: skip
    ticks = insert(NoticeChoice).values(rows)
    await db.execute(
        ticks.on_conflict_do_update(
            index_elements=["account_id", "kind", "channel"],
            set_={"wanted": ticks.excluded.wanted},
        )
    )
    kept = {"rhythm": hours.rhythm, "quiet_from": hours.quiet_from, "quiet_to": hours.quiet_to}
    await db.execute(
        insert(NoticeSettings)
        .values(account_id=actor.account_id, **kept)
        .on_conflict_do_update(index_elements=["account_id"], set_=kept)
    )
    record(db, actor, "notices.choose", "account", actor.account_id, rhythm=hours.rhythm,
           off=sorted(row["kind"] + "." + row["channel"] for row in rows if not row["wanted"]))  # type: ignore[operator]  # fmt: skip


async def set_wanted(db: AsyncSession, link: Unwanted, wanted: bool) -> None:
    """One kind on one way, from the link in a message; nobody is logged in. Repeatable."""
    await db.execute(
        _SET_WANTED,
        {"id": link.account_id, "kind": link.kind, "channel": link.channel, "wanted": wanted},
    )
    verb = "notices.resume" if wanted else "notices.stop"
    record(db, None, verb, "account", link.account_id, kind=link.kind, channel=link.channel)


# An account that is gone has no choices any more: the link then does nothing.
_SET_WANTED = text("""
INSERT INTO notice_choices (account_id, kind, channel, wanted)
SELECT id, :kind, :channel, :wanted FROM accounts WHERE id = :id
ON CONFLICT (account_id, kind, channel) DO UPDATE SET wanted = excluded.wanted
""")


async def save_search(db: AsyncSession, actor: Actor, id: uuid.UUID, wish: Wish) -> bool:
    """Tell this person of new activities from now on; False when that very form was sent before.

    Raises Invalid when there are too many already.
    """
    mine = SavedSearch.account_id == actor.account_id
    # The lock makes two taps count one after the other.
    await db.execute(text("SELECT FROM accounts WHERE id = :id FOR UPDATE"),
                     {"id": actor.account_id})  # fmt: skip
    others = select(func.count()).select_from(SavedSearch).where(mine, SavedSearch.id != id)
    if (await db.scalar(others) or 0) >= MOST_SEARCHES:
        raise Invalid(
            _("保存できる条件は%(n)s件までです。使わないものを消してください。")
            % {"n": MOST_SEARCHES}
        )
    moment = now(db)
    born = await db.scalar(
        insert(SavedSearch)
        .values(
            id=id, account_id=actor.account_id, label=wish.label, point=point_text(wish.point),
            radius_m=wish.radius_m, works=list(wish.works), weekdays=list(wish.weekdays),
            bands=list(wish.bands), children_ok="children" in wish.traits,
            empty_handed_ok="empty_handed" in wish.traits, step_free="step_free" in wish.traits,
            created_at=moment, told_until=moment,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(SavedSearch.id)
    )  # fmt: skip
    if born is not None:
        record(db, actor, "saved_search.create", "saved_search", id)
    return born is not None


async def remove_search(db: AsyncSession, actor: Actor, id: uuid.UUID) -> None:
    """Raises NotFound for somebody else's."""
    gone = await db.scalar(
        delete(SavedSearch)
        .where(SavedSearch.id == id, SavedSearch.account_id == actor.account_id)
        .returning(SavedSearch.id)
    )
    if gone is None:
        raise NotFound(_("この条件は、もうありません。"))
    record(db, actor, "saved_search.remove", "saved_search", id)


@dataclass(frozen=True)
class Subscription:
    """What a browser gives us: the address of its push service and its keys (base64url)."""

    endpoint: str
    p256dh: str
    auth: str


async def subscribe(db: AsyncSession, actor: Actor, to: Subscription) -> None:
    """Take notices on this browser. Who logs in on it later takes it over. Repeatable.

    Raises Invalid when there are too many browsers already.
    """
    await db.execute(text("SELECT FROM accounts WHERE id = :id FOR UPDATE"),
                     {"id": actor.account_id})  # fmt: skip
    others = (
        select(func.count())
        .select_from(PushSubscription)
        .where(
            PushSubscription.account_id == actor.account_id,
            PushSubscription.gone_at.is_(None),
            PushSubscription.endpoint != to.endpoint,
        )
    )
    if (await db.scalar(others) or 0) >= MOST_BROWSERS:
        raise Invalid(_("通知を受けとる端末が多すぎます。使わない端末の通知を止めてください。"))
    values = {
        "account_id": actor.account_id, "p256dh": to.p256dh, "auth": to.auth, "gone_at": None
    }  # fmt: skip
    row = insert(PushSubscription).values(endpoint=to.endpoint, created_at=now(db), **values)
    await db.execute(row.on_conflict_do_update(index_elements=["endpoint"], set_=values))
    record(db, actor, "push.subscribe", "account", actor.account_id)


async def unsubscribe_browsers(db: AsyncSession, actor: Actor, endpoint: str | None) -> None:
    """End the notices on one browser, or on all of this person. Repeatable."""
    mine = PushSubscription.account_id == actor.account_id
    which = mine if endpoint is None else mine & (PushSubscription.endpoint == endpoint)
    ended = update(PushSubscription).where(which, PushSubscription.gone_at.is_(None))
    await db.execute(ended.values(gone_at=now(db)))
    record(db, actor, "push.unsubscribe", "account", actor.account_id, all=endpoint is None)


async def line_code(db: AsyncSession, actor: Actor) -> str:
    """A new code to type to the official account; the one before ends."""
    code = "".join(secrets.choice(CODE_LETTERS) for _n in range(CODE_LENGTH))
    values = {"code": code, "code_expires_at": now(db) + CODE_LASTS}
    row = insert(LineLink).values(account_id=actor.account_id, **values)
    await db.execute(row.on_conflict_do_update(index_elements=["account_id"], set_=values))
    record(db, actor, "line.code", "account", actor.account_id)
    return code


async def link_line(db: AsyncSession, user: str, typed: str) -> bool:
    """A LINE user typed a text; True when it was a code of ours. LINE may tell us twice."""
    moment = now(db)
    owner = await db.scalar(
        select(LineLink.account_id)
        .where(LineLink.code == typed, LineLink.code_expires_at > moment)
        .with_for_update()
    )
    if owner is None:
        return False
    # One LINE user belongs to one account: the newest link holds.
    await db.execute(
        update(LineLink)
        .where(LineLink.line_user == user, LineLink.account_id != owner)
        .values(line_user=None, linked_at=None)
    )
    await db.execute(
        update(LineLink)
        .where(LineLink.account_id == owner)
        .values(line_user=user, linked_at=moment, code=None, code_expires_at=None)
    )
    record(db, None, "line.link", "account", owner)
    return True


async def unlink_line_user(db: AsyncSession, user: str) -> None:
    """The LINE user blocked the official account."""
    row = update(LineLink).where(LineLink.line_user == user).values(line_user=None, linked_at=None)
    owner = await db.scalar(row.returning(LineLink.account_id))
    if owner is not None:
        record(db, None, "line.unlink", "account", owner)


async def unlink_line(db: AsyncSession, actor: Actor) -> None:
    """The person does not want LINE any more. Repeatable."""
    await db.execute(delete(LineLink).where(LineLink.account_id == actor.account_id))
    record(db, actor, "line.unlink", "account", actor.account_id)
