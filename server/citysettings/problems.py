"""What pydantic finds wrong, in Japanese: for the settings page and for a settings file."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from server.citysettings.fields import crosschecks, rule_field
from server.citysettings.registry import CLOCK, MONTH_DAY, CityRules
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l

_WORDS = {
    "missing": _l("入力してください。"),
    "extra_forbidden": _l("知らない項目です。"),
    "string_too_short": _l("入力してください。"),
    "too_short": _l("1つ以上入れてください。"),
    "bool_type": _l("true か false を入れてください。"),
    "bool_parsing": _l("true か false を入れてください。"),
    "string_type": _l("文字で入れてください。"),
    "list_type": _l("いくつかを [ ] で囲んで入れてください。"),
    "tuple_type": _l("いくつかを [ ] で囲んで入れてください。"),
    "dict_type": _l("項目を { } で囲んで入れてください。"),
    "model_type": _l("項目を { } で囲んで入れてください。"),
    "model_attributes_type": _l("項目を { } で囲んで入れてください。"),
    "literal_error": _l("えらべる値ではありません。"),
}
_NUMBERS = {"int_type", "int_parsing", "int_parsing_size", "int_from_float", "float_type",
            "float_parsing", "finite_number"}  # fmt: skip
_DATES = {"date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"}


def words(error: ErrorDetails) -> str:
    """One finding as a sentence that says what to do."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context.get("error", ""))  # a check of our own, already in words
    if kind in _NUMBERS:
        return _("数字を入れてください。")
    if kind in _DATES:
        return _("日付を 2026-04-01 の形で入れてください。")
    if kind in ("greater_than_equal", "greater_than"):
        return _("%(n)s以上の数を入れてください。") % {"n": context.get("ge", context.get("gt"))}
    if kind in ("less_than_equal", "less_than"):
        return _("%(n)s以下の数を入れてください。") % {"n": context.get("le", context.get("lt"))}
    if kind in ("string_too_long", "too_long"):
        most = {"n": context["max_length"]}
        if kind == "too_long":
            return _("%(n)s個までにしてください。") % most
        return _("%(n)s字までで入れてください。") % most
    if kind == "string_pattern_mismatch":
        return _pattern(str(context.get("pattern", "")))
    return str(_WORDS.get(kind, _("この値は入れられません。")))


def _pattern(pattern: str) -> str:
    if pattern == MONTH_DAY:
        return _("月-日の形で入れてください。例: 04-01")
    if pattern == CLOCK:
        return _("時:分の形で入れてください。例: 17:15")
    return _("形がちがいます。")


def rule_problems(error: ValidationError) -> dict[str, str]:
    """Rule → what is wrong with it; a number out of bounds is told both bounds."""
    found: dict[str, str] = {}
    for one in error.errors():
        key = str(one["loc"][0])
        field = rule_field(key) if key in CityRules.model_fields else None
        if field and field.kind == "number" and one["type"] != "missing":
            found.setdefault(
                key, _("%(bounds)sの整数を入れてください。") % {"bounds": field.bounds}
            )
        else:
            found.setdefault(key, words(one))
    return found


def path(loc: tuple[int | str, ...]) -> str:
    """Where in a file: ``supply_items[2].unit``."""
    said = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in loc)
    return said.removeprefix(".")


def checked(
    values: Mapping[str, Any], *, strict: bool = False
) -> tuple[CityRules | None, dict[str, str]]:
    """The rules made of these JSON values (others at their default), or what is wrong with them.

    ``strict`` takes a number for a number only, as a file writes it; a form sends text. What
    does not fit together is told too, beside the rules.
    """
    try:
        rules = CityRules.model_validate_json(json.dumps(values), strict=strict)
    except ValidationError as error:
        return None, rule_problems(error)
    return rules, crosschecks(rules)
