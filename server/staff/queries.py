"""What the staff look after beside the queue, and the list of partners. One statement each."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import PartnerMember
from server.agreements.models import Agreement, AgreementArea
from server.areas.models import AreaImport
from server.areas.search import reading, search_text
from server.citysettings.registry import CityRules
from server.cleanups.models import Cleanup
from server.coverage.care import care_of_areas
from server.enrolments.machine import ENROLMENT
from server.enrolments.models import Enrolment
from server.http.forms import nfkc, to_katakana
from server.opportunities.models import Opportunity
from server.partners.models import SUBJECTS, Partner

ENDING_DAYS = 60
PAGE_ROWS = 100
BUSY_IMPORTS = ("queued", "reading", "asking", "ready", "applying")


@dataclass(frozen=True)
class EndingAgreement:
    """An agreement that ended lately or ends soon without one that follows."""

    code: str
    name: str
    ends_on: dt.date  # its last day


@dataclass(frozen=True)
class RunningImport:
    """A file that is being read or waits for a decision."""

    id: uuid.UUID
    filename: str
    state: str


@dataclass(frozen=True)
class Desk:
    """What the first page of the staff shows beside the queue."""

    ending: tuple[EndingAgreement, ...]
    imports: tuple[RunningImport, ...]
    by_state: Mapping[str, int]
    dormant: int
    coming: int  # published activities in the next 14 days
    month_times: int  # accepted cleanups of the last 30 days
    month_people: int


def _ending(day: dt.date) -> Any:
    """Agreements whose last day lies within 60 days, either way, and that nothing follows."""
    span = dt.timedelta(days=ENDING_DAYS)
    later = Agreement.__table__.alias("later")
    followed = exists().where(
        later.c.partner_id == Agreement.partner_id,
        later.c.agreed_on.is_not(None),
        func.coalesce(func.upper(later.c.period), dt.date.max) > func.upper(Agreement.period),
    )
    some = (
        select(Partner.code, Partner.name, (func.upper(Agreement.period) - 1).label("ends_on"))
        .join(Partner, Partner.id == Agreement.partner_id)
        .where(
            Agreement.agreed_on.is_not(None),
            func.upper(Agreement.period).between(day - span, day + span),
            ~followed,
        )
        .order_by("ends_on", Partner.code)
        .subquery("ending")
    )
    line = func.json_build_array(some.c.code, some.c.name, some.c.ends_on)
    order = aggregate_order_by(line, some.c.ends_on, some.c.code)
    return select(func.json_agg(order)).scalar_subquery()


def _imports() -> Any:
    line = func.json_build_array(AreaImport.id, AreaImport.filename, AreaImport.state)
    return (
        select(func.json_agg(aggregate_order_by(line, AreaImport.created_at.desc())))
        .where(AreaImport.state.in_(BUSY_IMPORTS))
        .scalar_subquery()
    )


def _states(day: dt.date, rules: CityRules) -> tuple[Any, Any]:
    """SQL: JSON of areas per state, and how many are dormant."""
    care = care_of_areas(day, rules)
    per_state = (
        select(
            care.c.state, func.count().label("n"),
            func.count().filter(care.c.dormant).label("dormant"),
        )
        .group_by(care.c.state)
        .cte("per_state")
    )  # fmt: skip
    return (
        select(func.json_object_agg(per_state.c.state, per_state.c.n)).scalar_subquery(),
        select(func.coalesce(func.sum(per_state.c.dormant), 0)).scalar_subquery(),
    )


async def desk(db: AsyncSession, day: dt.date, moment: dt.datetime, rules: CityRules) -> Desk:
    """What ends, runs and sleeps."""
    states, dormant = _states(day, rules)
    month = (
        select(
            func.count().label("times"), func.coalesce(func.sum(Cleanup.people), 0).label("people")
        )
        .where(
            Cleanup.state == "accepted",
            Cleanup.done_on.between(day - dt.timedelta(days=29), day),
        )
        .subquery("month")
    )
    coming = (
        select(func.count())
        .where(
            Opportunity.state == "published",
            Opportunity.starts_at.between(moment, moment + dt.timedelta(days=14)),
        )
        .scalar_subquery()
    )
    row = (
        await db.execute(
            select(
                month.c.times, month.c.people, coming.label("coming"),
                _ending(day).label("ending"), _imports().label("imports"),
                states.label("states"), dormant.label("dormant"),
            )
        )
    ).one()  # fmt: skip
    day_of = dt.date.fromisoformat
    return Desk(
        ending=tuple(EndingAgreement(c, n, day_of(d)) for c, n, d in row.ending or ()),
        imports=tuple(RunningImport(uuid.UUID(i), f, s) for i, f, s in row.imports or ()),
        by_state=row.states or {},
        dormant=int(row.dormant),
        coming=row.coming,
        month_times=row.times,
        month_people=int(row.people),
    )


@dataclass(frozen=True)
class PartnerFilter:
    """What staff ask of the list of partners; empty = all."""

    q: str = ""
    subject: str = ""
    state: str = ""  # of the enrolment
    page: int = 1


def read_partner_filter(params: Mapping[str, str]) -> PartnerFilter:
    """Read a filter from an address; what is unknown is as if not asked."""
    subject, page = params.get("subject", ""), params.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    known = subject if subject in SUBJECTS else ""
    state = params.get("state", "")
    state = state if state in ENROLMENT.states else ""
    return PartnerFilter(search_text(params.get("q")), known, state, max(1, number))


@dataclass(frozen=True)
class PartnerLine:
    """A partner in the list. ``ends_on`` is the last day of the newest agreement (None = open);
    ``state`` that of its running or last enrolment."""

    id: uuid.UUID
    code: str
    name: str
    name_kana: str
    subject: str
    name_public: bool
    registered_people: int
    state: str | None
    areas: int
    members: int
    begins_on: dt.date | None
    ends_on: dt.date | None
    live: bool
    last_on: dt.date | None


@dataclass(frozen=True)
class PartnerPage:
    """One page of partners and how many there are in all."""

    rows: tuple[PartnerLine, ...]
    total: int


def _partner_conditions(asked: PartnerFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.subject:
        found.append(Partner.subject == asked.subject)
    if asked.state:
        found.append(_state_of(Partner.id) == asked.state)
    if asked.q:
        found.append(
            or_(
                Partner.name.icontains(asked.q, autoescape=True),
                Partner.code.icontains(nfkc(asked.q), autoescape=True),
                reading(Partner.name_kana, Partner.name).icontains(
                    to_katakana(asked.q), autoescape=True
                ),
            )
        )
    return found


def _state_of(partner_id: ColumnElement[Any] | Any) -> Any:
    """SQL: the state of a partner's running enrolment, else of its newest one."""
    over = Enrolment.ended_on.is_not(None)
    return (
        select(Enrolment.state)
        .where(Enrolment.partner_id == partner_id)
        .order_by(over, Enrolment.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _facts(page: Any, day: dt.date) -> tuple[ColumnElement[Any], ...]:
    """For each partner of the page: areas today, members, the last report."""
    partner_id = page.c.id
    areas = select(func.count()).where(
        AgreementArea.partner_id == partner_id, AgreementArea.period.contains(day)
    )
    members = select(func.count()).where(PartnerMember.partner_id == partner_id)
    last = select(func.max(Cleanup.done_on)).where(
        Cleanup.partner_id == partner_id, Cleanup.state.in_(("submitted", "accepted"))
    )
    return (
        areas.correlate(page).scalar_subquery().label("areas"),
        members.correlate(page).scalar_subquery().label("members"),
        last.correlate(page).scalar_subquery().label("last_on"),
        _state_of(partner_id).label("state"),
    )


def _newest(partner_id: ColumnElement[Any], day: dt.date) -> Any:
    return (
        select(
            func.lower(Agreement.period).label("begins_on"),
            (func.upper(Agreement.period) - 1).label("ends_on"),
            Agreement.period.contains(day).label("live"),
        )
        .where(Agreement.partner_id == partner_id, func.lower(Agreement.period) <= day)
        .order_by(func.lower(Agreement.period).desc())
        .limit(1)
        .lateral("newest")
    )


async def list_partners(db: AsyncSession, asked: PartnerFilter, day: dt.date) -> PartnerPage:
    """Partners by reading, one page of ``PAGE_ROWS``."""
    wanted = _partner_conditions(asked)
    total = (
        select(func.count().label("total")).select_from(Partner).where(*wanted).subquery("counted")
    )
    kana = reading(Partner.name_kana, Partner.name).label("reading")
    page = (
        select(Partner.id, Partner.code, Partner.name, Partner.name_kana, Partner.subject,
               Partner.name_public, Partner.registered_people, kana)
        .where(*wanted)
        .order_by(kana, Partner.code)
        .limit(PAGE_ROWS)
        .offset((asked.page - 1) * PAGE_ROWS)
        .subquery("page")
    )  # fmt: skip
    newest = _newest(page.c.id, day)
    source = total.outerjoin(page, true()).outerjoin(newest, true())
    answer = (
        await db.execute(
            select(
                total.c.total, page, *_facts(page, day),
                newest.c.begins_on, newest.c.ends_on,
                func.coalesce(newest.c.live, False).label("live"),
            )
            .select_from(source)
            .order_by(page.c.reading, page.c.code)
        )
    ).all()  # fmt: skip
    names = PartnerLine.__dataclass_fields__
    rows = tuple(PartnerLine(**{n: getattr(r, n) for n in names}) for r in answer if r.id)
    return PartnerPage(rows, answer[0].total)
