"""Reading single activities, sign-ups, and what a host needs. One function, one statement."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from server.areas.models import Area
from server.citysettings.models import Municipality
from server.opportunities.models import Opportunity, OpportunityArea, OpportunityHost, Signup
from server.opportunities.nearby import (
    Geog,
    host_name,
    offered_places,
    places_held_by,
    point,
    taken_places,
)
from server.partners.models import Partner
from server.policy import Actor
from server.signups.columns import my_number, my_offer_until, waiting_groups

PAST_SHOWN = 50
HOSTED_SHOWN = 100
_NONE = cast(literal("[]"), JSON)


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
    kind: str
    forms: list[str]
    strength: str
    min_people: int | None
    deadline_at: dt.datetime | None
    min_age: int | None
    guardian: str
    languages: list[str]
    wants_hands: bool
    series_id: uuid.UUID | None
    occurrence_on: dt.date | None
    postponed_from: dt.datetime | None
    go_ahead_at: dt.datetime | None
    taken: int
    offered: int
    my_people: int | None
    cohosts: list[dict[str, Any]] = field(default_factory=list)  # accepted: id, code, name
    more_areas: list[dict[str, Any]] = field(default_factory=list)  # code, name
    distance_m: float | None = None
    waiting: int = 0  # groups in the queue
    my_number: int | None = None  # as which I wait, from 1
    my_offer_until: dt.datetime | None = None  # a place is kept for me until then

    @property
    def left(self) -> int:
        """Places that are still free: neither taken nor held by an open offer."""
        return max(0, self.capacity - self.taken - self.offered)

    @property
    def is_cancelled(self) -> bool:
        return self.state == "cancelled"

    def has_begun(self, now: dt.datetime) -> bool:
        """Whether it is too late to join or to cancel."""
        return self.starts_at <= now

    def hosted_by(self, actor: Actor | None) -> bool:
        """Whether the person may see who comes and check people in: hosts and the city."""
        if actor is None:
            return False
        hosts = {self.partner_id, *(uuid.UUID(one["id"]) for one in self.cohosts)}
        return actor.is_staff or bool(hosts & set(actor.partner_ids))

    def led_by(self, actor: Actor | None) -> bool:
        """Whether the person may change the activity or call it off: its first host and the city.

        A second host can rely on nobody but the first one moving the day.
        """
        if actor is None:
            return False
        return actor.is_staff or self.partner_id in actor.partner_ids


def own(actor: Actor | None) -> ColumnElement[bool]:
    """Scope of a host: activities led or accepted as a second host; everything for staff."""
    if actor is None:
        return false()
    return true() if actor.is_staff else or_(_led(actor), _cohosted(actor))


def led(actor: Actor) -> ColumnElement[bool]:
    """Scope of the first host; everything for staff."""
    return true() if actor.is_staff else _led(actor)


def _led(actor: Actor) -> ColumnElement[bool]:
    return Opportunity.partner_id.in_(actor.partner_ids)


def _cohosted(actor: Actor) -> ColumnElement[bool]:
    return exists().where(
        OpportunityHost.opportunity_id == Opportunity.id,
        OpportunityHost.partner_id.in_(actor.partner_ids),
        OpportunityHost.accepted_at.is_not(None),
    )


def _cohosts() -> ColumnElement[Any]:
    """The second hosts who accepted, as JSON; a private person stays unnamed."""
    other = aliased(Partner)
    one = func.json_build_object(
        "id", other.id,
        "code", case((other.name_public, other.code), else_=None),
        "name", case((other.name_public, other.name), else_=None),
    )  # fmt: skip
    rows = (
        select(func.coalesce(func.json_agg(aggregate_order_by(one, other.code)), _NONE))
        .select_from(OpportunityHost)
        .join(other, other.id == OpportunityHost.partner_id)
        .where(
            OpportunityHost.opportunity_id == Opportunity.id,
            OpportunityHost.accepted_at.is_not(None),
        )
    )
    return rows.correlate(Opportunity).scalar_subquery()


def _more_areas() -> ColumnElement[Any]:
    """The further areas of the activity, as JSON."""
    more = aliased(Area)
    one = func.json_build_object("code", more.code, "name", more.name)
    rows = (
        select(func.coalesce(func.json_agg(aggregate_order_by(one, more.code)), _NONE))
        .select_from(OpportunityArea)
        .join(more, more.id == OpportunityArea.area_id)
        .where(OpportunityArea.opportunity_id == Opportunity.id)
    )
    return rows.correlate(Opportunity).scalar_subquery()


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
            Opportunity.kind, Opportunity.forms, Opportunity.strength, Opportunity.min_people,
            Opportunity.deadline_at, Opportunity.min_age, Opportunity.guardian,
            Opportunity.languages, Opportunity.wants_hands, Opportunity.series_id,
            Opportunity.occurrence_on, Opportunity.postponed_from, Opportunity.go_ahead_at,
            taken_places().label("taken"), offered_places().label("offered"),
            places_held_by(account_id).label("my_people"),
            _cohosts().label("cohosts"), _more_areas().label("more_areas"),
            waiting_groups().label("waiting"), my_number(account_id).label("my_number"),
            my_offer_until(account_id).label("my_offer_until"),
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
    """One activity that the actor hosts, first or second (any, for staff)."""
    statement = _detail_columns(actor.account_id).where(Opportunity.id == id, own(actor))
    row = (await db.execute(statement)).first()
    return Detail(**row._mapping) if row else None


async def led_one(db: AsyncSession, id: uuid.UUID, actor: Actor) -> Detail | None:
    """One activity that the actor may change and call off (any, for staff)."""
    statement = _detail_columns(actor.account_id).where(Opportunity.id == id, led(actor))
    row = (await db.execute(statement)).first()
    return Detail(**row._mapping) if row else None


async def invited_one(db: AsyncSession, id: uuid.UUID, actor: Actor) -> Detail | None:
    """One activity that a partner of the actor was asked to host together."""
    asked = exists().where(
        OpportunityHost.opportunity_id == Opportunity.id,
        OpportunityHost.partner_id.in_(actor.partner_ids),
    )
    statement = _detail_columns(actor.account_id).where(Opportunity.id == id, asked)
    row = (await db.execute(statement)).first()
    return Detail(**row._mapping) if row else None


async def led_series(db: AsyncSession, series_id: uuid.UUID, actor: Actor) -> list[Detail]:
    """The days of a series that the actor may change, in the order of the rule."""
    statement = (
        _detail_columns(actor.account_id)
        .where(Opportunity.series_id == series_id, led(actor))
        .order_by(Opportunity.occurrence_on)
    )
    return [Detail(**row._mapping) for row in await db.execute(statement)]


async def hosted_list(db: AsyncSession, actor: Actor, now: dt.datetime) -> list[Detail]:
    """The activities of the actor's partners: coming ones first, then the latest past ones."""
    past = Opportunity.starts_at <= now
    statement = (
        _detail_columns(actor.account_id)
        .where(or_(_led(actor), _cohosted(actor)))
        .order_by(past, func.abs(func.extract("epoch", Opportunity.starts_at - now)))
        .limit(HOSTED_SHOWN)
    )
    return [Detail(**row._mapping) for row in await db.execute(statement)]


async def invitations(db: AsyncSession, actor: Actor, now: dt.datetime) -> list[Detail]:
    """Coming activities whose host waits for an answer of the actor's partners."""
    asked = exists().where(
        OpportunityHost.opportunity_id == Opportunity.id,
        OpportunityHost.partner_id.in_(actor.partner_ids),
        OpportunityHost.accepted_at.is_(None),
        OpportunityHost.declined_at.is_(None),
    )
    statement = (
        _detail_columns(actor.account_id)
        .where(asked, Opportunity.state == "published", Opportunity.starts_at > now)
        .order_by(Opportunity.starts_at)
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


async def last_posted(db: AsyncSession, actor: Actor) -> Detail | None:
    """The actor's partners' newest activity: its values are good first guesses for the next.

    A call for hands is no model: its title says what is missing, and it has a form of its own.
    """
    statement = (
        _detail_columns(actor.account_id)
        .where(Opportunity.partner_id.in_(actor.partner_ids), Opportunity.kind != "help")
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
