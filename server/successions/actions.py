"""Handing an area on: offer it, raise a hand, try it for a season, hand it over.

Each verb moves the record first (which says who may) and then the rows of ``agreement_areas``, in
one transaction, under the row locks of the areas.

A trial that is over is not put back by a job: whether it went well is for people to say. Its row
of ``agreement_areas`` lapses with the last day, so nobody logs there any longer by it; the case
stays "trial", overdue on the desk, until staff hand the area over or stop the trial.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shapely.geometry.base import BaseGeometry
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.outbox import compose
from server.areas.handover import give, require_standing
from server.areas.holding import hold, lock_areas, release, standing
from server.areas.search import search_text
from server.areas.shapes import for_database
from server.audit.actions import record
from server.citysettings.queries import City
from server.citysettings.registry import CityRules, section_for
from server.db.base import uuid7
from server.db.context import now
from server.errors import Conflict, Forbidden, Invalid, NotFound
from server.exchange.board_actions import refuse_contacts
from server.http.i18n import gettext as _
from server.notices.actions import notify
from server.policy import Actor, PartnerRef
from server.successions.machine import SUCCESSION
from server.successions.models import Succession, SuccessionHand
from server.successions.queries import Offer
from server.workflow.actions import begin, move
from server.workflow.audience import people

PART_SLACK_M = 50  # a drawn part may lie so far beside the area


@dataclass(frozen=True)
class NewOffer:
    """What a partner says when it offers an area; ``part`` in lon/lat or None for all of it."""

    id: uuid.UUID
    code: str
    part: BaseGeometry | None
    part_note: str
    reason: str
    until_on: dt.date | None


_PLACE = text("""
SELECT a.id, a.kind, a.section,
       EXISTS (SELECT FROM agreement_areas x WHERE x.area_id = a.id AND x.partner_id = :partner
                AND x.period @> CAST(:day AS date) AND NOT x.trial) AS held,
       CAST(:part AS text) IS NULL OR ST_CoveredBy(
           ST_Transform(ST_GeomFromText(CAST(:part AS text), 4326), CAST(:plane AS integer)),
           ST_Buffer(ST_Transform(a.geom, CAST(:plane AS integer)), :slack_m)) AS inside
  FROM areas a
 WHERE a.code = :code AND (a.retired_on IS NULL OR a.retired_on > CAST(:day AS date))
