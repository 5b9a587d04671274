"""Forms of the check-in and of the certificate."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from wtforms import HiddenField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # old stubs
from wtforms.validators import NumberRange, ValidationError

from server.http import forms
from server.http.i18n import gettext as _
from server.http.i18n import jfiscal_year
from server.http.i18n import lazy as _l

RANGE = "range"
MAX_PEOPLE = 500
MAX_OWN_PEOPLE = 50
VERBS = {"tick": "", "remove": "", "adjust": "", "walk_in": ""}


def _whole(low: int, high: int) -> NumberRange:
    return NumberRange(low, high, _l("%(min)sから%(max)sまでの数を入れてください。"))


class ArriveForm(forms.BaseForm):
    """来ました: how many, and where the phone is if its owner lets it say so."""

    people = forms.WholeNumber(
        _l("来た人数(あなたもふくめて)"),
        [forms.required(_l("人数を入れてください。")), _whole(1, MAX_OWN_PEOPLE)],
    )
    lon = HiddenField()
    lat = HiddenField()

    def place(self) -> tuple[float, float] | None:
        """lon, lat in degrees, or None: whatever is no position counts as not told."""
        try:
            lon, lat = float(self.lon.data or ""), float(self.lat.data or "")
        except ValueError:
            return None
        return (lon, lat) if abs(lon) <= 180 and abs(lat) <= 90 else None


class DeskForm(forms.BaseForm):
    """One tap on the host's list."""

    verb = forms.Choice(_l("操作"), VERBS)
    row = HiddenField()  # the sign-up, the attendance, or the new row
    people = forms.WholeNumber(_l("人数"), [forms.optional(), _whole(1, MAX_PEOPLE)])
    minutes = forms.WholeNumber(_l("時間(分)"), [forms.optional(), _whole(0, 1440)])

    def validate_row(self, field: HiddenField) -> None:
        if row_id(field.data) is None:
            raise ValidationError(_("画面を新しくして、もう一度押してください。"))

    def validate(self, extra_validators: Any = None) -> bool:
        """A number is needed where people are counted; a tick takes that of the sign-up."""
        valid = super().validate(extra_validators)
        if valid and self.people.data is None and self.verb.data in ("adjust", "walk_in"):
            self.people.errors = [_("人数を入れてください。")]
            return False
        return bool(valid)

    @property
    def row_id(self) -> uuid.UUID:
        found = row_id(self.row.data)
        assert found is not None  # noqa: S101 - validated
        return found


def row_id(text: str | None) -> uuid.UUID | None:
    """An id sent by a form, or None."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


class CertificateForm(forms.BaseForm):
    """Which time, and the name to print. ``offer`` tells it the years."""

    id = HiddenField()
    period = forms.Choice(_l("期間"), {}, [forms.required_text(_l("期間を選んでください。"))])
    from_on = forms.Day(_l("はじめの日"), [forms.optional()])
    to_on = forms.Day(_l("おわりの日"), [forms.optional()])
    name = forms.Words(
        _l("証明書にのせる名前"),
        [forms.required_text(_l("名前を入れてください。"))],
        max_length=60,
        description=_l("学校や会社に出すときは、その名前を書いてください。"),
    )

    def offer(self, years: Sequence[int]) -> None:
        """The fiscal years somebody took part in, and days of their own."""
        named = [(str(year), jfiscal_year(year)) for year in years]
        choices = [*named, (RANGE, _("日にちで選ぶ"))]
        self.period.choices = [SelectChoice(*pair) for pair in choices]

    def validate(self, extra_validators: Any = None) -> bool:
        """Days of their own are both given, and in order."""
        valid = super().validate(extra_validators)
        if self.period.data != RANGE:
            return bool(valid)
        for field in (self.from_on, self.to_on):
            if field.data is None and not field.errors:
                field.errors = [_("日にちを入れてください。")]
        if self.from_on.data and self.to_on.data and self.to_on.data < self.from_on.data:
            self.to_on.errors = [_("はじめの日より前になっています。")]
        return bool(valid) and not self.from_on.errors and not self.to_on.errors

    def days(self) -> tuple[dt.date, dt.date]:
        """First and last day of a valid form."""
        if self.period.data == RANGE:
            assert self.from_on.data and self.to_on.data  # noqa: S101 - validated
            return self.from_on.data, self.to_on.data
        year = int(self.period.data)
        return dt.date(year, 4, 1), dt.date(year + 1, 3, 31)
