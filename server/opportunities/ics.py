"""One activity as an iCalendar file, so that a phone reminds of it."""

import datetime as dt
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vGeo

from server.http.i18n import gettext as _
from server.opportunities.queries import Detail

PRODUCT = "-//machipika//machipika//JA"


def calendar(activity: Detail, zone: ZoneInfo, link: str, host: str) -> bytes:
    """An iCalendar object with one event. The UID stays, SEQUENCE rises with every change."""
    event = Event()
    event.add("uid", f"{activity.id}@machipika")
    event.add("sequence", activity.sequence)
    event.add("dtstamp", activity.updated_at.astimezone(dt.UTC))
    event.add("last-modified", activity.updated_at.astimezone(dt.UTC))
    event.add("dtstart", activity.starts_at.astimezone(zone))
    event.add("dtend", activity.ends_at.astimezone(zone))
    event.add("status", "CANCELLED" if activity.is_cancelled else "CONFIRMED")
    title = _("中止: %(title)s") % {"title": activity.title} if activity.is_cancelled else None
    event.add("summary", title or activity.title)
    event.add("location", activity.meeting_place)
    event.add("geo", vGeo((round(activity.lat, 6), round(activity.lon, 6))))
    event.add("url", link)
    event.add("description", _description(activity, link, host))
    file = Calendar()
    file.add("prodid", PRODUCT)
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add_component(event)
    file.add_missing_timezones()
    return bytes(file.to_ical())


def _description(activity: Detail, link: str, host: str) -> str:
    lines = [_("主催: %(host)s") % {"host": host}]
    if activity.is_cancelled and activity.cancel_reason:
        lines.append(_("中止の理由: %(why)s") % {"why": activity.cancel_reason})
    if activity.bring:
        lines.append(_("持ち物: %(bring)s") % {"bring": activity.bring})
    return "\n".join([*lines, activity.description, link]).strip()
