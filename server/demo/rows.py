"""The demo as rows for COPY: which columns each table gets, in the order foreign keys ask for."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import shapely
from psycopg.types.json import Jsonb
from psycopg.types.range import DateRange
from shapely.geometry.base import BaseGeometry

from geo.crs import WGS84
from server.demo.ids import fixed_uuid
from server.demo.model import Area, Cleanup, DemoCity, Opportunity, Part, at


@dataclass(frozen=True)
class Rows:
    """Rows of one table; ``values`` is read once."""

    table: str
    columns: tuple[str, ...]
    values: Iterable[tuple[Any, ...]]
    redrawn: tuple[Area, ...] = ()  # areas that change their shape after they were written


def ewkb(geometry: BaseGeometry | None) -> str | None:
    """A lon/lat shape as PostGIS reads it."""
    if geometry is None:
        return None
    text: str = shapely.to_wkb(shapely.set_srid(geometry, WGS84), hex=True, include_srid=True)
    return text


def before_parts(city: DemoCity) -> Iterator[Rows]:
    """The city itself and the people."""
    m = city.municipality
    yield Rows(
        "municipality",
        ("id", "code", "name", "short_name", "prefecture", "plane_srid", "timezone", "centre",
         "boundary"),
        [(1, m.code, m.name, m.short_name, m.prefecture, m.plane_srid, m.timezone,
          ewkb(m.centre), ewkb(m.boundary))],
    )  # fmt: skip
    yield Rows(
        "accounts",
        ("id", "email", "display_name", "created_at"),
        ((a.id, a.email, a.display_name, city.accounts_since) for a in city.accounts),
    )
    yield Rows(
        "account_roles",
        ("account_id", "role", "section", "granted_at"),
        ((a.id, r, a.section, city.accounts_since) for a in city.accounts for r in a.roles),
    )


def after_parts(city: DemoCity) -> Iterator[Rows]:
    """Who acts for a partner."""
    yield Rows(
        "partner_members",
        ("partner_id", "account_id", "role", "since"),
        ((m.partner_id, m.account_id, m.role, m.since) for m in city.memberships),
    )


def for_parts(parts: list[Part]) -> Iterator[Rows]:
    """Everything of some copies of the city."""
    yield _areas(parts)
    yield _partners(parts)
    yield _partner_people(parts)
    yield _cases(parts)
    yield _agreements(parts)
    yield _agreement_areas(parts)
    yield _opportunities(parts)
    yield _signups(parts)
    yield _cleanups(parts)
    yield _litter(parts)


def _areas(parts: list[Part]) -> Rows:
    return Rows(
        "areas",
        ("id", "code", "name", "name_kana", "kind", "manager", "section", "geom", "safety_notes",
         "created_at", "updated_at"),
        ((a.id, a.code, a.name, a.name_kana, a.kind, a.manager, a.section,
          ewkb(a.former or a.geom), a.safety_notes, a.created_at, a.created_at)
         for p in parts for a in p.areas),
        tuple(a for p in parts for a in p.areas if a.redrawn_on is not None),
    )  # fmt: skip


def _partners(parts: list[Part]) -> Rows:
    return Rows(
        "partners",
        ("id", "code", "name", "name_kana", "subject", "name_public", "introduction",
         "registered_people", "since", "created_at"),
        ((r.id, r.code, r.name, r.name_kana, r.subject, r.name_public, r.introduction,
          r.registered_people, r.since, r.created_at) for p in parts for r in p.partners),
    )  # fmt: skip


def _partner_people(parts: list[Part]) -> Rows:
    return Rows(
        "partner_people",
        ("partner_id", "counted_on", "people"),
        ((r.id, r.since, r.registered_people) for p in parts for r in p.partners),
    )


def case_id(partner: uuid.UUID) -> uuid.UUID:
    """The id of a partner's case (届出・合意)."""
    return fixed_uuid("enrolment", partner)