""")


async def make_offer(
    db: AsyncSession, actor: Actor, partner: PartnerRef, new: NewOffer, city: City, day: dt.date
) -> None:
    """Offer an area that the partner holds today. The same ``new.id`` again changes nothing.

    Raises Invalid (not its area, the drawing lies elsewhere, contact data in words that every
    partner may read) and Conflict (offered already).
    """
    refuse_contacts(new.reason, "reason", city.rules)
    refuse_contacts(new.part_note, "part_note", city.rules)
    found = (
        await db.execute(
            _PLACE,
            {
                "code": search_text(new.code), "partner": partner.id, "day": day,
                "part": new.part.wkt if new.part else None, "plane": city.plane_srid,
                "slack_m": PART_SLACK_M,
            },
        )
    ).first()  # fmt: skip
    if found is None or not found.held:
        raise Invalid(_("いま担当している区域を選んでください。"), "area")
    if not found.inside:
        raise Invalid(_("描いた場所が区域から離れています。区域の上に描いてください。"), "part")
    made = await db.scalar(
        insert(Succession)
        .values(
            id=new.id, partner_id=partner.id, area_id=found.id, state="offered",
            part=for_database(new.part) if new.part else None, part_note=new.part_note,
            reason=new.reason, until_on=new.until_on, requested_by=actor.account_id,
            section=section_for(city.rules, found.kind, found.section), created_at=now(db),
        )
        .on_conflict_do_nothing()
        .returning(Succession.id)
    )  # fmt: skip
    if made is not None:
        begin(db, actor, SUCCESSION, new.id, "offered", hat="partner", area=new.code)
    elif await db.get(Succession, new.id) is None:
        raise Conflict(_("この区域は、もう引き継ぎ先をさがしています。"))


async def raise_hand(
    db: AsyncSession,
    actor: Actor,
    offer: Offer,
    partner: PartnerRef,
    message: str,
    day: dt.date,
    rules: CityRules,
) -> None:
    """A partner would take the area on; again with other words changes the words.

    Raises Invalid for contact data in the message, which every partner may read.
    """
    refuse_contacts(message, "message", rules)
    if offer.state != "offered":
        raise Conflict(_("いまは手をあげられません。画面を新しくしてください。"))
    if partner.id == offer.partner_id:
        raise Forbidden(_("自分たちの区域には手をあげられません。"))
    live, _after, paused = await standing(db, partner.id, day)
    if not live or paused:
        raise Invalid(_("手をあげるには、市との合意が活動中であることが必要です。"), "message")
    before = await db.get(SuccessionHand, (offer.id, partner.id))
    if before is not None and before.message == message:
        return
    values = {"message": message, "raised_by": actor.account_id}
    await db.execute(
        insert(SuccessionHand)
        .values(succession_id=offer.id, partner_id=partner.id, created_at=now(db), **values)
        .on_conflict_do_update(
            index_elements=[SuccessionHand.succession_id, SuccessionHand.partner_id], set_=values
        )
    )
    record(db, actor, "succession.raise_hand", "succession", offer.id, partner=partner.code)
    if before is None:
        await _tell_of_hand(db, actor, offer, partner)


async def _tell_of_hand(db: AsyncSession, actor: Actor, offer: Offer, partner: PartnerRef) -> None:
    to = await people(db, partners=[offer.partner_id], person=None, without=actor.account_id)
    subject, body = compose(
        "state_change", noun=SUCCESSION.noun, title=offer.stand.title,
        state=_("手があがりました"), comment="",
        words=_("区域を引き継ぎたいというパートナーがいます。市の担当が、次の進め方を連絡します。"),
    )  # fmt: skip
    await notify(
        db, "partner", to, subject=subject, body=body, path=SUCCESSION.path.format(id=offer.id),
        key=f"succession_hand:{offer.id}:{partner.id}:{uuid7()}",
    )  # fmt: skip


async def lower_hand(db: AsyncSession, actor: Actor, offer: Offer, partner: PartnerRef) -> None:
    """Take the hand back; not while the partner tries the area (that is ``stop_trial``)."""
    if offer.other_partner_id == partner.id:
        raise Conflict(_("お試し中です。「お試しをやめる」を使ってください。"))
    gone = await db.scalar(
        delete(SuccessionHand)
        .where(SuccessionHand.succession_id == offer.id, SuccessionHand.partner_id == partner.id)
        .returning(SuccessionHand.partner_id)
    )
    if gone is not None:
        record(db, actor, "succession.lower_hand", "succession", offer.id, partner=partner.code)


async def start_trial(
    db: AsyncSession, actor: Actor, offer: Offer, other_code: str, first: dt.date, last: dt.date,
    areas: Sequence[str],
) -> None:  # fmt: skip
    """One of those who raised a hand may log there too, from ``first`` to ``last``.

    Raises Invalid: no hand of that partner, no agreement for the time, it holds the area already.
    """
    other = next((hand for hand in offer.hands if hand.code == other_code), None)
    other_id = other.partner_id if other else None
    until = last + dt.timedelta(days=1)
    values = {"other_partner_id": other_id, "trial": Range(first, until)}
    stand = replace(offer.stand, other_partner_id=other_id)
    chosen = _chosen(offer, areas) if other else []
    if other is None and actor.is_staff:
        raise Invalid(_("手をあげたパートナーから選んでください。"), "other")
    await move(
        db, actor, SUCCESSION, stand, "start_trial", values=values,
        detail={"other": other_code, "first": first.isoformat(), "last": last.isoformat(),
                "areas": [heir.code for heir in offer.heirs if heir.id in chosen]},
    )  # fmt: skip
    assert other is not None  # noqa: S101 - move lets staff only come this far
    await lock_areas(db, chosen)
    await require_standing(db, other.partner_id, first, until, "other")
    if not await hold(db, chosen, other.partner_id, first, until, trial=True):
        raise Invalid(_("このパートナーは、もうこの区域を担当しています。"), "other")


async def stop_trial(
    db: AsyncSession, actor: Actor | None, offer: Offer, comment: str, day: dt.date
) -> None:
    """The trial ends on ``day``; the area is offered again, and the hand is down."""
    other = offer.other_partner_id
    values = {"other_partner_id": None, "trial": None}
    await move(db, actor, SUCCESSION, offer.stand, "stop_trial", comment=comment, values=values)
    heirs = [heir.id for heir in offer.heirs]
    await lock_areas(db, heirs)
    await release(db, heirs, day, "trial_ended", partner_id=other, trial=True)
    await db.execute(
        delete(SuccessionHand).where(
            SuccessionHand.succession_id == offer.id, SuccessionHand.partner_id == other
        )
    )


async def hand_over(
    db: AsyncSession, actor: Actor, offer: Offer, on: dt.date, areas: Sequence[str], comment: str
) -> None:
    """From ``on`` the other partner holds the area for good, the offering one no longer.

    Of a part that was offered, the area has to be split first and ``areas`` names the new ones.
    """
    other = offer.other_partner_id
    chosen = _chosen(offer, areas)
    if actor.is_staff and offer.part and len(chosen) == len(offer.heirs):
        raise Invalid(
            _("引き継ぐのは一部だけです。区域を分けてから、引き継ぐほうを選んでください。"), "areas"
        )
    await move(
        db, actor, SUCCESSION, offer.stand, "hand_over", comment=comment,
        detail={"on": on.isoformat(),
                "areas": [heir.code for heir in offer.heirs if heir.id in chosen]},
    )  # fmt: skip
    assert other is not None  # noqa: S101 - the database keeps a trial from being without
    heirs = [heir.id for heir in offer.heirs]
    locked = await lock_areas(db, heirs)
    await require_standing(db, other, on, None, "on")
    for area in locked:
        if area.id in chosen:
            await give(db, area, offer.partner_id, other, on)
    rest = [id for id in heirs if id not in chosen]
    await release(db, rest, on, "trial_ended", partner_id=other, trial=True)


def _chosen(offer: Offer, codes: Sequence[str]) -> list[uuid.UUID]:
    """The areas meant by ``codes``; without any, all that the offer is about."""
    chosen = [heir.id for heir in offer.heirs if not codes or heir.code in codes]
    if not chosen:
        raise Invalid(_("区域を選んでください。"), "areas")
    return chosen


async def withdraw(db: AsyncSession, actor: Actor | None, offer: Offer, comment: str) -> None:
    """Nobody is looked for any more. ``actor`` is None for a job."""
    await move(db, actor, SUCCESSION, offer.stand, "withdraw", comment=comment)


def acting_partner(actor: Actor, code: str | None) -> PartnerRef:
    """The partner somebody raises a hand for. Raises Forbidden for who acts for none."""
    for partner in actor.partners:
        if not code or partner.code == code:
            return partner
    if actor.partners:
        raise NotFound(_("パートナーが見つかりません。"))
    raise Forbidden(_("手をあげられるのはパートナーだけです。"))
