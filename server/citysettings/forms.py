"""A group of rules as a form, made from their fields; the rules themselves do the checking."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import FormData
from wtforms import HiddenField

from server.citysettings.fields import CHOICES, RuleField, rule_field
from server.citysettings.registry import CityRules, Group
from server.http.forms import (
    BaseForm,
    Check,
    Choice,
    Choices,
    Paragraphs,
    Words,
    nfkc,
    tidy,
)
from server.http.i18n import WEEKDAYS
from server.http.i18n import gettext as _

_MONTH_DAY = re.compile(r"(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?")
_CLOCK = re.compile(r"(\d{1,2})\s*[:時]\s*(\d{1,2})分?")
TOO_LONG = 4000  # more than any rule takes; the rule then says how long it may be


class SettingsForm(BaseForm):
    """The base: ``version`` tells whether somebody saved since the form was opened."""

    version = HiddenField()


def _month_day(raw: str) -> str:
    """4/1, 4月1日 and 04-01 are the same day of the year."""
    found = _MONTH_DAY.fullmatch(raw)
    return f"{int(found[1]):02}-{int(found[2]):02}" if found else raw


def _clock(raw: str) -> str:
    found = _CLOCK.fullmatch(raw)
    return f"{int(found[1]):02}:{int(found[2]):02}" if found else raw


def _lines(raw: str) -> list[str]:
    return [line.strip() for line in tidy(raw).split("\n") if line.strip()]


def _input(field: RuleField, sections: Iterable[str]) -> Any:
    """The WTForms field of a rule. Numbers are text here: what is no number is shown again."""
    label = str(field.label)
    help = str(field.help)
    if field.kind == "yes":
        return Check(label, description=help)
    if field.kind == "choice":
        return Choice(label, CHOICES[field.key], description=help, validate_choice=False)
    if field.kind == "section":
        names = {name: name for name in sections}
        return Choice(label, names, description=help, validate_choice=False)
    if field.kind == "weekdays":
        days = {str(n): name for n, name in enumerate(WEEKDAYS)}
        return Choices(label, days, description=help, validate_choice=False)
    if field.kind == "lines":
        return Paragraphs(label, max_length=TOO_LONG, description=help)
    if field.kind == "text":
        return Paragraphs(label, max_length=TOO_LONG, description=help)
    if field.kind == "number":
        bounds = _("%(bounds)sの整数") % {"bounds": field.bounds}
        return Words(label, clean=nfkc, max_length=TOO_LONG, description=f"{bounds} {help}".strip())
    clean = tidy if field.kind == "line" else nfkc
    return Words(label, clean=clean, max_length=TOO_LONG, description=help)


def group_form(
    group: Group, rules: CityRules, data: FormData | None = None, version: str = ""
) -> SettingsForm:
    """The form of a group, filled with the rules in force or with what was sent."""
    sections = [*rules.sections, *_lines(str(data.get("sections", "")) if data else "")]
    fields = {key: rule_field(key) for key in group.rules}
    made = {key: _input(field, dict.fromkeys(sections)) for key, field in fields.items()}
    form_class = type("GroupForm", (SettingsForm,), made)
    filled = {key: _shown(field, getattr(rules, key)) for key, field in fields.items()}
    form: SettingsForm = form_class(data, data={**filled, "version": version})
    for key, field in fields.items():
        may_be_empty = field.kind == "lines" and not CityRules.model_fields[key].default
        form[key].flags.required = field.kind not in ("yes", "line", "text") and not may_be_empty
    return form


def _shown(field: RuleField, value: Any) -> Any:
    if field.kind == "lines":
        return "\n".join(value)
    if field.kind == "weekdays":
        return [str(n) for n in value]
    return value if field.kind == "yes" else str(value)


def values_of(group: Group, form: SettingsForm) -> Mapping[str, Any]:
    """What was sent, in the types of the rules as far as it can be read."""
    return {key: _value(rule_field(key), form[key].data) for key in group.rules}


def _value(field: RuleField, data: Any) -> Any:
    if field.kind == "yes":
        return bool(data)
    if field.kind == "weekdays":
        return sorted({int(n) for n in data or () if n.isascii() and n.isdigit() and len(n) < 3})
    text = str(data or "")
    if field.kind == "lines":
        return _lines(text)
    if field.kind == "month_day":
        return _month_day(text)
    if field.kind == "clock":
        return _clock(text)
    return text.replace(",", "") if field.kind == "number" else text


def show_problems(form: SettingsForm, problems: Mapping[str, str]) -> None:
    """Put each finding beside its field; what belongs to another group is told on top."""
    for key, message in problems.items():
        if key in form:
            form[key].errors = [*form[key].errors, message]
        else:
            form.form_errors.append(f"{rule_field(key).label}: {message}")