def _cases(parts: list[Part]) -> Rows:
    """A case for each partner, born as a draft; ``load`` leads it to its state afterwards."""
    return Rows(
        "enrolments",
        ("id", "state", "subject", "answers", "partner_id", "by_proxy", "section", "submitted_at",
         "created_at", "updated_at"),
        ((case_id(r.id), "draft", r.subject, Jsonb({"name": r.name, "name_kana": r.name_kana}),
          r.id, True, "地域生活課", r.created_at, r.created_at, r.created_at)
         for p in parts for r in p.partners),
    )  # fmt: skip


def _agreements(parts: list[Part]) -> Rows:
    return Rows(
        "agreements",
        ("id", "partner_id", "period", "purpose", "partner_role", "city_role", "forms",
         "section", "planned_times_per_year", "agreed_on", "enrolment_id", "supports",
         "partner_confirmed_at", "partner_confirmed_how", "city_confirmed_at",
         "city_confirmed_how"),
        ((a.id, a.partner_id, DateRange(a.start, a.end), a.purpose, a.partner_role, a.city_role,
          list(a.forms), a.section, a.planned_times_per_year, a.agreed_on, case_id(a.partner_id),
          ["bags", "armbands", "pickup"], at(a.agreed_on, 11), "paper", at(a.agreed_on, 14),
          "paper")
         for p in parts for a in p.agreements),
    )  # fmt: skip


def _agreement_areas(parts: list[Part]) -> Rows:
    return Rows(
        "agreement_areas",
        ("id", "agreement_id", "partner_id", "area_id", "period", "end_reason"),
        ((r.id, r.agreement_id, r.partner_id, r.area_id, DateRange(r.start, r.end), r.end_reason)
         for p in parts for r in p.agreement_areas),
    )  # fmt: skip


def _opportunities(parts: list[Part]) -> Rows:
    return Rows(
        "opportunities",
        ("id", "partner_id", "area_id", "title", "description", "works", "starts_at", "ends_at",
         "meeting_place", "meeting_point", "capacity", "children_ok", "empty_handed_ok",
         "step_free", "bring", "safety_notes", "state", "cancelled_at", "cancel_reason",
         "sequence", "created_at", "updated_at"),
        (_opportunity(o) for p in parts for o in p.opportunities),
    )  # fmt: skip


def _opportunity(o: Opportunity) -> tuple[Any, ...]:
    changed = 1 if o.cancelled_at else 0
    return (
        o.id, o.partner_id, o.area_id, o.title, o.description, list(o.works), o.starts_at,
        o.ends_at, o.meeting_place, ewkb(o.meeting_point), o.capacity, o.children_ok,
        o.empty_handed_ok, o.step_free, o.bring, o.safety_notes, o.state, o.cancelled_at,
        o.cancel_reason, changed, o.created_at, o.cancelled_at or o.created_at,
    )  # fmt: skip


def _signups(parts: list[Part]) -> Rows:
    return Rows(
        "signups",
        ("id", "opportunity_id", "account_id", "people", "created_at", "cancelled_at"),
        ((s.id, s.opportunity_id, s.account_id, s.people, s.created_at, s.cancelled_at)
         for p in parts for s in p.signups),
    )  # fmt: skip


def _cleanups(parts: list[Part]) -> Rows:
    return Rows(
        "cleanups",
        ("id", "partner_id", "area_id", "area_version", "done_on", "started_at", "minutes",
         "people", "children", "newcomers", "works", "extent", "notes", "next_plan", "state",
         "review_comment", "logged_by", "created_at", "updated_at"),
        (_cleanup(c) for p in parts for c in p.cleanups),
    )  # fmt: skip


def _cleanup(c: Cleanup) -> tuple[Any, ...]:
    return (
        c.id, c.partner_id, c.area_id, c.area_version, c.done_on, c.started_at, c.minutes,
        c.people, c.children, c.newcomers, list(c.works), ewkb(c.extent), c.notes, c.next_plan,
        c.state, c.review_comment, c.logged_by, c.created_at, c.created_at,
    )  # fmt: skip


def _litter(parts: list[Part]) -> Rows:
    return Rows(
        "cleanup_litter",
        ("cleanup_id", "class", "unit", "quantity"),
        ((c.id, w.litter_class, w.unit, w.quantity)
         for p in parts for c in p.cleanups for w in c.litter),
    )  # fmt: skip
