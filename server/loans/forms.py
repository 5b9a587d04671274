"""Forms of the loans: days, the reservation, handing out, taking back, machines, operators."""

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from wtforms import HiddenField, SelectField
from wtforms.validators import NumberRange

from server.citysettings.registry import CityRules
from server.cleanups.forms import a_number
from server.db.base import uuid7
from server.http.forms import (
    BaseForm,
    Choice,
    Day,
    Paragraphs,
    Quantity,
    Words,
    nfkc,
    optional,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import jdate
from server.http.i18n import lazy as _l
from server.labels import LOAN_CHECKS, LOAN_CONDITIONS
from server.loans.actions import Reservation, TakeBack
from server.loans.operators import Person
from server.loans.queries import Choices, Operator, Unit
from server.supplies.forms import as_uuid

NOT_BROKEN = {key: words for key, words in LOAN_CHECKS.items() if key != "broken"}


class DaysForm(BaseForm):
    """From when to when: the first question, since it decides which machines are free."""

    partner = HiddenField()
    first = Day(_l("借りる日"), [required(_l("日付を入れてください。"))])
    last = Day(_l("返す日"), [required(_l("日付を入れてください。"))])


class ReserveForm(DaysForm):
    """Which machine, where, and who works with it."""

    id = HiddenField()
    unit = SelectField(_l("機械"), [required(_l("機械を選んでください。"))], validate_choice=False)
    # Whose areas and people they are, the action knows.
    area = SelectField(_l("使う場所"), [optional()], validate_choice=False)
    operator = SelectField(_l("操作する人"), [optional()], validate_choice=False)
    purpose = Words(_l("作業の内容"), max_length=200, description=_l("例: 歩道ぞいの草刈り"))

    def offer(self, units: tuple[Unit, ...], known: Choices, rules: CityRules) -> None:
        """The free machines, the partner's areas and people."""
        self.unit.choices = unit_choices(units)
        areas = [(str(one.id), f"{one.code} {one.name}") for one in known.areas]
        self.area.choices = [("", _("選んでください")), *areas]
        people = operator_choices(known.operators, rules)
        self.operator.choices = [("", _("まだ決まっていない")), *people]

    def sent_id(self) -> uuid.UUID:
        """The id made when the form was opened; a new one for a form that lost it."""
        return as_uuid(self.id.data) or uuid7()

    def reservation(self, partner_id: uuid.UUID) -> Reservation | None:
        """The valid form as a reservation; None when the machine is none."""
        unit_id = as_uuid(self.unit.data)
        if unit_id is None or not self.first.data or not self.last.data:
            return None
        return Reservation(
            partner_id, unit_id, self.first.data, self.last.data, as_uuid(self.area.data),
            as_uuid(self.operator.data), self.purpose.data or "",
        )  # fmt: skip


def unit_choices(units: tuple[Unit, ...]) -> list[tuple[str, str]]:
    """Machines for a choice: number, kind, and where to fetch it."""
    return [(str(one.id), f"{one.code} {one.name}({one.place_name})") for one in units]


def operator_choices(people: tuple[Operator, ...], rules: CityRules) -> list[tuple[str, str]]:
    """People for a choice, with how long their course counts."""
    return [(str(one.id), _operator_words(one, rules)) for one in people]


def _operator_words(one: Operator, rules: CityRules) -> str:
    until = one.valid_until(rules)
    if not rules.loan_course_required:
        return one.name
    if until is None:
        return _("%(name)s(講習の登録なし)") % {"name": one.name}
    return _("%(name)s(講習は%(day)sまで)") % {"name": one.name, "day": jdate(until)}


class HandOutForm(BaseForm):
    """What is settled when the machine leaves."""

    verb = HiddenField()
    unit = SelectField(_l("貸し出す機械"), [required()], validate_choice=False)
    operator = SelectField(
        _l("操作する人"), [required(_l("操作する人を選んでください。"))], validate_choice=False
    )
    fuel_litres = Quantity(
        _l("渡した燃料"),
        [
            optional(),
            a_number(_l("数を数字で入れてください。")),
            NumberRange(0, 999, _l("0から999までの数を入れてください。")),
        ],
        places=None,
    )

    def litres(self) -> Decimal | None:
        """The fuel, to a tenth of a litre; None for none."""
        return round(self.fuel_litres.data, 1) or None if self.fuel_litres.data else None


class CancelForm(BaseForm):
    """A step that asks nothing."""

    verb = HiddenField()


class TakeBackForm(BaseForm):
    """How the machine came back."""

    verb = HiddenField()
    returned_on = Day(_l("返した日"), [required(_l("日付を入れてください。"))])
    checked = Choice(_l("点検の結果"), NOT_BROKEN, default="good")
    note = Paragraphs(_l("点検のメモ"), [optional()], max_length=500)

    def back(self) -> TakeBack:
        """The valid form."""
        assert self.returned_on.data is not None  # noqa: S101 - required
        return TakeBack(self.returned_on.data, self.checked.data, self.note.data or "")


class DamageForm(BaseForm):
    """How the machine came back broken."""

    verb = HiddenField()
    damaged_on = Day(_l("返した日"), [required(_l("日付を入れてください。"))])
    comment = Paragraphs(
        _l("こわれたところ"),
        [required_text(_l("こわれたところと、わかれば理由を書いてください。"))],
        max_length=500,
    )

    def back(self) -> TakeBack:
        """The valid form."""
        assert self.damaged_on.data is not None  # noqa: S101 - required
        return TakeBack(self.damaged_on.data, "broken", self.comment.data or "")


class UnitForm(BaseForm):
    """A machine of the city."""

    id = HiddenField()
    code = Words(
        _l("番号"), [required_text()], clean=lambda t: nfkc(t).upper(), max_length=20,
        description=_l("機械のラベルと同じ番号。例: K-01"),
    )  # fmt: skip
    name = Words(
        _l("機種・名前"), [required_text()], max_length=80, description=_l("例: 肩掛け式刈払機")
    )
    place = SelectField(_l("置き場所"), [required(_l("場所を選んでください。"))])
    condition = Choice(_l("状態"), LOAN_CONDITIONS, default="good")
    note = Words(_l("メモ"), max_length=200)

    def values(self) -> dict[str, Any]:
        """The valid form as columns."""
        return {
            "code": self.code.data, "name": self.name.data, "condition": self.condition.data,
            "note": self.note.data or "", "place_id": uuid.UUID(self.place.data),
        }  # fmt: skip


class OperatorForm(BaseForm):
    """Somebody who may use a machine."""

    id = HiddenField()
    partner = SelectField(_l("パートナー"), [required()])
    name = Words(_l("名前"), [required_text()], max_length=60)
    course = Words(
        _l("講習の名前"), max_length=100, description=_l("例: 刈払機取扱作業者安全衛生教育")
    )
    course_on = Day(_l("講習を受けた日"), [optional()])

    def offer(self, partners: Mapping[str, str]) -> None:
        """The partners one acts for, by id."""
        self.partner.choices = list(partners.items())
        if len(partners) == 1 and not self.partner.data:
            self.partner.data = next(iter(partners))

    def person(self) -> Person:
        """The valid form."""
        return Person(
            uuid.UUID(self.partner.data), self.name.data or "", self.course.data or "",
            self.course_on.data,
        )  # fmt: skip


def course_needed(form: OperatorForm, rules: CityRules) -> bool:
    """Mark a missing course, where the city asks for one."""
    if not rules.loan_course_required or form.course_on.data:
        return True
    form.course_on.errors = [_("講習を受けた日を入れてください。")]
    return False


def suggested_days(today: dt.date) -> tuple[dt.date, dt.date]:
    """The coming Saturday and Sunday: when most people mow."""
    saturday = today + dt.timedelta(days=(5 - today.weekday()) % 7)
    return saturday, saturday + dt.timedelta(days=1)
