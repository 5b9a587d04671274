"""Asking in waves: the best few first, the next ones only while hands are still wanted.

A wave is one transaction: its number is advanced, its asks are written and the messages are put
into the outbox together. So a worker that dies in the middle leaves nothing behind, and a second
run of the same job finds another number and does nothing. All waves of the city stand in one line
(an advisory lock), because how often somebody was asked is counted over all calls.
"""

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from geo.matching import Activity
from server.citysettings.queries import City
from server.db.base import uuid7
from server.db.context import enqueue, now, signer
from server.helpcalls.asking import Candidate, best, candidates, free_keys, reason_words
from server.http.i18n import gettext as _
from server.http.i18n import jdate, jtimes
from server.notices.actions import notify

PURPOSE = "help"  # of the signed links
OVER_ASKED = 2  # of those who are asked about half say yes
WAVES_IN_LINE = 0x6865_6C70  # "help": the advisory lock of all waves

_CALL = text("""
SELECT h.id, h.title, h.what_for, h.place, h.until_on, h.wave, h.next_wave_at,
       h.works, h.strength, h.needs_course, h.partner_id,
       coalesce(o.capacity, h.people_wanted) AS places,
       coalesce(o.children_ok, false) AS children_ok, coalesce(o.step_free, false) AS step_free,
       coalesce(o.starts_at, h.starts_at) AS starts_at, coalesce(o.ends_at, h.ends_at) AS ends_at,
       coalesce(o.meeting_place, h.place) AS meeting_place,
       CASE WHEN p.name_public THEN p.name ELSE '' END AS host,
       coalesce(o.capacity, h.people_wanted) - coalesce(CASE WHEN o.id IS NOT NULL THEN
         (SELECT sum(s.people) FROM signups s
           WHERE s.opportunity_id = o.id AND s.cancelled_at IS NULL)
       ELSE (SELECT sum(k.people) FROM help_asks k
              WHERE k.help_call_id = h.id AND k.answer = 'yes') END, 0) AS wanted
  FROM help_calls h JOIN partners p ON p.id = h.partner_id
  LEFT JOIN opportunities o ON o.id = h.opportunity_id
 WHERE h.id = :id AND h.state = 'open' AND (CAST(:wave AS integer) IS NULL OR h.wave = :wave)
   AND (o.id IS NULL OR (o.state = 'published' AND o.starts_at > :now
                         AND coalesce(o.deadline_at > :now, true)))
   AND (o.id IS NOT NULL OR h.until_on >= CAST(:today AS date))
   FOR NO KEY UPDATE OF h
""")

_ADVANCE = text("""
UPDATE help_calls SET wave = wave + 1, next_wave_at = :next
 WHERE id = :id AND wave = :wave AND state = 'open'
""")

_LATER = text("UPDATE help_calls SET next_wave_at = :next WHERE id = :id AND wave = :wave")

_ASK = text("""
INSERT INTO help_asks (id, help_call_id, account_id, for_partner_id, wave, reasons, asked_at,
                       people, words)
VALUES (:id, :call, :account, :partner, :wave, CAST(:reasons AS jsonb), :now, 1, '')
    ON CONFLICT (help_call_id, account_id) DO NOTHING RETURNING id
""")


@dataclass(frozen=True)
class Asked:
    """A wave that was sent: its number and how many people were asked."""

    wave: int
    people: int


def end_of(until_on: dt.date, city: City) -> dt.datetime:
    """The first moment after the last day of a call for any day."""
    following = until_on + dt.timedelta(days=1)
    return dt.datetime.combine(following, dt.time(), city.zone).astimezone(dt.UTC)


