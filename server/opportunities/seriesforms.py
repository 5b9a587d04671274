"""Forms of repeating activities: the rule, and what is done to several days at once."""

import datetime as dt
from typing import Any

from wtforms import HiddenField
from wtforms.validators import NumberRange, ValidationError

from server.errors import Invalid
from server.http.forms import (
    BaseForm,
    Choice,
    ClockTime,
    Day,
    Paragraphs,
    WholeNumber,
    Words,
    nfkc,
    optional,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.opportunities.series import MOST_DAYS, Repeat, parse_days

RHYTHMS = {
    "weekly": _l("毎週"),
    "biweekly": _l("隔週(2週に1回)"),
    "monthly": _l("毎月(同じ週の同じ曜日)"),
}
REPEATING = ("rhythm", "until", "times", "exceptions")


class RepeatForm(BaseForm):
    """くり返す: how often, until when, and the days without."""

    rhythm = Choice(_l("くり返し"), RHYTHMS, blank=_l("くり返さない"), default="")
    until = Day(_l("いつまで"), [optional()], description=_l("この日までくり返します。"))
    times = WholeNumber(
        _l("または回数"),
        [optional(), NumberRange(2, MOST_DAYS, _l("2回から60回までです。"))],
    )
    exceptions = Paragraphs(
        _l("お休みの日"), max_length=1000, description=_l("1行に1日。例: 2026/8/15")
    )

    def validate_rhythm(self, field: Any) -> None:
        """Something must end it."""
        if field.data and not self.until.data and not self.times.data:
            raise ValidationError(_("いつまでか、回数を入れてください。"))

    def validate_exceptions(self, field: Any) -> None:
        """Days that can be read."""
        try:
            parse_days(nfkc(field.data))
        except ValueError:
            raise ValidationError(_("日付を読み取れませんでした。例: 2026/8/15")) from None

    def repeat(self) -> Repeat | None:
        """The rule, or None for a single activity."""
        if not self.rhythm.data:
            return None
        days = parse_days(nfkc(self.exceptions.data))
        return Repeat(self.rhythm.data, self.until.data, self.times.data, days)


class FollowForm(BaseForm):
    """What is changed for a day of a series and all that follow."""

    start = HiddenField()  # the day from which on, as the rule has it
    title = Words(_l("タイトル"), [required_text()], max_length=80)
    starts = ClockTime(_l("始まり"), [required(_l("時刻を入れてください。"))])
    ends = ClockTime(_l("終わり"), [required(_l("時刻を入れてください。"))])
    meeting_place = Words(_l("集合場所"), [required_text()], max_length=100)
    bring = Words(_l("持ち物"), max_length=200)
    description = Paragraphs(_l("説明"))

    def validate_ends(self, field: Any) -> None:
        """Later than the beginning, on the same day."""
        if field.data and self.starts.data and field.data <= self.starts.data:
            raise ValidationError(_("終わりの時刻は、始まりより後にしてください。"))


class DropForm(BaseForm):
    """Why a day of a series (or all that are left) does not take place."""

    reason = Words(
        _l("理由"), max_length=200, description=_l("申し込んだ人に知らせます。例: お盆のため")
    )


def day_of(text: str) -> dt.date:
    """A day as our own pages write it. Raises Invalid."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid(_("日付を読み取れませんでした。"), "start") from None
