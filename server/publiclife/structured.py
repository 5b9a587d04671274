"""An activity in the words of schema.org, so that search engines can show its day and place.

Templates put it into a ``script`` of type ``application/ld+json`` with the filter ``tojson``, which
writes ``<``, ``>``, ``&`` and ``'`` as escapes: no title can end the element. It is data, which a
browser does not run, so the Content-Security-Policy has nothing to say about it.
"""

from typing import Any

from server.citysettings.queries import City
from server.http.i18n import gettext as _
from server.http.i18n import jdate, jtimes, local
from server.opportunities.queries import Detail

STATUS = {True: "EventCancelled", False: "EventScheduled"}


def summary(activity: Detail, city: City) -> str:
    """One line for the card of another site: state, day, place, what to bring."""
    when = f"{jdate(activity.starts_at)} {jtimes(activity.starts_at, activity.ends_at)}"
    parts = [when, _("集合: %(place)s") % {"place": activity.meeting_place}]
    if activity.is_cancelled:
        parts.insert(0, _("中止になりました"))
    elif activity.empty_handed_ok:
        parts.append(_("手ぶらで来られます"))
    return " / ".join([*parts, city.name])


def event(activity: Detail, city: City, link: str, image: str, base_url: str) -> dict[str, Any]:
    """The activity as a schema.org Event. Only what its page shows to everybody."""
    status = STATUS[activity.is_cancelled]
    if status == "EventScheduled" and activity.postponed_from:
        status = "EventRescheduled"
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Event",
        "@id": link,
        "url": link,
        "name": activity.title,
        "description": activity.description or summary(activity, city),
        "image": [image],
        "startDate": local(activity.starts_at).isoformat(timespec="minutes"),
        "endDate": local(activity.ends_at).isoformat(timespec="minutes"),
        "eventStatus": f"https://schema.org/{status}",
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "isAccessibleForFree": True,
        "inLanguage": activity.languages or ["ja"],
        "location": _location(activity, city),
        "maximumAttendeeCapacity": activity.capacity,
    }
    if activity.postponed_from:
        before = local(activity.postponed_from).isoformat(timespec="minutes")
        found["previousStartDate"] = before
    if activity.min_age:
        found["typicalAgeRange"] = f"{activity.min_age}-"
    if not activity.is_cancelled:
        found |= {"remainingAttendeeCapacity": activity.left, "offers": _offer(activity, link)}
    organizer = _organizer(activity, city, base_url)
    return {**found, "organizer": organizer} if organizer else found


def _location(activity: Detail, city: City) -> dict[str, Any]:
    return {
        "@type": "Place",
        "name": activity.meeting_place,
        "address": {
            "@type": "PostalAddress",
            "addressCountry": "JP",
            "addressRegion": city.prefecture,
            "addressLocality": city.name,
        },
        "geo": {
            "@type": "GeoCoordinates",
            "latitude": round(activity.lat, 6),
            "longitude": round(activity.lon, 6),
        },
    }


def _offer(activity: Detail, link: str) -> dict[str, Any]:
    """Taking part costs nothing; whether there is room is what counts."""
    state = "InStock" if activity.left else "SoldOut"
    return {
        "@type": "Offer",
        "price": 0,
        "priceCurrency": "JPY",
        "availability": f"https://schema.org/{state}",
        "url": link,
    }


def _organizer(activity: Detail, city: City, base_url: str) -> dict[str, Any] | None:
    """The host, if it may be named: "" is the city, None somebody who stays unnamed."""
    if activity.host is None:
        return None
    if not activity.host:
        return {"@type": "GovernmentOrganization", "name": city.name}
    found = {"@type": "Organization", "name": activity.host}
    if activity.host_code:
        found["url"] = f"{base_url}/partners/{activity.host_code}"
    return found
