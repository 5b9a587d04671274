"""Reading agreements: one with all its page shows, and what a proposal is made from."""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import cast, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.document import AgreedArea, Document, read
from server.agreements.models import Agreement, AgreementArea
from server.areas.models import Area
from server.enrolments.models import Enrolment
from server.enrolments.queries import own
from server.errors import NotFound
from server.http.i18n import gettext as _
from server.partners.models import Partner
from server.policy import Actor

ONE_DAY = dt.timedelta(days=1)
# In which state of the case an agreement of that occasion is made.
STATE_OF_OCCASION = {"new": "checking", "change": "changing", "renewal": "renewal"}
OCCASION_OF_STATE = {state: occasion for occasion, state in STATE_OF_OCCASION.items()}


@dataclass(frozen=True)
class Confirmation:
    """That a side has confirmed: when, who (a display name of that day), and how."""

    at: dt.datetime
    name: str
    how: str
    by: uuid.UUID | None


@dataclass(frozen=True)
class AgreementView:
    """An agreement or a proposal for one, with its case.

    ``document`` is None for an agreement from before documents were kept; ``listed`` are its areas
    then. ``first`` and ``last`` are days as they are in force now, which may end earlier than
    agreed; ``first`` is None for one that was ended before it began.
    """

    id: uuid.UUID
    case_id: uuid.UUID | None
    case_code: str
    case_state: str
    by_proxy: bool
    requested_by: uuid.UUID | None
    partner_id: uuid.UUID | None
    partner_code: str
    partner_name: str
    subject: str
    occasion: str
    first: dt.date | None
    last: dt.date | None
    agreed_on: dt.date | None
    document: Document | None
    sha256: str
    partner: Confirmation | None
    city: Confirmation | None
    paper_file_id: uuid.UUID | None
    created_at: dt.datetime
    purpose: str
    partner_role: str
    city_role: str
    section: str
    listed: tuple[AgreedArea, ...]

    @property
    def areas(self) -> tuple[AgreedArea, ...]:
        """The areas as agreed, or as registered if there is no document."""
        return self.document.areas if self.document else self.listed

    @property
    def is_open(self) -> bool:
        """Whether it may still be confirmed: a proposal of a case that waits for it."""
        return self.agreed_on is None and self.case_state == STATE_OF_OCCASION[self.occasion]

    @property
    def name(self) -> str:
        """Whose agreement it is."""
        return self.document.partner_name if self.document else self.partner_name

    def sides_of(self, actor: Actor) -> tuple[str, ...]:
        """The sides (``partner``, ``city``) this person may confirm for now.

        Nobody confirms for both sides, and what came on paper is confirmed on paper.
        """
        if not self.is_open or self.confirmed_by(actor):
            return ()
        open_sides = (
            ("partner", self.partner is None and self.stands_for_partner(actor)),
            ("city", self.city is None and actor.is_staff),
        )
        return tuple(side for side, mine in open_sides if mine)

    def confirmed_by(self, actor: Actor) -> bool:
        """Whether this very person has confirmed in the app."""
        done = (one for one in (self.partner, self.city) if one and one.how == "app")
        return any(one.by == actor.account_id for one in done)

    def stands_for_partner(self, actor: Actor) -> bool:
        """Whether this person speaks for the partner: its manager, or who asked to become one."""
        if self.occasion == "new" and self.by_proxy:
            return False
        if self.partner_id is None:
            return self.requested_by == actor.account_id
        return any(one.id == self.partner_id and one.role == "manager" for one in actor.partners)


def _shape(area: Any) -> Any:
    return func.json_build_object(
        "id", area.id, "code", area.code, "name", area.name, "kind", area.kind, "kind_name", "",
        "manager", area.manager, "section", area.section, "length_m", area.length_m,
        "area_m2", area.area_m2, "geometry", cast(func.ST_AsGeoJSON(area.geom, 7), JSON),
    )  # fmt: skip


