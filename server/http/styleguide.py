"""Every component of the design on one page with real form fields: for eyes, axe and cameras."""

import datetime as dt

from starlette.requests import Request
from starlette.responses import Response
from wtforms import EmailField, FileField, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # old stubs
from wtforms.validators import NumberRange

from server.http import forms
from server.http.i18n import lazy as _l
from server.http.render import render
from server.labels import WORKS

LAYOUTS = ("public", "staff")


class SampleForm(forms.BaseForm):
    """One field of every kind."""

    held_on = forms.Day(_l("活動日"), [forms.required()])
    starts_at = forms.ClockTime(_l("開始時刻"), [forms.optional()])
    area = forms.Choice(
        _l("場所"),
        {"A-0107": _l("A-0107 母恋〜輪西 歩道"), "A-0220": _l("A-0220 地球岬街道")},
        [forms.required()],
        description=_l("前回と同じ区域を選んでいます。"),
    )
    people = forms.WholeNumber(_l("参加した人数"), [forms.required(), NumberRange(1, 500)])
    bags = forms.WholeNumber(_l("公用袋"), [forms.optional(), NumberRange(0, 500)])
    length_m = forms.WholeNumber(_l("清掃した長さ"), [forms.optional()])
    works = forms.Choices(_l("活動の内容"), WORKS, [forms.required_text()])
    pickup = RadioField(
        _l("袋の回収"),
        [forms.optional()],
        choices=[SelectChoice("no", _l("たのまない")), SelectChoice("yes", _l("市にたのむ"))],
    )
    email = EmailField(
        _l("メールアドレス"),
        [forms.required_text()],
        description=_l("例: hanako@example.jp。確認のメールを送ります。"),
    )
    note = forms.Paragraphs(_l("ご意見・気づいたこと"), description=_l("課題や反省点など。"))
    photo = FileField(_l("写真(前・後)"))
    consent = forms.Check(_l("写真に顔・表札・車のナンバーが写っていません"), [forms.required()])


def sample_forms() -> tuple[SampleForm, SampleForm]:
    """The same form filled in as people do it, and as it comes back with errors."""
    day = dt.date(2026, 4, 12)
    filled = SampleForm(data={"held_on": day, "people": 8, "bags": 5, "works": ["litter"]})
    wrong = SampleForm(prefix="wrong-", data={"people": 0, "email": "はなこ"})
    wrong.validate()
    return filled, wrong


async def styleguide(request: Request) -> Response:
    """``?layout=staff`` shows the same parts in the staff frame."""
    asked = request.query_params.get("layout", "public")
    filled, wrong = sample_forms()
    context = {
        "layout": asked if asked in LAYOUTS else "public",
        "form": filled,
        "wrong_form": wrong,
    }
    return render(request, "styleguide/index.html", context)
