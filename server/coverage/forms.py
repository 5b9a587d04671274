"""The selects above the coverage: what may be asked, in words."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from server.citysettings.registry import CityRules
from server.coverage.filters import CoverageFilter
from server.coverage.queries import FilterChoices
from server.http.i18n import fiscal_year, jfiscal_year
from server.http.i18n import gettext as _
from server.labels import KINDS, MANAGERS


@dataclass(frozen=True)
class Select:
    """One select: its name in the address, its label, (value, words) pairs, what is chosen."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str


def state_words(rules: CityRules) -> dict[str, str]:
    """The states in days, as the city has set them; keys of ``geo/palette.py``."""
    return {
        "fresh": _("%(n)s日以内") % {"n": rules.fresh_days},
        "due": _("%(n)s日以内") % {"n": rules.due_days},
        "overdue": _("%(n)s日より前") % {"n": rules.due_days},
        "never": _("2シーズン記録なし"),
        "resting": _("区域の休みの期間"),
        "unassigned": _("担い手なし(空白)"),
    }


def _codes(codes: dict[str, str]) -> list[tuple[str, str]]:
    return [(code, str(words)) for code, words in codes.items()]


def selects(
    asked: CoverageFilter, choices: FilterChoices, rules: CityRules, today: dt.date
) -> tuple[Select, ...]:
    """The selects of the filter, in the order of the page."""
    states = [*state_words(rules).items(), ("dormant", _("休眠(1シーズン記録なし)"))]
    newest, oldest = fiscal_year(today), fiscal_year(choices.first_year_day or today)
    years = [(str(year), jfiscal_year(year)) for year in range(newest, oldest - 1, -1)]

    def select(
        name: str, label: str, options: Iterable[tuple[str, str]], *, with_all: bool = True
    ) -> Select:
        first = (("", _("すべて")),) if with_all else ()
        return Select(name, label, (*first, *options), str(getattr(asked, name)))

    return (
        select("kind", _("種別"), _codes(KINDS)),
        select("manager", _("管理者"), _codes(MANAGERS)),
        select("section", _("担当課"), [(name, name) for name in choices.sections]),
        select("partner", _("担い手"), choices.partners),
        select("state", _("状態"), states),
        select("year", _("年度"), years, with_all=False),
    )
