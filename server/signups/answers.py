"""What somebody answers who signs up, and what an activity asks. Pure: no database, no HTTP."""

import datetime as dt
import math
import uuid
from dataclasses import dataclass

from server.citysettings.registry import CityRules
from server.errors import Conflict, Full, Invalid
from server.http.i18n import gettext as _
from server.opportunities.queries import Detail
from server.opportunities.slots import SlotView
from server.policy import PartnerRef
from server.signups.locked import closes_at

MOST_ALONE = 10  # people in one sign-up without the name of a group
MOST_PEOPLE = 50


@dataclass(frozen=True)
class Answers:
    """One sign-up as its person wrote it. ``under15`` are among the ``people``."""

    people: int = 1
    slot_id: uuid.UUID | None = None
    under15: int = 0
    guardian_name: str = ""
    consent_at: dt.datetime | None = None  # when a guardian's consent was given
    group_name: str = ""
    for_partner_id: uuid.UUID | None = None

    def rest(self) -> dict[str, object]:
        """What the waiting list keeps beside people and slot, fit for JSON."""
        return {
            "under15": self.under15,
            "guardian_name": self.guardian_name,
            "consent_at": self.consent_at.isoformat() if self.consent_at else None,
            "group_name": self.group_name,
            "for_partner_id": str(self.for_partner_id) if self.for_partner_id else None,
        }

    @classmethod
    def kept(cls, people: int, slot_id: uuid.UUID | None, rest: dict[str, object]) -> "Answers":
        """The answers of an entry in the waiting list."""
        consent, partner = rest.get("consent_at"), rest.get("for_partner_id")
        return cls(
            people=people,
            slot_id=slot_id,
            under15=int(str(rest.get("under15") or 0)),
            guardian_name=str(rest.get("guardian_name") or ""),
            consent_at=dt.datetime.fromisoformat(str(consent)) if consent else None,
            group_name=str(rest.get("group_name") or ""),
            for_partner_id=uuid.UUID(str(partner)) if partner else None,
        )


@dataclass(frozen=True)
class Asked:
    """An activity as the sign-up form sees it. ``holds_course``: may join a班 with mowers."""

    activity: Detail
    slots: list[SlotView]
    rules: CityRules
    partners: tuple[PartnerRef, ...]
    holds_course: bool

    @property
    def asks_children(self) -> bool:
        return self.activity.children_ok

    @property
    def asks_guardian(self) -> bool:
        return self.asks_children and self.activity.guardian == "consent"

    def slot(self, id: uuid.UUID | None) -> SlotView | None:
        return next((one for one in self.slots if one.id == id), None)

    def times(self, slot_id: uuid.UUID | None) -> tuple[dt.datetime, dt.datetime]:
        """When somebody in this slot takes part."""
        slot, whole = self.slot(slot_id), self.activity
        if slot is None or slot.starts_at is None or slot.ends_at is None:
            return whole.starts_at, whole.ends_at
        return slot.starts_at, slot.ends_at

    def left(self, slot_id: uuid.UUID | None) -> int:
        """Free places for this choice: of the activity and of the slot."""
        slot = self.slot(slot_id)
        return min(self.activity.left, slot.left) if slot else self.activity.left

    def refuse_early(self, answers: Answers, moment: dt.datetime) -> None:
        """Raise Full when sign-ups alone leave too little: settling the queue cannot help, so
        nobody needs to line up for the lock. Raises Conflict as ``must_be_open`` does."""
        one = self.activity
        must_be_open(one.state, one.starts_at, one.deadline_at, moment)
        if one.taken + answers.people > one.capacity:
            raise Full(_("申込みが定員に達しました。"))

    @property
    def is_full(self) -> bool:
        """Whether no choice has a place left."""
        return not self.activity.left or (bool(self.slots) and not any(s.left for s in self.slots))


def must_be_open(
    state: str, starts_at: dt.datetime, deadline_at: dt.datetime | None, moment: dt.datetime
) -> None:
    """Raise Conflict, in words, when nobody can come in any more."""
    if state == "cancelled":
        raise Conflict(_("この活動は中止になりました。"))
    if state != "published" or starts_at <= moment:
        raise Conflict(_("この活動の申込みは終わりました。"))
    if closes_at(starts_at, deadline_at) <= moment:
        raise Conflict(_("申込みのしめきりを過ぎました。主催者に直接おたずねください。"))


def adults_needed(under15: int, minors_per_adult: int) -> int:
    """How many adults must come along with so many under-15s."""
    return math.ceil(under15 / minors_per_adult)


def check(asked: Asked, answers: Answers) -> None:
    """The rules of the activity and the city. Raises Invalid with the field of the form."""
    _check_people(answers)
    _check_slot(asked, answers)
    if answers.under15 and asked.activity.guardian == "accompany":
        _check_adults(answers, asked.rules.minors_per_adult)
    if answers.under15 and asked.asks_guardian:
        if not answers.guardian_name:
            raise Invalid(_("保護者の名前を書いてください。"), "guardian_name")
        if answers.consent_at is None:
            raise Invalid(_("15歳未満の人の参加には、保護者の同意が必要です。"), "consent")


def _check_people(answers: Answers) -> None:
    if not 1 <= answers.people <= MOST_PEOPLE:
        raise Invalid(_("人数は1人から50人までです。"), "people")
    if answers.people > MOST_ALONE and not answers.group_name:
        raise Invalid(_("10人をこえるときは、団体やグループの名前を書いてください。"), "group_name")
    if answers.under15 > answers.people:
        raise Invalid(_("15歳未満の人数は、参加する人数より多くできません。"), "under15")


def _check_slot(asked: Asked, answers: Answers) -> None:
    if not asked.slots:
        return
    slot = asked.slot(answers.slot_id)
    if slot is None:
        raise Invalid(_("時間や班を選んでください。"), "slot")
    if slot.needs_course and not asked.holds_course:
        raise Invalid(
            _(
                "「%(slot)s」は、草刈り機の講習を受けた人の班です。受けた人は、"
                "「自分に合う活動」の設定で「草刈り機の講習済み」を選んでから申し込んでください。"
            )
            % {"slot": slot.label},
            "slot",
        )


def _check_adults(answers: Answers, minors_per_adult: int) -> None:
    adults = answers.people - answers.under15
    needed = adults_needed(answers.under15, minors_per_adult)
    if adults < needed:
        words = _("15歳未満が%(n)s人のときは、大人が%(adults)s人以上いっしょに来てください。")
        raise Invalid(words % {"n": answers.under15, "adults": needed}, "under15")
