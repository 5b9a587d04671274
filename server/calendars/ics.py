"""iCalendar (RFC 5545): one activity as a file, many as a feed.

What keeps a calendar correct when something moves:

- **UID** is ``<id>@machipika`` in every feed and in the single file, for ever.
- **SEQUENCE** is ``opportunities.sequence``: it rises with every change that a host makes.
- **DTSTAMP and LAST-MODIFIED** are the moment of that change: unchanged data, unchanged bytes.
- **Cancelled** activities stay in a feed as ``STATUS:CANCELLED``: a calendar that only adds and
  changes would keep them otherwise.
- A **series** has no RRULE here: each day is an activity of its own, with places, sign-ups and
  weather of its own, so each has its own UID; moving one day touches no other.
"""

import datetime as dt
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vDuration, vGeo

from server.http.i18n import gettext as _

PRODUCT = "-//machipika//machipika//JA"
REFRESH = dt.timedelta(hours=1)  # how often a calendar should ask again
# All control characters but the line feed: a lone CR would begin a line of its own.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]+")


class Plan(Protocol):
    """What an event is made from. Moments are aware; lon/lat in degrees, or None."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def sequence(self) -> int: ...
    @property
    def updated_at(self) -> dt.datetime: ...
    @property
    def starts_at(self) -> dt.datetime: ...
    @property
    def ends_at(self) -> dt.datetime: ...
    @property
    def is_cancelled(self) -> bool: ...
    @property
    def cancel_reason(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def bring(self) -> str: ...
    @property
    def meeting_place(self) -> str: ...
    @property
    def lon(self) -> float | None: ...
    @property
    def lat(self) -> float | None: ...


@dataclass(frozen=True)
class Item:
    """A plan with what depends on the feed: its address, its host in words, lines of one's own.

    ``busy`` = the time is taken; what somebody merely watches blocks no day of theirs.
    """

    plan: Plan
    link: str
    host: str
    own: tuple[str, ...] = ()
    busy: bool = True


def calendar(plan: Plan, zone: ZoneInfo, link: str, host: str) -> bytes:
    """One activity as a file."""
    return _written(_empty(), [Item(plan, link, host)], zone)


def feed(items: Iterable[Item], zone: ZoneInfo, name: str, about: str) -> bytes:
    """Many activities under a name, with the wish to be asked for again."""
    file = _empty()
    for key, value in (("name", name), ("x-wr-calname", name), ("description", about),
                       ("x-wr-caldesc", about), ("x-wr-timezone", zone.key)):  # fmt: skip
        file.add(key, _plain(value))
    file.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    file.add("x-published-ttl", vDuration(REFRESH))
    return _written(file, items, zone)


def _empty() -> Calendar:
    file = Calendar()
    file.add("prodid", PRODUCT)
    file.add("version", "2.0")
    file.add("calscale", "GREGORIAN")
    file.add("method", "PUBLISH")
    return file


def _written(file: Calendar, items: Iterable[Item], zone: ZoneInfo) -> bytes:
    for item in items:
        file.add_component(_event(item, zone))
    file.add_missing_timezones()
    return bytes(file.to_ical())


def _event(item: Item, zone: ZoneInfo) -> Event:
    plan, event = item.plan, Event()
    changed = plan.updated_at.astimezone(dt.UTC)
    title = _("中止: %(title)s") % {"title": plan.title} if plan.is_cancelled else plan.title
    event.add("uid", f"{plan.id}@machipika")
    event.add("sequence", plan.sequence)
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("dtstart", plan.starts_at.astimezone(zone))
    event.add("dtend", plan.ends_at.astimezone(zone))
    event.add("status", "CANCELLED" if plan.is_cancelled else "CONFIRMED")
    event.add("transp", "OPAQUE" if item.busy and not plan.is_cancelled else "TRANSPARENT")
    event.add("summary", _plain(title))
    event.add("location", _plain(plan.meeting_place))
    if plan.lon is not None and plan.lat is not None:
        event.add("geo", vGeo((round(plan.lat, 6), round(plan.lon, 6))))
    event.add("url", item.link)
    event.add("description", _plain(_description(item)))
    return event


def _description(item: Item) -> str:
    plan = item.plan
    lines = [*item.own, _("主催: %(host)s") % {"host": item.host}]
    if plan.is_cancelled and plan.cancel_reason:
        lines.append(_("中止の理由: %(why)s") % {"why": plan.cancel_reason})
    if plan.bring:
        lines.append(_("持ち物: %(bring)s") % {"bring": plan.bring})
    return "\n".join(part for part in (*lines, plan.description, item.link) if part.strip())


def _plain(text: str) -> str:
    """Text without control characters: a title must not become a property."""
    return _CONTROL.sub(" ", text.replace("\r\n", "\n")).strip()
