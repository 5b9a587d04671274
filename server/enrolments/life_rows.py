"""A partner's life in the programme as values, and how the rows of the database become them."""

import datetime as dt
import uuid
from dataclasses import dataclass, fields
from typing import Any, TypeVar, get_type_hints

from server.enrolments.machine import LIVE, OVER
from server.workflow.actions import Stand


@dataclass(frozen=True)
class CaseNow:
    """A partner's running case, or its last one. ``last_day`` is that of the last concluded
    agreement, None = without end; ``ended_on`` is the first day without."""

    id: uuid.UUID
    code: str
    state: str
    section: str
    requested_by: uuid.UUID | None
    partner_id: uuid.UUID
    partner_code: str
    partner_name: str
    subject: str
    paused_from: dt.date | None
    paused_until: dt.date | None
    renewal_wished_on: dt.date | None
    ended_on: dt.date | None
    begins_on: dt.date | None
    last_day: dt.date | None

    @property
    def is_live(self) -> bool:
        """Whether there is an agreement in force or on the way."""
        return self.state in LIVE or self.state == "agreed"

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_paused(self) -> bool:
        """Paused, also while it waits for its renewal."""
        return self.is_live and self.paused_from is not None

    def days_left(self, today: dt.date) -> int | None:
        """Days after today until the last one."""
        return (self.last_day - today).days if self.last_day else None

    def stand(self) -> Stand:
        """Where it stands, for ``move`` and ``buttons``."""
        title = f"{self.partner_code} {self.partner_name}"
        return Stand(self.id, self.state, title, self.partner_id, self.requested_by)


@dataclass(frozen=True)
class HeldArea:
    """An area under one agreement from ``first`` to ``last`` (None = without end)."""

    code: str
    name: str
    kind: str
    first: dt.date
    last: dt.date | None
    reason: str | None
    trial: bool
    retired: bool

    def live_on(self, day: dt.date) -> bool:
        """Whether the partner cares for it on that day."""
        return not self.retired and self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class AgreementLine:
    """An agreement as the pages list it. ``first`` is None when it ended before it began."""

    id: uuid.UUID
    occasion: str
    first: dt.date | None
    last: dt.date | None
    agreed_on: dt.date | None
    by_partner: bool  # confirmed
    by_city: bool
    purpose: str
    partner_role: str
    city_role: str
    section: str
    times: int | None
    season: str
    areas: tuple[HeldArea, ...]

    def live_on(self, day: dt.date) -> bool:
        """Whether it is concluded and in force on that day."""
        begun = self.agreed_on is not None and self.first is not None and self.first <= day
        return begun and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class NoticeLine:
    """A notice of change in a list."""

    id: uuid.UUID
    kind: str
    state: str
    effective_on: dt.date
    created_at: dt.datetime
    by_proxy: bool


@dataclass(frozen=True)
class Contact:
    """Who stands for a partner, from ``first`` to ``last`` (None = until further notice)."""

    role: str
    first: dt.date
    last: dt.date | None
    name: str
    name_kana: str
    title: str
    postal_code: str
    address: str
    phone: str
    email: str


@dataclass(frozen=True)
class PeopleCount:
    """How many people were registered from ``counted_on`` on."""

    counted_on: dt.date
    people: int
    minors: int | None


@dataclass(frozen=True)
class Member:
    """A person who logs in for the partner."""

    account_id: uuid.UUID
    name: str
    email: str | None
    role: str
    since: dt.datetime
    disabled: bool


@dataclass(frozen=True)
class Life:
    """A partner with its case and everything around it, newest first. ``done`` counts this 年度's
    reports that are not withdrawn or returned."""

    partner_id: uuid.UUID
    code: str
    name: str
    name_kana: str
    subject: str
    since: dt.date
    registered_people: int
    case: CaseNow | None
    agreements: tuple[AgreementLine, ...]
    notices: tuple[NoticeLine, ...]
    people: tuple[PeopleCount, ...]
    contacts: tuple[Contact, ...]
    members: tuple[Member, ...]
    done: int
    ledgers: dict[str, int]

    def current(self, today: dt.date) -> AgreementLine | None:
        """The agreement in force, else the newest concluded one."""
        concluded = [one for one in self.agreements if one.agreed_on is not None]
        live = [one for one in concluded if one.live_on(today)]
        return next(iter(live or concluded), None)

    @property
    def proposals(self) -> tuple[AgreementLine, ...]:
        """Agreements that not both have confirmed yet."""
        return tuple(one for one in self.agreements if one.agreed_on is None)

    def areas_on(self, day: dt.date) -> tuple[HeldArea, ...]:
        """The areas the partner cares for on that day."""
        held = (area for one in self.agreements for area in one.areas if area.live_on(day))
        return tuple(sorted(held, key=lambda area: area.code))

    def areas_before(self, day: dt.date) -> tuple[HeldArea, ...]:
        """The times that are over, the latest first."""
        past = (a for one in self.agreements for a in one.areas if a.last and a.last < day)
        return tuple(sorted(past, key=lambda area: (area.last, area.code), reverse=True))

    @property
    def open_notices(self) -> tuple[NoticeLine, ...]:
        return tuple(one for one in self.notices if one.state in ("submitted", "returned"))


T = TypeVar("T")
_READ: dict[object, Any] = {
    uuid.UUID: uuid.UUID,
    uuid.UUID | None: uuid.UUID,
    dt.date: dt.date.fromisoformat,
    dt.date | None: dt.date.fromisoformat,
    dt.datetime: dt.datetime.fromisoformat,
}


def _read(cls: type[T], data: dict[str, Any]) -> T:
    """A dataclass from JSON: ids and days are texts there; what it does not name is left out."""
    kinds = get_type_hints(cls)
    values = {}
    for one in fields(cls):  # type: ignore[arg-type]
        value, kind = data[one.name], kinds[one.name]
        if kind == tuple[HeldArea, ...]:
            values[one.name] = tuple(_read(HeldArea, area) for area in value)
        elif value is not None and kind in _READ:
            values[one.name] = _READ[kind](value)
        else:
            values[one.name] = value
    return cls(**values)


def as_life(row: Any) -> Life:
    """A row of ``life_queries`` as a value."""
    return Life(
        partner_id=row.partner_id, code=row.partner_code, name=row.name, name_kana=row.name_kana,
        subject=row.subject, since=row.since, registered_people=row.registered_people,
        case=_read(CaseNow, row.case) if row.case else None,
        agreements=tuple(_read(AgreementLine, one) for one in row.agreements),
        notices=tuple(_read(NoticeLine, one) for one in row.notices),
        people=tuple(_read(PeopleCount, one) for one in row.people),
        contacts=tuple(_read(Contact, one) for one in row.contacts),
        members=tuple(_read(Member, one) for one in row.members),
        done=row.done, ledgers=row.ledgers,
    )  # fmt: skip
