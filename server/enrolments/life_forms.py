"""Forms of an agreement's life: pause, resume, go on, leave; and the city's own small ones."""

import datetime as dt
from typing import Any

from wtforms import HiddenField
from wtforms.validators import NumberRange, ValidationError

from server.accounts.forms import is_email
from server.enrolments.forms import clean_mail
from server.http.forms import (
    BaseForm,
    Choice,
    Day,
    Paragraphs,
    WholeNumber,
    Words,
    optional,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import MEMBER_ROLES

MAX_PEOPLE = 100_000


class TapForm(BaseForm):
    """One tap: nothing to fill in."""

    partner = HiddenField()


class PauseForm(TapForm):
    """Why, and until when."""

    until = Day(
        _l("再開の予定の日"), [optional()],
        description=_l("決まっていなければ、空のままで大丈夫です。再開は自動では始まりません。"),
    )  # fmt: skip
    comment = Paragraphs(
        _l("休止の理由"), [required_text(_l("理由を書いてください。"))], max_length=1000,
        description=_l("例: 人手が足りないため、春まで休みます。"),
    )  # fmt: skip


class EndForm(TapForm):
    """Why, and from when on."""

    day = Day(
        _l("終わりにする日"), [required(_l("日付を入れてください。"))],
        description=_l("この日から、活動区域の担い手ではなくなります。"),
    )  # fmt: skip
    comment = Paragraphs(_l("理由"), [required_text(_l("理由を書いてください。"))], max_length=1000)


class CommentForm(BaseForm):
    """Words for the other side."""

    comment = Paragraphs(
        _l("直してほしいところ"), [required_text(_l("直してほしいところを書いてください。"))],
        max_length=1000,
    )  # fmt: skip


class PeopleForm(BaseForm):
    """How many people are registered, from a day on."""

    counted_on = Day(_l("いつから"), [required(_l("日付を入れてください。"))])
    people = WholeNumber(
        _l("登録人数"),
        [required(), NumberRange(1, MAX_PEOPLE, _l("1から%(max)sまでの数を入れてください。"))],
    )
    minors = WholeNumber(
        _l("うち18歳未満"),
        [optional(), NumberRange(0, MAX_PEOPLE, _l("0以上の数を入れてください。"))],
    )

    def validate_minors(self, field: Any) -> None:
        """No more than all."""
        if (
            field.data is not None
            and self.people.data is not None
            and field.data > self.people.data
        ):
            raise ValidationError(_("登録人数より多くはできません。"))

    def validate_counted_on(self, field: Any) -> None:
        """A count is of a day that people remember."""
        if field.data and field.data < dt.date(1990, 1, 1):
            raise ValidationError(_("日付を確かめてください。"))


class MemberForm(BaseForm):
    """A person who is to log in for the partner."""

    email = Words(
        _l("メールアドレス"), [required_text()], clean=clean_mail, max_length=254,
        description=_l("ログインのしかたを、このアドレスへ知らせます。"),
    )  # fmt: skip
    name = Words(_l("よび名"), max_length=80)
    role = Choice(_l("役割"), MEMBER_ROLES, [required()], default="member")

    def validate_email(self, field: Any) -> None:
        """An address a mail can reach."""
        if field.data and not is_email(field.data):
            raise ValidationError(_("メールアドレスを確かめてください。例: namae@example.jp"))
