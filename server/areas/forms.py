"""The form of the register: one area."""

import re
import uuid
from typing import Any

from wtforms import Form, HiddenField, TextAreaField
from wtforms.validators import ValidationError

from server.areas.actions import AreaValues
from server.areas.shapes import read_shape
from server.db.base import uuid7
from server.errors import Invalid
from server.http.forms import (
    BaseForm,
    Choice,
    Day,
    Paragraphs,
    Words,
    nfkc,
    optional,
    required_text,
    to_katakana,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import KINDS, MANAGERS

_MONTH_DAY = re.compile(r"^(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?$")
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def month_day(text: str | None) -> str:
    """``5/15``, ``５月１５日`` and ``05-15`` become ``05-15``; other text stays as it is."""
    plain = nfkc(text)
    found = _MONTH_DAY.match(plain)
    return f"{int(found[1]):02}-{int(found[2]):02}" if found else plain


def _real_month_day(_form: Form, field: Any) -> None:
    if not field.data:
        return
    found = re.fullmatch(r"(\d\d)-(\d\d)", field.data)
    if not found or not 1 <= int(found[1]) <= 12:
        raise ValidationError(_("「5月15日」のように書いてください。"))
    if not 1 <= int(found[2]) <= _DAYS_IN_MONTH[int(found[1]) - 1]:
        raise ValidationError(_("その日は暦にありません。"))


class AreaForm(BaseForm):
    """An area of the register. ``id`` comes with the empty form, so sending twice is safe."""

    id = HiddenField()
    token = HiddenField()  # what the row was when the form was opened
    name = Words(_l("区域の名前"), [required_text()], max_length=120)
    name_kana = Words(
        _l("フリガナ"), clean=to_katakana, max_length=200,
        description=_l("ひらがなでもかまいません。一覧の並び順になります。"),
    )  # fmt: skip
    kind = Choice(_l("種別"), KINDS, [required_text(_l("種別を選んでください。"))], blank="")
    manager = Choice(
        _l("管理者"), MANAGERS, [required_text(_l("管理者を選んでください。"))], blank=""
    )
    section = Words(_l("担当課"), max_length=80)
    season_from = Words(
        _l("活動期間のはじまり"), [_real_month_day], clean=month_day, max_length=12,
        description=_l("この区域だけ市の期間とちがうときに書きます。例: 5月15日"),
    )  # fmt: skip
    season_to = Words(_l("活動期間のおわり"), [_real_month_day], clean=month_day, max_length=12)
    safety_notes = Paragraphs(
        _l("安全のための注意"), max_length=1000, description=_l("市民のページにも出ます。")
    )
    retired_on = Day(
        _l("使うのをやめる日"), [optional()],
        description=_l("書くと、その日から地図と一覧に出なくなります。記録は残ります。"),
    )  # fmt: skip
    geometry = TextAreaField(
        _l("区域の形"), [required_text(_l("地図に線を引くか、面を囲んでください。"))],
        description=_l("地図に描くと入ります。GeoJSON か WKT を貼りつけることもできます。"),
    )  # fmt: skip

    def validate_season_to(self, field: Any) -> None:
        """Both or neither."""
        if bool(field.data) != bool(self.season_from.data):
            raise ValidationError(_("はじまりとおわりは、両方書くか両方あけてください。"))

    def new_id(self) -> uuid.UUID:
        """The id this form came with, or a fresh one if it is missing or no UUID."""
        try:
            return uuid.UUID(self.id.data or "")
        except ValueError:
            return uuid7()

    def values(self, *, repair: bool = False, swap: bool = False) -> AreaValues:
        """What was written, ready to be stored. Raises Invalid for the shape."""
        if not self.name.data:  # validate() comes first
            raise Invalid(_("入力してください。"), "name")
        return AreaValues(
            name=self.name.data,
            name_kana=self.name_kana.data or "",
            kind=self.kind.data,
            manager=self.manager.data,
            section=self.section.data or "",
            season_from=self.season_from.data or None,
            season_to=self.season_to.data or None,
            safety_notes=self.safety_notes.data or "",
            retired_on=self.retired_on.data,
            shape=read_shape(self.geometry.data or "", repair=repair, swap=swap),
        )
