"""What the form of a proposal begins with: the proposal before, the last agreement, or the
application."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from server import labels
from server.agreements.document import AgreedArea, in_japanese, read
from server.agreements.forms import area_key, ids_of
from server.agreements.models import Agreement
from server.agreements.queries import (
    OCCASION_OF_STATE,
    ONE_DAY,
    Candidate,
    candidates,
    proposal_and_last,
)
from server.citysettings.queries import City
from server.citysettings.registry import CityRules, section_for
from server.db.context import now
from server.enrolments.notice_queries import areas_after_change
from server.enrolments.periods import next_period
from server.enrolments.queries import Case, case_of
from server.errors import Conflict, Invalid
from server.http.i18n import gettext as _
from server.policy import Actor


@dataclass(frozen=True)
class Draft:
    """Everything the page of a proposal shows besides the form: ``start`` are the first values,
    ``before`` the areas of the proposal so far by key, ``ticked`` the keys chosen at first.
    ``wish`` is what the partner wrote about other areas."""

    case: Case
    occasion: str
    proposal_id: uuid.UUID | None
    confirmed: bool
    start: dict[str, Any]
    candidates: tuple[Candidate, ...]
    before: dict[str, AgreedArea]
    ticked: tuple[str, ...]
    wish: str


async def draft_of(
    db: AsyncSession, actor: Actor, city: City, case_id: uuid.UUID, codes: Sequence[str] = ()
) -> Draft:
    """What a proposal of this case begins with; ``codes`` are areas to be added by number.

    Raises NotFound, Conflict (no agreement is due) and Invalid (``areas``: unknown numbers).
    """
    case = await case_of(db, case_id, actor)
    occasion = OCCASION_OF_STATE.get(case.state)
    if occasion is None:
        raise Conflict(_("いまは合意書の案を作れません。届出の状態を確かめてください。"))
    kept, last = await proposal_and_last(db, case.id)
    asked = await areas_after_change(db, case.id) if occasion == "change" else None
    wished, wish = asked or ((), "")
    document = read(kept.document) if kept else None
    areas = document.areas if document else ()
    today = now(db).astimezone(city.zone).date()
    found = await candidates(db, case.id, case.partner_id, today, (*codes, *wished), ids_of(areas))
    _all_known(codes, found)
    before = {area_key(area): area for area in areas}
    ticked = tuple(before) or _first_choice(occasion, found, wished)
    return Draft(
        case=case, occasion=occasion, proposal_id=kept.id if kept else None,
        confirmed=bool(kept and (kept.partner_confirmed_at or kept.city_confirmed_at)),
        start=_start(city, case, kept, last, today, occasion), candidates=_sections(city, found),
        before=before, ticked=tuple(ticked) + _keys_of(found, codes), wish=wish,
    )  # fmt: skip


def _all_known(codes: Sequence[str], found: Sequence[Candidate]) -> None:
    usable = {one.area.code for one in found if not one.retired}
    missing = [code for code in codes if code not in usable]
    if missing:
        raise Invalid(
            _("%(codes)sは、いまの区域台帳にありません。") % {"codes": "、".join(missing)[:200]},
            "areas",
        )


def _keys_of(found: Sequence[Candidate], codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(one.key for one in found if one.area.code and one.area.code in codes)


def _first_choice(
    occasion: str, found: Sequence[Candidate], wished: Sequence[str]
) -> tuple[str, ...]:
    """A new partner gets what it asked for; a change what its notice says, else what is held."""
    if wished:
        return _keys_of(found, wished)
    origin = "asked" if occasion == "new" else "held"
    return tuple(one.key for one in found if one.origin == origin and not one.retired)


def _sections(city: City, found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Drawn areas begin with the section their kind belongs to."""
    return tuple(
        replace(one, area=replace(one.area, section=section_for(city.rules, one.area.kind)))
        if one.area.new
        else one
        for one in found
    )


def _start(
    city: City, case: Case, kept: Agreement | None, last: Agreement | None, today: dt.date,
    occasion: str,
) -> dict[str, Any]:  # fmt: skip
    """The first values of the form."""
    model = kept or last
    values = _of_agreement(model) if model else _of_application(case, city.rules)
    if kept is None:
        values["first"], values["last"] = _period(city.rules, case, last, today, occasion)
    values["seen"] = kept.document_sha256 if kept else ""
    return values


def _of_agreement(model: Agreement) -> dict[str, Any]:
    return {
        "purpose": model.purpose, "partner_role": model.partner_role,
        "city_role": model.city_role, "supports": list(model.supports),
        "forms": list(model.forms), "section": model.section,
        "times_per_year": model.planned_times_per_year, "season": model.planned_season,
        "consent_name": model.consent_name, "consent_areas": model.consent_areas,
        "consent_photos": model.consent_photos, "first": model.period.lower,
        "last": model.period.upper - ONE_DAY if model.period.upper else None,
    }  # fmt: skip


def _of_application(case: Case, rules: CityRules) -> dict[str, Any]:
    answers = case.answers
    return {
        "purpose": _(
            "まちをきれいに保ち、だれもが誇りと愛着をもてるまちを、いっしょにつくります。"
        ),
        "partner_role": _partner_role(answers.works),
        "city_role": _city_role(answers.supports),
        "supports": list(answers.supports),
        "forms": ["cooperation"],
        "section": case.section or rules.section_scheme,
        "times_per_year": answers.times_per_year,
        "season": answers.season,
        "consent_name": bool(answers.consent_name),
        "consent_areas": True,
        "consent_photos": bool(answers.consent_photos),
    }


def _partner_role(works: Sequence[str]) -> str:
    """What the application says, in the words of the agreement."""

    def words() -> str:
        named = "、".join(str(labels.WORKS[one]) for one in works if one in labels.WORKS)
        return _("活動区域で、%(works)sをします。") % {"works": named or _("清掃活動")}

    first = in_japanese(words)
    return "\n".join(
        (
            first,
            _("活動したことを市に報告します。"),
            _("施設の壊れや不法投棄に気づいたら、市に知らせます。"),
        )
    )


def _city_role(supports: Sequence[str]) -> str:
    lines = [_("活動に必要なものを、できる範囲で支給・貸出します。")]
    if "pickup" in supports:
        lines.append(_("集めたごみを、申し出を受けて回収します。"))
    lines.append(_("活動を市民に知らせ、ほかのパートナーとのつながりを助けます。"))
    return "\n".join(lines)


def _period(
    rules: CityRules, case: Case, last: Agreement | None, today: dt.date, occasion: str
) -> tuple[dt.date, dt.date | None]:
    """A new one begins on the wished day, not before today; a change runs as long as the old
    agreement would have; a renewal follows it."""
    if last and last.period.upper:
        if occasion == "renewal":
            return next_period(rules, max(last.period.upper - ONE_DAY, today - ONE_DAY))
        return today, max(last.period.upper - ONE_DAY, today)
    first = max(today, case.answers.start_on or today)
    return next_period(rules, first - ONE_DAY)