def _listed() -> Any:
    """SQL: the registered areas of an agreement without a document."""
    order = aggregate_order_by(_shape(Area), Area.code)
    return (
        select(func.coalesce(func.json_agg(order), func.json_build_array()))
        .select_from(AgreementArea)
        .join(Area, Area.id == AgreementArea.area_id)
        .where(AgreementArea.agreement_id == Agreement.id, Agreement.document_sha256 == "")
        .correlate(Agreement)
        .scalar_subquery()
    )


def visible(actor: Actor) -> Any:
    """SQL: staff read all agreements; others those of their partners and of their own cases."""
    if actor.is_staff:
        return True
    return or_(own(actor), Agreement.partner_id.in_(actor.partner_ids))


async def agreement_of(db: AsyncSession, id: uuid.UUID, actor: Actor) -> AgreementView:
    """The agreement, if it is the actor's to read; else NotFound. One statement."""
    row = (
        await db.execute(
            select(
                Agreement, Enrolment, Partner.code, Partner.name, Partner.subject,
                _listed().label("listed"),
            )
            .outerjoin(Enrolment, Enrolment.id == Agreement.enrolment_id)
            .outerjoin(Partner, Partner.id == Agreement.partner_id)
            .where(Agreement.id == id, visible(actor))
            .execution_options(populate_existing=True)
        )
    ).first()  # fmt: skip
    if row is None:
        raise NotFound(_("合意書が見つかりません。"))
    return _view(row)


def _view(row: Any) -> AgreementView:
    kept: Agreement = row.Agreement
    case: Enrolment | None = row.Enrolment
    period = kept.period
    return AgreementView(
        id=kept.id, case_id=kept.enrolment_id, case_code=case.code if case else "",
        case_state=case.state if case else "", by_proxy=bool(case and case.by_proxy),
        requested_by=case.requested_by if case else None, partner_id=kept.partner_id,
        partner_code=row.code or "", partner_name=row.name or "",
        subject=row.subject or (case.subject if case else ""), occasion=kept.occasion,
        first=None if period.isempty else period.lower,
        last=period.upper - ONE_DAY if period.upper else None,
        agreed_on=kept.agreed_on, document=read(kept.document), sha256=kept.document_sha256,
        partner=_confirmation(kept.partner_confirmed_at, kept.partner_confirmed_name,
                              kept.partner_confirmed_how, kept.partner_confirmed_by),
        city=_confirmation(kept.city_confirmed_at, kept.city_confirmed_name,
                           kept.city_confirmed_how, kept.city_confirmed_by),
        paper_file_id=kept.paper_file_id, created_at=kept.created_at, purpose=kept.purpose,
        partner_role=kept.partner_role, city_role=kept.city_role, section=kept.section,
        listed=tuple(area_from_row(one) for one in row.listed),
    )  # fmt: skip


def _confirmation(
    at: dt.datetime | None, name: str, how: str | None, by: uuid.UUID | None
) -> Confirmation | None:
    return Confirmation(at, name, how or "", by) if at else None


def area_from_row(data: dict[str, Any]) -> AgreedArea:
    """An area as SQL gives it."""
    return AgreedArea(**{**data, "id": uuid.UUID(data["id"])})


