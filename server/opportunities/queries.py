"""Reading single activities, sign-ups, and what a host needs. One function, one statement."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.agreements.models import AgreementArea
from server.areas.models import Area
from server.citysettings.models import Municipality
from server.opportunities.models import Opportunity, Signup
from server.opportunities.nearby import (
    Geog,
    host_name,
    places_held_by,
    point,
    taken_places,
)
from server.partners.models import Partner
from server.policy import Actor

PAST_SHOWN = 50
HOSTED_SHOWN = 100


@dataclass(frozen=True)
class Detail:
    """Everything about one activity. lon/lat in degrees."""

    id: uuid.UUID
    partner_id: uuid.UUID | None
    area_id: uuid.UUID | None
    title: str
    description: str
    works: list[str]
    starts_at: dt.datetime
    ends_at: dt.datetime
    meeting_place: str
    lon: float
    lat: float
    capacity: int
    children_ok: bool
    empty_handed_ok: bool
    step_free: bool
    bring: str
    safety_notes: str
    state: str
    cancel_reason: str
    sequence: int
    updated_at: dt.datetime
    host: str | None
    host_code: str | None
    area_code: str | None
    area_name: str | None
    area_safety_notes: str | None
    taken: int
    my_people: int | None
    distance_m: float | None = None

    @property
    def left(self) -> int:
        """Places that are still free."""
        return max(0, self.capacity - self.taken)

    @property
    def is_cancelled(self) -> bool:
        return self.state == "cancelled"

    def has_begun(self, now: dt.datetime) -> bool:
        """Whether it is too late to join or to cancel."""
        return self.starts_at <= now

    def hosted_by(self, actor: Actor | None) -> bool:
        """Whether the person may edit, cancel, and see who comes."""
        if actor is None:
            return False
        return actor.is_staff or self.partner_id in actor.partner_ids


def own(actor: Actor | None) -> ColumnElement[bool]:
    """Scope of a host: the partner's own activities; everything for staff."""
    if actor is None:
        return false()
    return true() if actor.is_staff else Opportunity.partner_id.in_(actor.partner_ids)


def _detail_columns(account_id: uuid.UUID | None) -> Select[Any]:
    return (
        select(
            Opportunity.id, Opportunity.partner_id, Opportunity.area_id, Opportunity.title,
            Opportunity.description, Opportunity.works, Opportunity.starts_at,
            Opportunity.ends_at, Opportunity.meeting_place,
            func.ST_X(Opportunity.meeting_point).label("lon"),
            func.ST_Y(Opportunity.meeting_point).label("lat"),
            Opportunity.capacity, Opportunity.children_ok, Opportunity.empty_handed_ok,
            Opportunity.step_free, Opportunity.bring, Opportunity.safety_notes,
            Opportunity.state, Opportunity.cancel_reason, Opportunity.sequence,
            Opportunity.updated_at, host_name().label("host"),
            case((Partner.name_public, Partner.code), else_=None).label("host_code"),
            Area.code.label("area_code"), Area.name.label("area_name"),
            Area.safety_notes.label("area_safety_notes"),
            taken_places().label("taken"), places_held_by(account_id).label("my_people"),
        )
        .outerjoin(Partner, Partner.id == Opportunity.partner_id)
        .outerjoin(Area, Area.id == Opportunity.area_id)
    )  # fmt: skip


async def detail(db: AsyncSession, id: uuid.UUID, actor: Actor | None) -> Detail | None:
    """One activity; a draft only for its host."""
    account_id = actor.account_id if actor else None
    seen = or_(Opportunity.state != "draft", own(actor))
    row = (await db.execute(_detail_columns(account_id).where(Opportunity.id == id, seen))).first()
    return Detail(**row._mapping) if row else None


async def hosted(db: AsyncSession, id: uuid.UUID, actor: Actor) -> Detail | None:
    """One activity of the actor's own (any, for staff)."""
    statement = _detail_columns(actor.account_id).where(Opportunity.id == id, own(actor))
    row = (await db.execute(statement)).first()
    return Detail(**row._mapping) if row else None


async def hosted_list(db: AsyncSession, actor: Actor, now: dt.datetime) -> list[Detail]:
    """The activities of the actor's partners: coming ones first, then the latest past ones."""
    past = Opportunity.starts_at <= now
    statement = (
        _detail_columns(actor.account_id)
        .where(Opportunity.partner_id.in_(actor.partner_ids))
        .order_by(past, func.abs(func.extract("epoch", Opportunity.starts_at - now)))
        .limit(HOSTED_SHOWN)
    )
    return [Detail(**row._mapping) for row in await db.execute(statement)]