async def send_wave(
    db: AsyncSession, call_id: uuid.UUID, city: City, *, after: int | None = None,
    early: bool = False,
) -> Asked | None:  # fmt: skip
    """Ask the next people. ``after`` is the number of the wave before (None = whichever it is);
    ``early`` does not wait for its time. None when there is nothing to do: already sent, not due,
    filled, over. A wave that finds nobody keeps its number and is tried again later.
    """
    moment = now(db)
    today = moment.astimezone(city.zone).date()
    await db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WAVES_IN_LINE})
    asked = {"id": call_id, "wave": after, "now": moment, "today": today}
    call = (await db.execute(_CALL, asked)).first()
    if call is None or call.wanted < 1:
        return None
    if not early and (call.next_wave_at is None or call.next_wave_at > moment):
        return None
    free = free_keys(call.starts_at, call.ends_at, city.zone) if call.starts_at else []
    found = await candidates(db, call.id, city.rules, moment, today, free)
    units = min(city.rules.help_wave_people, OVER_ASKED * call.wanted)
    chosen = best(found, _activity(call, city, moment, free), units, city.rules.help_near_m)
    following = _following(call, city, moment)
    values = {"id": call.id, "wave": call.wave, "next": following}
    await db.execute(_ADVANCE if chosen else _LATER, values)
    for one in chosen:
        await _ask(db, call, one, city)
    if following is not None:
        wave = call.wave + (1 if chosen else 0)
        await enqueue(db, "helpcalls:wave", at=following, call_id=str(call.id), after=wave)
    return Asked(call.wave + 1, len(chosen)) if chosen else Asked(call.wave, 0)


def _activity(call: Row[Any], city: City, moment: dt.datetime, free: list[str]) -> Activity:
    """The call as the matching scores it, still without the distance to anybody."""
    starts_at = call.starts_at or end_of(call.until_on, city)
    return Activity(
        id=str(call.id), host=str(call.partner_id), starts_at=starts_at,
        time=free[0] if free else "", hours_until=(starts_at - moment).total_seconds() / 3600,
        capacity=call.places, places_left=call.wanted, taken=call.places - call.wanted,
        works=frozenset(call.works), kind="help", strength=call.strength,
        children_ok=call.children_ok, step_free=call.step_free, needs_course=call.needs_course,
        wants_hands=True,
    )  # fmt: skip


def _following(call: Row[Any], city: City, moment: dt.datetime) -> dt.datetime | None:
    """When to ask the next ones, or None when the call is over by then."""
    over = call.starts_at or end_of(call.until_on, city)
    following = moment + dt.timedelta(hours=city.rules.help_wave_hours)
    return following if following < over else None


async def _ask(db: AsyncSession, call: Row[Any], one: Candidate, city: City) -> None:
    """Write the ask and its message, with a link that answers it and nothing else."""
    id, reasons = uuid7(), one.reasons()
    written = await db.scalar(
        _ASK,
        {
            "id": id, "call": call.id, "account": one.account_id, "partner": one.for_partner_id,
            "wave": call.wave + 1, "reasons": json.dumps(reasons), "now": now(db),
        },
    )  # fmt: skip
    if written is None:  # came forward by itself a moment ago
        return
    over = call.starts_at or end_of(call.until_on, city)
    await notify(
        db, "help", [one.account_id],
        subject=_("【お手伝いのお願い】%(title)s") % {"title": call.title},
        body=_letter(call, reason_words(reasons)),
        path=f"/help-answers/{signer(db).sign(PURPOSE, str(id), over)}",
        key=f"help:{call.id}:{one.account_id}",
    )  # fmt: skip


def _letter(call: Row[Any], why: list[str]) -> str:
    when = (
        f"{jdate(call.starts_at)} {jtimes(call.starts_at, call.ends_at)}"
        if call.starts_at
        else _("いつでもよい(%(day)sまで)") % {"day": jdate(call.until_on)}
    )
    facts = [call.title, when, call.meeting_place]
    if call.host:
        facts.append(_("募っているパートナー: %(host)s") % {"host": call.host})
    parts = [_("お手伝いをお願いできませんか。"), "", *facts]
    if call.what_for:
        parts += ["", call.what_for]
    if why:
        parts += ["", _("あなたにおたずねした理由:"), *(f"・{reason}" for reason in why)]
    parts += [
        "",
        _(
            "下のリンクから、ログインしないで返事ができます。行けないときは、そのままでかまいません。"
        ),
    ]
    return "\n".join(parts)