async def newest(
    db: AsyncSession, case_id: uuid.UUID, *, concluded: bool, lock: bool = False
) -> Agreement | None:
    """The newest concluded agreement of a case, or its open proposal."""
    made = Agreement.agreed_on.is_not(None) if concluded else Agreement.agreed_on.is_(None)
    statement = (
        select(Agreement)
        .where(Agreement.enrolment_id == case_id, made)
        .order_by(Agreement.created_at.desc(), Agreement.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if lock:
        statement = statement.with_for_update()
    return (await db.execute(statement)).scalar_one_or_none()


async def proposal_and_last(
    db: AsyncSession, case_id: uuid.UUID
) -> tuple[Agreement | None, Agreement | None]:
    """The open proposal of a case and its newest concluded agreement, in one statement."""
    is_open = Agreement.agreed_on.is_(None)
    statement = (
        select(Agreement)
        .where(Agreement.enrolment_id == case_id)
        .order_by(is_open, Agreement.created_at.desc(), Agreement.id.desc())
        .ext(distinct_on(is_open))
    )
    found = {row.agreed_on is None: row for row in await db.scalars(statement)}
    return found.get(True), found.get(False)


@dataclass(frozen=True)
class Candidate:
    """An area that may come under the agreement.

    ``origin``: held (now under one), asked (on the application), added (by its code). A drawn one
    is not in the register yet; ``approximate`` ones are only a circle around a place.
    """

    key: str
    origin: str
    area: AgreedArea
    approximate: bool = False
    retired: bool = False


# Every place an area of a proposal can come from, in one statement. A drawn area has no id and no
# code yet; both are given when the proposal is saved.
_CANDIDATES = text("""
WITH found AS (
    SELECT 1 AS rank, 'held' AS origin, r.area_id, NULL::uuid AS source
      FROM agreement_areas r
     WHERE r.partner_id = CAST(:partner AS uuid) AND NOT r.trial
       AND r.period && daterange(CAST(:day AS date), NULL)
    UNION
    SELECT 2, 'asked', e.area_id, e.id FROM enrolment_areas e
     WHERE e.enrolment_id = CAST(:case AS uuid)
    UNION
    SELECT 3, 'added', a.id, NULL FROM areas a
     WHERE a.code = ANY(CAST(:codes AS text[])) OR a.id = ANY(CAST(:ids AS uuid[]))
)
SELECT f.origin, coalesce(e.approximate, false) AS approximate, e.created_at,
       coalesce(a.retired_on <= :day, false) AS retired,
       json_build_object(
           'id', a.id, 'source', coalesce(f.source::text, ''), 'code', coalesce(a.code, ''),
           'name', coalesce(a.name, e.name), 'kind', coalesce(a.kind, e.kind, ''),
           'kind_name', '', 'manager', coalesce(a.manager, ''), 'section', coalesce(a.section, ''),
           'length_m', coalesce(a.length_m, e.length_m, 0),
           'area_m2', coalesce(a.area_m2, e.area_m2, 0),
           'geometry', ST_AsGeoJSON(coalesce(a.geom, e.geom), 7)::json,
           'new', a.id IS NULL) AS area
  FROM found f
  LEFT JOIN areas a ON a.id = f.area_id
  LEFT JOIN enrolment_areas e ON e.id = f.source
 ORDER BY f.rank, a.code, e.created_at, e.id
""")
_NOWHERE = uuid.UUID(int=0)


async def candidates(
    db: AsyncSession, case_id: uuid.UUID, partner_id: uuid.UUID | None, day: dt.date,
    codes: Sequence[str] = (), ids: Sequence[uuid.UUID] = (),
) -> tuple[Candidate, ...]:  # fmt: skip
    """The areas a proposal may hold, each once: held, asked for, added by code or by id."""
    values = {"case": case_id, "partner": partner_id, "day": day, "codes": list(codes),
              "ids": list(ids)}  # fmt: skip
    found: dict[str, Candidate] = {}
    for row in await db.execute(_CANDIDATES, values):
        data = row.area
        key = data["id"] or data["source"]
        area = AgreedArea(**{**data, "id": uuid.UUID(data["id"]) if data["id"] else _NOWHERE})
        found.setdefault(key, Candidate(key, row.origin, area, row.approximate, row.retired))
    return tuple(found.values())


def agreement_layer(view: AgreementView, card_url: Callable[[str], str]) -> str:
    """The areas of an agreement as GeoJSON, numbered as in its list."""
    features = [
        {
            "type": "Feature", "id": str(area.id), "geometry": area.geometry,
            "properties": {
                "id": str(area.id), "name": f"{area.code} {area.name}",
                "state": "joined" if area.new else "place", "label": str(n),
                "url": "" if area.new and view.agreed_on is None else card_url(area.code),
            },
        }
        for n, area in enumerate(view.areas, 1)
    ]  # fmt: skip
    return json.dumps(
        {"type": "FeatureCollection", "truncated": False, "features": features},
        ensure_ascii=False,
    )