async def my_signups(
    db: AsyncSession, account_id: uuid.UUID, now: dt.datetime, limit: int = PAST_SHOWN
) -> list[Detail]:
    """What somebody has signed up for: coming ones soonest first, then past ones latest first."""
    past = Opportunity.starts_at <= now
    statement = (
        _detail_columns(account_id)
        .join(
            Signup,
            and_(
                Signup.opportunity_id == Opportunity.id,
                Signup.account_id == account_id,
                Signup.cancelled_at.is_(None),
            ),
        )
        .order_by(past, func.abs(func.extract("epoch", Opportunity.starts_at - now)))
        .limit(limit)
    )
    return [Detail(**row._mapping) for row in await db.execute(statement)]


async def next_signup(db: AsyncSession, account_id: uuid.UUID, now: dt.datetime) -> Detail | None:
    """The next activity somebody takes part in."""
    found = await my_signups(db, account_id, now, limit=1)
    return found[0] if found and not found[0].has_begun(now) else None


@dataclass(frozen=True)
class Participant:
    """Somebody who comes, as the host may know them: no address."""

    display_name: str
    people: int
    since: dt.datetime


async def participants(db: AsyncSession, id: uuid.UUID) -> list[Participant]:
    """Who has signed up, in order. Ask ``hosted`` first whether the actor may know."""
    rows = await db.execute(
        select(Account.display_name, Signup.people, Signup.created_at.label("since"))
        .join(Account, Account.id == Signup.account_id)
        .where(Signup.opportunity_id == id, Signup.cancelled_at.is_(None))
        .order_by(Signup.created_at, Signup.id)
    )
    return [Participant(**row._mapping) for row in rows]


@dataclass(frozen=True)
class OwnArea:
    """An area somebody may post for; lon/lat of its beginning in degrees."""

    id: uuid.UUID
    code: str
    name: str
    partner_id: uuid.UUID
    partner_name: str
    lon: float
    lat: float

    @property
    def key(self) -> str:
        """Names the area together with the partner that acts there."""
        return area_key(self.id, self.partner_id)


def area_key(area_id: uuid.UUID | None, partner_id: uuid.UUID | None) -> str:
    """An area and the partner acting there, as one value of a form."""
    return f"{area_id or ''}.{partner_id or ''}"


def _beginning(axis: str) -> ColumnElement[float]:
    """Where a line begins; for surfaces a point on them."""
    first = func.ST_StartPoint(func.ST_GeometryN(Area.geom, 1, type_=Geometry))
    inside = func.ST_PointOnSurface(Area.geom)
    read = func.ST_X if axis == "lon" else func.ST_Y
    return read(func.coalesce(first, inside))


async def own_areas(
    db: AsyncSession, partner_ids: Sequence[uuid.UUID], today: dt.date
) -> list[OwnArea]:
    """The areas that these partners have under agreement today."""
    rows = await db.execute(
        select(
            Area.id, Area.code, Area.name, Partner.id.label("partner_id"),
            Partner.name.label("partner_name"),
            _beginning("lon").label("lon"), _beginning("lat").label("lat"),
        )
        .join(AgreementArea, AgreementArea.area_id == Area.id)
        .join(Partner, Partner.id == AgreementArea.partner_id)
        .where(
            AgreementArea.partner_id.in_(partner_ids),
            AgreementArea.period.contains(literal(today, Date)),
            Area.retired_on.is_(None) | (Area.retired_on > literal(today, Date)),
        )
        .order_by(Partner.code, Area.code)
    )  # fmt: skip
    return [OwnArea(**row._mapping) for row in rows]


async def last_posted(db: AsyncSession, actor: Actor) -> Detail | None:
    """The actor's partners' newest activity: its values are good first guesses for the next."""
    statement = (
        _detail_columns(actor.account_id)
        .where(Opportunity.partner_id.in_(actor.partner_ids))
        .order_by(Opportunity.created_at.desc(), Opportunity.id.desc())
        .limit(1)
    )
    row = (await db.execute(statement)).first()
    return Detail(**row._mapping) if row else None


async def is_in_city(db: AsyncSession, lon: float, lat: float, margin_m: int) -> bool:
    """Whether a point (degrees) lies in the city or within ``margin_m`` of it."""
    near = func.ST_DWithin(cast(Municipality.boundary, Geog), point(lon, lat), margin_m)
    inside = await db.scalar(select(func.coalesce(near, true())))
    return inside is not False
