"""Writing a review: kept as a draft, then submitted, and then it stands."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.outbox import compose
from server.audit.actions import record
from server.citysettings.registry import CityRules
from server.db.base import uuid7
from server.db.context import now
from server.errors import Conflict, Forbidden, Invalid
from server.http.i18n import gettext as _
from server.http.i18n import jdate
from server.notices.actions import notify
from server.policy import Actor
from server.reviews.models import GRADES, Review
from server.reviews.points import KEYS
from server.reviews.queries import Look
from server.reviews.season import window_of
from server.workflow.audience import people


@dataclass(frozen=True)
class Content:
    """What was filled in; points without a grade are left out."""

    scores: dict[str, str]
    remarks: dict[str, str]
    comment: str


def may_write(actor: Actor, seen: Look) -> bool:
    """The city's side is the staff's; the partner's is its manager's."""
    if seen.side == "city":
        return actor.is_staff
    return any(p.id == seen.partner_id and p.role == "manager" for p in actor.partners)


async def save(
    db: AsyncSession, actor: Actor, seen: Look, content: Content, rules: CityRules,
    today: dt.date, *, final: bool, by_proxy: bool = False,
) -> bool:  # fmt: skip
    """Keep a side's review, as a draft or for good. False when it has been submitted before:
    nothing is changed then.

    ``by_proxy``: staff type in what a partner sent on paper, at once and for good. Raises
    Forbidden for somebody else's side, Conflict outside the time, Invalid (with the field) when a
    point has no grade.
    """
    if by_proxy:
        if not (actor.is_staff and final and seen.side == "partner"):
            raise Forbidden(_("この操作をする権限がありません。"))
    elif not may_write(actor, seen):
        raise Forbidden(_("評価を書けるのは、パートナーの代表・担当の人です。"))
    if seen.stands:
        return False
    _must_be_time(seen, rules, today, late=actor.is_staff)
    _check(content, final)
    if not await _keep(db, actor, seen, content, final):
        return False
    verb = "review.submit" if final else "review.draft"
    record(
        db, actor, verb, "partner", seen.partner_id,
        year=seen.year, side=seen.side, by_proxy=by_proxy,
    )  # fmt: skip
    if final and seen.other_done:
        await _tell(db, actor, seen)
    return True


def _must_be_time(seen: Look, rules: CityRules, today: dt.date, *, late: bool) -> None:
    if not seen.under_agreement:
        raise Conflict(_("この年度に合意がないので、評価はありません。"))
    window = window_of(seen.year, rules)
    if today < window.opens_on:
        day = {"day": jdate(window.opens_on)}
        raise Conflict(_("評価を書けるのは、%(day)sからです。") % day)
    if today > window.closes_on and not late:
        raise Conflict(_("評価を書ける期間は終わりました。市の担当へご連絡ください。"))


def _check(content: Content, final: bool) -> None:
    """Grades and points as we know them; all points when it is for good."""
    unknown = {*content.scores, *content.remarks} - set(KEYS)
    if unknown or not set(content.scores.values()) <= set(GRADES):
        raise Invalid(_("この評価は選べません。"))
    missing = [key for key in KEYS if key not in content.scores]
    if final and missing:
        raise Invalid(_("AからDのどれかを選んでください。"), f"grade_{missing[0]}")


async def _keep(db: AsyncSession, actor: Actor, seen: Look, content: Content, final: bool) -> bool:
    values = {
        "scores": content.scores, "remarks": content.remarks, "comment": content.comment,
        "submitted_at": now(db) if final else None,
        "submitted_by": actor.account_id if final else None,
    }  # fmt: skip
    born = insert(Review).values(
        id=uuid7(), partner_id=seen.partner_id, fiscal_year=seen.year, side=seen.side,
        created_at=now(db), **values,
    )  # fmt: skip
    # The second of two taps finds the row submitted and writes nothing.
    kept = born.on_conflict_do_update(
        index_elements=["partner_id", "fiscal_year", "side"], set_=values,
        where=Review.submitted_at.is_(None),
    ).returning(Review.id)  # fmt: skip
    return await db.scalar(kept) is not None


async def _tell(db: AsyncSession, actor: Actor, seen: Look) -> None:
    """Both are there: the partner's people can read the city's side now."""
    to = await people(db, partners=[seen.partner_id], person=None, without=actor.account_id)
    subject, body = compose("review_both", name=seen.name, year=seen.year)
    await notify(
        db, "partner", to, subject=subject, body=body,
        path=f"/partner/review?partner={seen.code}&year={seen.year}",
        key=f"review_both:{seen.partner_id}:{seen.year}",
    )  # fmt: skip
