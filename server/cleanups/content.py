"""What a report says: the input of the verbs, its snapshot as JSON, and changes in words.

One shape for all three, so that a new field on the log is added here once.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from server import labels
from server.http.i18n import gettext as _
from server.http.i18n import jdate, jminutes
from server.http.i18n import lazy as _l

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Litter:
    """What was collected: class, unit and quantity belong together; never converted to kg."""

    litter_class: str
    unit: str
    quantity: Decimal


@dataclass(frozen=True)
class CleanupInput:
    """A report as somebody hands it in. ``extent`` is a GeoJSON geometry in lon/lat (WGS84),
    checked for form and validity; None = the whole area."""

    area_code: str
    done_on: dt.date
    people: int
    started_at: dt.time | None = None
    minutes: int | None = None
    children: int | None = None
    newcomers: int | None = None
    works: tuple[str, ...] = ()
    litter: tuple[Litter, ...] = ()
    extent: str | None = None
    notes: str = ""
    next_plan: str = ""


def plain(quantity: Decimal) -> str:
    """``5``, ``2.5``: without the zeros the database adds."""
    return f"{quantity.normalize():f}"


def added_up(lines: list[Litter]) -> tuple[Litter, ...]:
    """Lines of the same class and unit become one; in the order of the code lists."""
    sums: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        key = (line.litter_class, line.unit)
        sums[key] = sums.get(key, Decimal()) + line.quantity
    classes, units = list(labels.LITTER_CLASSES), list(labels.LITTER_UNITS)
    ordered = sorted(sums, key=lambda key: (classes.index(key[0]), units.index(key[1])))
    return tuple(Litter(*key, sums[key]) for key in ordered)


def bags_of(litter: tuple[Litter, ...]) -> Decimal:
    """How many bags, of whatever class."""
    return sum((line.quantity for line in litter if line.unit == "bag"), Decimal())


def as_json(content: CleanupInput) -> dict[str, Any]:
    """The snapshot kept in ``cleanup_versions``; keys are those of the form and the API."""
    return {
        "area": content.area_code,
        "date": content.done_on.isoformat(),
        "people": content.people,
        "started_at": content.started_at.strftime("%H:%M") if content.started_at else None,
        "minutes": content.minutes,
        "children": content.children,
        "newcomers": content.newcomers,
        "works": list(content.works),
        "litter": [
            {"class": x.litter_class, "unit": x.unit, "quantity": plain(x.quantity)}
            for x in content.litter
        ],
        "extent": json.loads(content.extent) if content.extent else None,
        "notes": content.notes,
        "next_plan": content.next_plan,
    }


def same(one: CleanupInput, other: CleanupInput) -> bool:
    """Whether two inputs say the same, however they are written (order, 5 or 5.00)."""
    return _comparable(one) == _comparable(other)


def _comparable(content: CleanupInput) -> dict[str, Any]:
    tidy = replace(
        content, litter=added_up(list(content.litter)), works=tuple(sorted(content.works))
    )
    return as_json(tidy)


# --- changes in words ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One field that changed, both sides as people read them."""

    label: str
    before: str
    after: str


def _nothing(value: object) -> str:
    return _("(なし)") if value in (None, "", []) else str(value)


def _date(value: Any) -> str:
    return jdate(dt.date.fromisoformat(value))


def _people(value: Any) -> str:
    return _nothing(None) if value is None else _("%s人") % value


def _minutes(value: Any) -> str:
    return _nothing(None) if value is None else jminutes(value)


def _works(value: Any) -> str:
    return _nothing("・".join(str(labels.WORKS.get(work, work)) for work in value or ()))


def _litter(value: Any) -> str:
    return _nothing("、".join(litter_words(x["class"], x["unit"], x["quantity"]) for x in value))


def litter_words(litter_class: str, unit: str, quantity: str) -> str:
    """``燃やせるごみ 5袋``."""
    kind = labels.LITTER_CLASSES.get(litter_class, litter_class)
    return f"{kind} {quantity}{labels.LITTER_UNITS.get(unit, unit)}"


def _extent(value: Any) -> str:
    return _("地図に描いた範囲") if value else _("区域ぜんぶ")


def _state(value: Any) -> str:
    return str(labels.CLEANUP_STATES.get(value, value))


_FIELDS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("state", _l("状態"), _state),
    ("date", _l("活動日"), _date),
    ("area", _l("場所"), _nothing),
    ("people", _l("参加した人数"), _people),
    ("litter", _l("集めたごみ"), _litter),
    ("started_at", _l("開始時刻"), _nothing),
    ("minutes", _l("活動時間"), _minutes),
    ("children", _l("うち15歳未満"), _people),
    ("newcomers", _l("うち初めての人"), _people),
    ("works", _l("活動の内容"), _works),
    ("extent", _l("清掃した範囲"), _extent),
    ("notes", _l("気づき"), _nothing),
    ("next_plan", _l("次の予定"), _nothing),
)


def changes(before: Json, after: Json) -> tuple[Change, ...]:
    """What is different between two snapshots, in words; a redrawn extent is said to be so."""
    found = []
    for key, label, words in _FIELDS:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        told = _("描き直した範囲") if key == "extent" and old and new else words(new)
        found.append(Change(str(label), words(old), told))
    return tuple(found)
