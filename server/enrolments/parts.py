"""The parts of the form, and which of them and of their fields a kind of applicant sees."""

from dataclasses import dataclass

from server.enrolments.answers import GROUPS
from server.http.i18n import lazy as _l


@dataclass(frozen=True)
class Part:
    """One short page of the form."""

    slug: str
    title: str
    short: str  # in the stepper


_GROUP = Part("group", _l("団体のこと"), _l("団体"))
_PEOPLE = Part("people", _l("代表者と連絡先"), _l("連絡先"))
_PERSON = Part("people", _l("お名前と連絡先"), _l("連絡先"))
_AREAS = Part("areas", _l("活動する場所"), _l("場所"))
_PLAN = Part("plan", _l("活動の計画"), _l("計画"))
_CONSENTS = Part("consents", _l("約束と同意"), _l("約束"))

PAPERS = {
    "rules": _l("会則・規約"),
    "officers": _l("役員名簿"),
    "members": _l("参加者名簿"),
    "form": _l("届出書(紙)"),
    "other": _l("そのほか"),
}
# Rules and officers: bodies that have them and whose people the city does not know otherwise.
_PAPERS_OF = {
    "neighbourhood": ("rules", "officers", "members", "other"),
    "npo": ("rules", "officers", "members", "other"),
    "university": ("members", "other"),
    "company": ("members", "other"),
    "government": ("members", "other"),
    "citizen": (),
}


def parts_of(subject: str) -> tuple[Part, ...]:
    """The parts in their order. A citizen has no group, so the first part is the person."""
    rest = (_AREAS, _PLAN, _CONSENTS)
    return (_GROUP, _PEOPLE, *rest) if subject in GROUPS else (_PERSON, *rest)


def part_of(subject: str, slug: str) -> Part | None:
    """A part by its name in the address."""
    return next((part for part in parts_of(subject) if part.slug == slug), None)


def after(subject: str, slug: str) -> Part | None:
    """The part that follows, or None behind the last."""
    parts = parts_of(subject)
    place = [part.slug for part in parts].index(slug) + 1
    return parts[place] if place < len(parts) else None


def papers_of(subject: str, *, by_proxy: bool) -> dict[str, str]:
    """The kinds of attachments; staff attach the paper that came in."""
    keys = (*(("form",) if by_proxy else ()), *_PAPERS_OF[subject])
    return {key: PAPERS[key] for key in keys}


def pledges(subject: str) -> bool:
    """Whether the pledge is asked for: a public body need not promise to be decent."""
    return subject != "government"
