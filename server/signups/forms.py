"""The sign-up form. It has only the fields that the activity and the person need."""

import datetime as dt
import uuid

from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # old stubs
from wtforms.validators import NumberRange

from server.http.forms import BaseForm, Check, Choice, WholeNumber, Words, optional, required
from server.http.i18n import gettext as _
from server.http.i18n import jtimes
from server.http.i18n import lazy as _l
from server.opportunities.slots import SlotView
from server.signups.answers import MOST_PEOPLE, Answers, Asked
from server.signups.queries import Clash


class SignupForm(BaseForm):
    """How many come, and what else this activity must know. Call ``fit`` before anything else."""

    slot = Choice(_l("時間・班"), {}, [required(_l("時間や班を選んでください。"))])
    people = WholeNumber(
        _l("参加する人数"),
        [required(), NumberRange(1, MOST_PEOPLE, _l("人数は1人から50人までです。"))],
        default=1,
        description=_l("あなたを含めた人数です。"),
    )
    under15 = WholeNumber(
        _l("そのうち15歳未満の人数"),
        [optional(), NumberRange(0, MOST_PEOPLE, _l("0人から50人までで書いてください。"))],
        default=0,
    )
    guardian_name = Words(
        _l("保護者の名前"), [optional()], max_length=60,
        description=_l("15歳未満の人が参加するときに書いてください。"),
    )  # fmt: skip
    consent = Check(_l("保護者は、15歳未満の人の参加に同意しています"))
    old_enough = Check("")
    group_name = Words(
        _l("団体・グループの名前"), [optional()], max_length=60,
        description=_l("会社、学校、家族など、まとめて申し込むとき。11人からは必ず書いてください。"),
    )  # fmt: skip
    partner = Choice(_l("どの立場で参加しますか"), {}, [optional()])

    def fit(self, asked: Asked) -> "SignupForm":
        """Leave out what this activity does not ask."""
        unneeded = {
            "slot": not asked.slots,
            "under15": not asked.asks_children,
            "guardian_name": not asked.asks_guardian,
            "consent": not asked.asks_guardian,
            "old_enough": asked.activity.min_age is None,
            "partner": not asked.partners,
        }
        for name in [name for name, out in unneeded.items() if out]:
            del self[name]
        if asked.slots:
            self.slot.choices = [SelectChoice(str(s.id), slot_label(s)) for s in asked.slots]
        if asked.partners:
            here = [SelectChoice(p.code, p.name) for p in asked.partners]
            self.partner.choices = [SelectChoice("", _("個人として")), *here]
        if asked.activity.min_age is not None:
            words = _("参加する人は、全員が%(n)s歳以上です") % {"n": asked.activity.min_age}
            self.old_enough.label.text = words
            self.old_enough.validators = [required(_("年齢を確かめて、しるしを付けてください。"))]
            self.old_enough.flags.required = True
        return self

    def answers(self, asked: Asked, moment: dt.datetime) -> Answers:
        """What was written, once it is valid."""
        under15 = (self.under15.data or 0) if self.under15 else 0
        guardian = bool(under15) and self.consent is not None
        code = self.partner.data if self.partner else ""
        return Answers(
            people=self.people.data or 1,
            slot_id=uuid.UUID(self.slot.data) if self.slot else None,
            under15=under15,
            guardian_name=(self.guardian_name.data or "") if guardian else "",
            consent_at=moment if guardian and self.consent.data else None,
            group_name=self.group_name.data or "",
            for_partner_id=next((p.id for p in asked.partners if p.code == code), None),
        )

    @classmethod
    def of(cls, asked: Asked, answers: Answers) -> "SignupForm":
        """The form as somebody filled it in before."""
        code = next((p.code for p in asked.partners if p.id == answers.for_partner_id), "")
        return cls(
            data={
                "people": answers.people, "under15": answers.under15,
                "slot": str(answers.slot_id) if answers.slot_id else None,
                "guardian_name": answers.guardian_name, "consent": answers.consent_at is not None,
                "group_name": answers.group_name, "partner": code, "old_enough": True,
            }
        ).fit(asked)  # fmt: skip

    @property
    def has_more(self) -> bool:
        """Whether the part for groups holds something that must be seen."""
        partner = bool(self.partner and (self.partner.data or self.partner.errors))
        return bool(self.group_name.data or self.group_name.errors or partner)


def slot_label(slot: SlotView) -> str:
    """A slot as people choose it: name, times of its own, places left."""
    times = jtimes(slot.starts_at, slot.ends_at) if slot.starts_at and slot.ends_at else ""
    left = _("のこり%(n)s人") % {"n": slot.left} if slot.left else _("満員")
    course = _("講習を受けた人") if slot.needs_course else ""
    said = "・".join(filter(None, [times, course, left]))
    return f"{slot.label}({said})"


def key_of(clashes: list[Clash]) -> str:
    """Names the overlaps that somebody has been shown."""
    return ",".join(sorted(str(one.id) for one in clashes))
