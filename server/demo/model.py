"""What the demo city consists of: plain rows, named as the tables and columns are named."""

import datetime as dt
import decimal
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from shapely.geometry import MultiPolygon, Point
from shapely.geometry.base import BaseGeometry

from server.demo.personas import Persona

TOKYO = ZoneInfo("Asia/Tokyo")


def at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    """A moment by the clock on the wall in Muroran."""
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=TOKYO)


@dataclass(frozen=True)
class Municipality:
    """The one row of the city. Geometry is lon/lat (EPSG:4326)."""

    code: str
    name: str
    short_name: str
    prefecture: str
    plane_srid: int
    timezone: str
    centre: Point
    boundary: MultiPolygon


@dataclass(frozen=True)
class Area:
    """An area; ``former`` is the shape it had until ``redrawn_on`` (None = never redrawn)."""

    id: uuid.UUID
    code: str
    name: str
    name_kana: str
    kind: str
    manager: str
    section: str
    geom: BaseGeometry
    safety_notes: str
    created_at: dt.datetime
    former: BaseGeometry | None = None
    redrawn_on: dt.date | None = None

    def version_on(self, day: dt.date) -> int:
        """Which version of the area was the valid one on ``day``."""
        return 2 if self.redrawn_on is not None and day >= self.redrawn_on else 1

    def shape_on(self, day: dt.date) -> BaseGeometry:
        """The shape that was valid on ``day``."""
        if self.former is not None and self.version_on(day) == 1:
            return self.former
        return self.geom


@dataclass(frozen=True)
class Partner:
    """A partner; the name says that it is a sample."""

    id: uuid.UUID
    code: str
    name: str
    name_kana: str
    subject: str
    name_public: bool
    introduction: str
    registered_people: int
    since: dt.date
    created_at: dt.datetime


@dataclass(frozen=True)
class Agreement:
    """An agreement for the days ``[start, end)``."""

    id: uuid.UUID
    partner_id: uuid.UUID
    start: dt.date
    end: dt.date
    purpose: str
    partner_role: str
    city_role: str
    forms: tuple[str, ...]
    section: str
    planned_times_per_year: int
    agreed_on: dt.date


@dataclass(frozen=True)
class AgreementArea:
    """An area under an agreement for the days ``[start, end)``."""

    id: uuid.UUID
    agreement_id: uuid.UUID
    partner_id: uuid.UUID
    area_id: uuid.UUID
    start: dt.date
    end: dt.date
    end_reason: str | None


@dataclass(frozen=True)
class Opportunity:
    """A coming activity."""

    id: uuid.UUID
    partner_id: uuid.UUID | None
    area_id: uuid.UUID | None
    title: str
    description: str
    works: tuple[str, ...]
    starts_at: dt.datetime
    ends_at: dt.datetime
    meeting_place: str
    meeting_point: Point
    capacity: int
    children_ok: bool
    empty_handed_ok: bool
    step_free: bool
    bring: str
    safety_notes: str
    created_at: dt.datetime
    state: str = "published"
    cancelled_at: dt.datetime | None = None
    cancel_reason: str = ""


@dataclass(frozen=True)
class Signup:
    """Places taken in an activity."""

    id: uuid.UUID
    opportunity_id: uuid.UUID
    account_id: uuid.UUID
    people: int
    created_at: dt.datetime
    cancelled_at: dt.datetime | None = None


@dataclass(frozen=True)
class Litter:
    """What was collected, in the unit people count it in."""

    litter_class: str
    unit: str
    quantity: decimal.Decimal


@dataclass(frozen=True)
class Cleanup:
    """A finished cleanup with what it collected."""

    id: uuid.UUID
    partner_id: uuid.UUID
    area_id: uuid.UUID
    area_version: int
    done_on: dt.date
    started_at: dt.time | None
    minutes: int | None
    people: int
    children: int | None
    newcomers: int | None
    works: tuple[str, ...]
    extent: BaseGeometry | None
    notes: str
    next_plan: str
    state: str
    review_comment: str
    logged_by: uuid.UUID | None
    created_at: dt.datetime
    litter: tuple[Litter, ...]


@dataclass(frozen=True)
class Part:
    """One copy of the city: what hangs together through its ids. Scale N has N of them."""

    number: int
    areas: tuple[Area, ...]
    partners: tuple[Partner, ...]
    agreements: tuple[Agreement, ...]
    agreement_areas: tuple[AgreementArea, ...]
    opportunities: tuple[Opportunity, ...]
    signups: tuple[Signup, ...]
    cleanups: tuple[Cleanup, ...]


@dataclass(frozen=True)
class Membership:
    """A person acting for a partner."""

    partner_id: uuid.UUID
    account_id: uuid.UUID
    role: str
    since: dt.datetime


@dataclass(frozen=True)
class DemoCity:
    """The whole demo. ``parts()`` makes one copy after the other, so memory stays small."""

    today: dt.date
    scale: int
    seed: int
    municipality: Municipality
    accounts: tuple[Persona, ...]
    accounts_since: dt.datetime
    memberships: tuple[Membership, ...]
    make_part: Callable[[int], Part]

    def part(self, number: int) -> Part:
        """Copy ``number``; 0 is the city itself, on its true places."""
        if not 0 <= number < self.scale:
            raise ValueError(f"part {number} of a city of {self.scale}")
        return self.make_part(number)

    def parts(self) -> Iterator[Part]:
        """All copies, one at a time."""
        return (self.make_part(number) for number in range(self.scale))
