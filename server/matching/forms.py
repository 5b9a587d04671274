"""What somebody would like to do. Every field may stay empty."""

from collections.abc import Mapping
from typing import Any

from wtforms import HiddenField
from wtforms.validators import NumberRange

from server.http.forms import (
    BaseForm,
    Check,
    Choice,
    Choices,
    WholeNumber,
    Words,
    nfkc,
    optional,
    tidy,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import (
    BANDS,
    COMPANIES,
    LANGUAGES,
    OPPORTUNITY_KINDS,
    PERSON_TOOLS,
    STRENGTHS,
    TRAVELS,
    WORKS,
)
from server.matching.models import FREE_TIMES
from server.matching.queries import Wishes

REACHES_M = {
    "500": _l("500mまで"),
    "1000": _l("1kmまで"),
    "2000": _l("2kmまで"),
    "3000": _l("3kmまで"),
    "5000": _l("5kmまで"),
    "10000": _l("10kmまで"),
    "20000": _l("20kmまで"),
    "50000": _l("50kmまで"),
}
WEEKDAYS = {
    "1": _l("月"), "2": _l("火"), "3": _l("水"), "4": _l("木"),
    "5": _l("金"), "6": _l("土"), "7": _l("日"),
}  # fmt: skip


def _name(text: str | None) -> str:
    return tidy(nfkc(text))


class PreferencesForm(BaseForm):
    """The one screen of wishes. ``lon`` and ``lat`` are exact: they are snapped, then forgotten."""

    lon = HiddenField(_l("場所"))
    lat = HiddenField()
    place = Words(
        _l("駅や町の名前"),
        clean=_name,
        max_length=60,
        description=_l("ひらがなでもさがせます。例: ぼこい"),
    )
    picked = HiddenField()  # one of the suggested names
    forget_home = Check(_l("登録した場所を消す"))
    reach_m = Choice(_l("どこまで行けますか"), REACHES_M, default="3000")
    travel = Choice(_l("おもな行きかた"), TRAVELS, default="walk")
    free_times = Choices(_l("空いている曜日と時間"), dict.fromkeys(FREE_TIMES, ""))
    works = Choices(_l("してみたいこと"), WORKS)
    kinds = Choices(_l("活動の種類"), OPPORTUNITY_KINDS)
    strength = Choice(_l("どこまでの力仕事なら"), STRENGTHS, default="hard")
    with_children = Check(_l("子どもと参加する"))
    step_free = Check(_l("段差のない場所がよい(車いす・つえなど)"))
    company = Choice(_l("いっしょに行く人"), COMPANIES, default="alone")
    group_people = WholeNumber(
        _l("人数"),
        [optional(), NumberRange(1, 50, _l("1人から50人までで書いてください。"))],
        default=1,
        description=_l("「ひとり」でないときの、自分を入れた人数"),
    )
    languages = Choices(_l("わかることば"), LANGUAGES)
    tools = Choices(_l("持っているもの・講習"), PERSON_TOOLS)
    helps = Check(
        _l("人手が足りないとき、お手伝いのお願いを受けとる"),
        description=_l("いつでもやめられます。断ってもかまいません。"),
    )
    help_per_month = WholeNumber(
        _l("お願いは月に何回まで"),
        [optional(), NumberRange(0, 31, _l("0回から31回までで書いてください。"))],
        default=2,
    )

    def wishes(self) -> dict[str, Any]:
        """The columns of the row, without the home spot."""
        alone = self.company.data == "alone"
        return {
            "reach_m": int(self.reach_m.data),
            "travel": self.travel.data,
            "free_times": [one for one in FREE_TIMES if one in (self.free_times.data or ())],
            "works": self.works.data or [],
            "kinds": self.kinds.data or [],
            "strength": self.strength.data,
            "with_children": bool(self.with_children.data),
            "step_free": bool(self.step_free.data),
            "tools": self.tools.data or [],
            "company": self.company.data,
            "group_people": 1 if alone else self.group_people.data or 1,
            "languages": self.languages.data or [],
            "helps": bool(self.helps.data),
            "help_per_month": 2 if (n := self.help_per_month.data) is None else n,
        }


def filled(kept: Wishes | None) -> PreferencesForm:
    """The form as somebody left it; empty without a row."""
    if kept is None:
        return PreferencesForm()
    nearest = min(REACHES_M, key=lambda one: abs(int(one) - kept.reach_m))
    known = {name: getattr(kept, name) for name in Wishes.__dataclass_fields__ if name != "reach_m"}
    return PreferencesForm(data={**known, "reach_m": nearest})


def free_grid(form: PreferencesForm) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """The grid of free times: weekday, and for each part of the day value, name and tick."""
    ticked = set(form.free_times.data or ())
    return [
        (
            name,
            [
                (
                    f"{day}-{band}",
                    _("%(day)s曜の%(band)s") % {"day": name, "band": label},
                    f"{day}-{band}" in ticked,
                )
                for band, label in BANDS.items()
            ],
        )
        for day, name in WEEKDAYS.items()
    ]


def words_of(values: Mapping[str, Any], name: str) -> str:
    """A short text that was sent, or nothing."""
    value = values.get(name, "")
    return _name(value[:100]) if isinstance(value, str) else ""
