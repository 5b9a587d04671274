"""The rules as fields: what kind of value each takes, within which bounds, and how it is said.

Everything is read off ``CityRules``, so a rule added there has its field, its check and its words.
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

from server.citysettings.registry import CLOCK, LABELS, MONTH_DAY, CityRules
from server.http.i18n import WEEKDAYS, jmonthday
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l

Kind = Literal[
    "number", "yes", "choice", "weekdays", "lines", "month_day", "clock", "section", "line", "text"
]
LONG_TEXT = 200  # a text that may be longer gets a box of several lines

# The words of what may be chosen; the codes stand in ``CityRules``.
CHOICES: dict[str, dict[str, str]] = {
    "term_mode": {
        "fiscal_year": _l("年度の終わり(3月31日)まで"),
        "years": _l("合意の日から決まった年数"),
    },
}


@dataclass(frozen=True)
class RuleField:
    """A rule as something to fill in. ``low``/``high`` bound a number, ``longest`` a text."""

    key: str
    kind: Kind
    label: str
    unit: str
    help: str
    default: Any
    low: int | None = None
    high: int | None = None
    longest: int | None = None

    @property
    def bounds(self) -> str:
        """``1〜365``, or nothing for what is no number."""
        if self.low is None or self.high is None:
            return ""
        return _("%(low)s〜%(high)s") % {"low": f"{self.low:,}", "high": f"{self.high:,}"}


def _kind(key: str, annotation: Any, pattern: str | None, longest: int | None) -> Kind:
    if key.startswith("section_"):
        return "section"
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) is tuple:
        return "weekdays" if get_args(get_args(annotation)[0])[:1] == (int,) else "lines"
    if annotation in (bool, int):
        return "yes" if annotation is bool else "number"
    if pattern in (MONTH_DAY, CLOCK):
        return "month_day" if pattern == MONTH_DAY else "clock"
    return "text" if longest is None or longest > LONG_TEXT else "line"


@lru_cache
def rule_field(key: str) -> RuleField:
    """The field of a rule. KeyError for a key that is none."""
    info, label = CityRules.model_fields[key], LABELS[key]

    def of(name: str) -> Any:
        return next((v for m in info.metadata if (v := getattr(m, name, None)) is not None), None)

    longest = of("max_length")
    return RuleField(
        key, _kind(key, info.annotation, of("pattern"), longest), label.label, label.unit,
        label.help, info.default, of("ge"), of("le"), longest,
    )  # fmt: skip


def said(field: RuleField, value: Any) -> str:
    """A value in words, with its unit."""
    if field.kind == "yes":
        return _("はい") if value else _("いいえ")
    if field.kind == "choice":
        return str(CHOICES[field.key][value])
    if field.kind == "weekdays":
        return "・".join(WEEKDAYS[n] for n in sorted(value)) or _("なし")
    if field.kind == "lines":
        return "、".join(value)
    if field.kind == "month_day":
        return jmonthday(value)
    if field.kind == "number":
        return f"{value:,}{field.unit}"
    return f"{value}{field.unit}" if field.kind == "clock" else str(value)


def _no_such_day(month_day: str) -> bool:
    month, day = (int(part) for part in month_day.split("-"))
    try:
        dt.date(2024, month, day)  # a leap year: 29 February is a day
    except ValueError:
        return True
    return False


def crosschecks(rules: CityRules) -> dict[str, str]:
    """What fits each rule alone but not the others: key → what is wrong, in words."""
    found: dict[str, str] = {}
    for key in CityRules.model_fields:
        field, value = rule_field(key), getattr(rules, key)
        if field.kind == "section" and value not in rules.sections:
            found[key] = _("「%(name)s」は担当課の一覧にありません。") % {"name": value}
        if field.kind == "month_day" and _no_such_day(value):
            found[key] = _("暦にない日です。")
    if len(set(rules.sections)) < len(rules.sections):
        found["sections"] = _("同じ課が2回あります。")
    if rules.due_days <= rules.fresh_days:
        found["due_days"] = _("「きれい」とみなす日数(%(n)s日)より長くしてください。") % {
            "n": rules.fresh_days
        }
    if not rules.pickup_weekdays:
        found["pickup_weekdays"] = _("曜日を1つ以上えらんでください。")
    elif len(set(rules.pickup_weekdays)) < len(rules.pickup_weekdays):
        found["pickup_weekdays"] = _("同じ曜日が2回あります。")
    if rules.loan_max_days > rules.loan_ahead_days:
        found["loan_ahead_days"] = _("借りられる長さ(%(n)s日)より短くはできません。") % {
            "n": rules.loan_max_days
        }
    return found
