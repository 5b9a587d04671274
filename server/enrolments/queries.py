"""Reading one case (届出から終わりまで) with everything its pages show, in one statement."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, exists, func, literal_column, not_, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account, PartnerMember
from server.agreements.models import Agreement, AgreementArea
from server.areas.models import Area
from server.db.context import now
from server.enrolments.answers import GROUPS, Answers
from server.enrolments.models import Enrolment, EnrolmentArea
from server.errors import NotFound
from server.files.models import StoredFile
from server.http.i18n import gettext as _
from server.partners.models import Partner
from server.policy import Actor
from server.workflow.actions import Stand
from server.workflow.models import StateChange

_NONE: Any = literal_column("'[]'::json")


@dataclass(frozen=True)
class CaseArea:
    """An area asked for. ``area_id`` and ``code`` are empty for one that is proposed; lengths in
    metres. ``holders`` are those who care for it now, as the public may read them; ``approximate``
    means that the shape is only a circle around a place and its surface says nothing."""

    id: uuid.UUID
    area_id: uuid.UUID | None
    code: str
    name: str
    kind: str | None
    section: str
    length_m: float
    area_m2: float
    note: str
    approximate: bool
    holders: str

    @property
    def proposed(self) -> bool:
        return self.area_id is None


@dataclass(frozen=True)
class Paper:
    """An attachment; ``purpose`` is a key of forms.PAPERS."""

    id: uuid.UUID
    filename: str
    purpose: str


@dataclass(frozen=True)
class Case:
    """A partner's case. ``agreement_id`` is the newest agreement made from it, if there is one;
    ``returned_because`` what the city last wrote when it handed the application back."""

    id: uuid.UUID
    code: str
    state: str
    subject: str
    answers: Answers
    partner_id: uuid.UUID | None
    partner_code: str
    partner_name: str
    requested_by: uuid.UUID | None
    requested_name: str
    by_proxy: bool
    section: str
    submitted_at: dt.datetime | None
    ended_on: dt.date | None
    created_at: dt.datetime
    updated_at: dt.datetime
    areas: tuple[CaseArea, ...]
    papers: tuple[Paper, ...]
    agreement_id: uuid.UUID | None
    returned_because: str = ""

    @property
    def name(self) -> str:
        """Who applies, in words: the partner once there is one, else the name on the form."""
        return self.partner_name or self.answers.name or _("(名前はまだありません)")

    @property
    def is_group(self) -> bool:
        return self.subject in GROUPS

    def belongs_to(self, actor: Actor) -> bool:
        """Whether it is somebody's own: their partner's, or (without one yet) filed by them."""
        if self.partner_id is not None:
            return self.partner_id in actor.partner_ids
        return self.requested_by == actor.account_id

    @property
    def editable(self) -> bool:
        """Whether the form may still be changed."""
        return self.state in ("draft", "returned")

    def stand(self) -> Stand:
        """Where it stands, for ``move`` and ``buttons``."""
        title = f"{self.code} {self.name}"
        return Stand(self.id, self.state, title, self.partner_id, self.requested_by)


def visible(actor: Actor) -> Any:
    """SQL: the cases somebody may read: their own, those of their partners; staff read all,
    but for the drafts that people have not sent yet."""
    mine = own(actor)
    if not actor.is_staff:
        return mine
    unsent = and_(Enrolment.state.in_(("draft", "withdrawn")), Enrolment.submitted_at.is_(None))
    return or_(mine, Enrolment.by_proxy, not_(unsent))


def own(actor: Actor) -> Any:
    """SQL: the cases of somebody's partners, and what they filed themselves; but not what they
    filed for a partner that they have left since."""
    member = exists().where(
        PartnerMember.partner_id == Enrolment.partner_id,
        PartnerMember.account_id == actor.account_id,
    )
    filed = and_(
        Enrolment.requested_by == actor.account_id, or_(Enrolment.partner_id.is_(None), member)
    )
    return or_(filed, Enrolment.partner_id.in_(actor.partner_ids)) if actor.partners else filed


def holders_of(area_id: Any, day: dt.date, without: Any = None) -> Any:
    """SQL: who cares for an area on a day, in names the public may read; NULL for nobody."""
    shown = case((Partner.name_public, Partner.name), else_=_("名前を出していないパートナー"))
    names = func.string_agg(shown, aggregate_order_by(literal_column("'、'"), Partner.code))
    held = (
        select(names)
        .select_from(AgreementArea)
        .join(Partner, Partner.id == AgreementArea.partner_id)
        .where(AgreementArea.area_id == area_id, AgreementArea.period.contains(day))
    )
    if without is not None:
        held = held.where(AgreementArea.partner_id.is_distinct_from(without))
    return held.correlate_except(AgreementArea, Partner).scalar_subquery()


def _areas(day: dt.date) -> Any:
    """SQL: the wished areas of a case as a JSON list, in the order they were chosen."""
    holders = holders_of(EnrolmentArea.area_id, day, without=Enrolment.partner_id)
    one = func.json_build_object(
        "id", EnrolmentArea.id, "area_id", EnrolmentArea.area_id,
        "code", func.coalesce(Area.code, ""), "approximate", EnrolmentArea.approximate,
        "name", func.coalesce(Area.name, EnrolmentArea.name),
        "kind", func.coalesce(Area.kind, EnrolmentArea.kind),
        "section", func.coalesce(Area.section, ""),
        "length_m", func.coalesce(Area.length_m, EnrolmentArea.length_m, 0.0),
        "area_m2", func.coalesce(Area.area_m2, EnrolmentArea.area_m2, 0.0),
        "note", EnrolmentArea.note, "holders", func.coalesce(holders, ""),
    )  # fmt: skip
    order = aggregate_order_by(one, EnrolmentArea.created_at, EnrolmentArea.id)
    return (
        select(func.coalesce(func.json_agg(order), _NONE))
        .select_from(EnrolmentArea)
        .outerjoin(Area, Area.id == EnrolmentArea.area_id)
        .where(EnrolmentArea.enrolment_id == Enrolment.id)
        .correlate(Enrolment)
        .scalar_subquery()
    )


def _papers() -> Any:
    one = func.json_build_object(
        "id", StoredFile.id, "filename", StoredFile.filename, "purpose", StoredFile.purpose
    )
    order = aggregate_order_by(one, StoredFile.id)
    return (
        select(func.coalesce(func.json_agg(order), _NONE))
        .where(
            StoredFile.owner == "enrolment", StoredFile.owner_id == Enrolment.id,
            StoredFile.removed_at.is_(None),
        )
        .correlate(Enrolment)
        .scalar_subquery()
    )  # fmt: skip


def _newest_agreement() -> Any:
    return (
        select(Agreement.id)
        .where(Agreement.enrolment_id == Enrolment.id)
        .order_by(Agreement.created_at.desc(), Agreement.id.desc())
        .limit(1)
        .correlate(Enrolment)
        .scalar_subquery()
    )


def _returned_because() -> Any:
    return (
        select(StateChange.comment)
        .where(StateChange.object_id == Enrolment.id, StateChange.to_state == "returned")
        .order_by(StateChange.at.desc(), StateChange.id.desc())
        .limit(1)
        .correlate(Enrolment)
        .scalar_subquery()
    )


async def case_of(
    db: AsyncSession, id: uuid.UUID, actor: Actor, *, lock: bool = False
) -> Case:  # fmt: skip
    """The case, if it is the actor's to read; else NotFound. ``lock`` keeps it until the commit."""
    statement = (
        select(
            Enrolment, Partner.code.label("partner_code"), Partner.name.label("partner_name"),
            Account.display_name, _areas(now(db).date()).label("areas"),
            _papers().label("papers"), _newest_agreement().label("agreement_id"),
            _returned_because().label("returned_because"),
        )
        .outerjoin(Partner, Partner.id == Enrolment.partner_id)
        .outerjoin(Account, Account.id == Enrolment.requested_by)
        .where(and_(Enrolment.id == id, visible(actor)))
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if lock:
        statement = statement.with_for_update(of=Enrolment)
    row = (await db.execute(statement)).first()
    if row is None:
        raise NotFound(_("届出が見つかりません。"))
    return _case(row)


def _case(row: Any) -> Case:
    kept: Enrolment = row.Enrolment
    return Case(
        id=kept.id, code=kept.code, state=kept.state, subject=kept.subject,
        answers=Answers.from_json(kept.answers), partner_id=kept.partner_id,
        partner_code=row.partner_code or "", partner_name=row.partner_name or "",
        requested_by=kept.requested_by, requested_name=row.display_name or "",
        by_proxy=kept.by_proxy, section=kept.section, submitted_at=kept.submitted_at,
        ended_on=kept.ended_on, created_at=kept.created_at, updated_at=kept.updated_at,
        areas=tuple(_case_area(one) for one in row.areas),
        papers=tuple(
            Paper(uuid.UUID(one["id"]), one["filename"], one["purpose"]) for one in row.papers
        ),
        agreement_id=row.agreement_id, returned_because=row.returned_because or "",
    )  # fmt: skip


def _case_area(one: dict[str, Any]) -> CaseArea:
    area_id = uuid.UUID(one["area_id"]) if one["area_id"] else None
    return CaseArea(**{**one, "id": uuid.UUID(one["id"]), "area_id": area_id})
