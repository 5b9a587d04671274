"""How a state looks, said once for the map, its legend and the printed report.

A state is never colour alone: each has its own dash and its own symbol. Colours keep at
least 3:1 on land and sea and stay apart for red-green colour-blind eyes; the tests measure
both. `python -m geo.palette` prints the style sheet kept at static/css/maps-palette.css.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

Group = Literal["care", "opportunity", "pickup", "fault", "context"]


def N_(message: str) -> str:
    """Mark a message for the gettext catalogue; the template translates it."""
    return message


@dataclass(frozen=True, slots=True)
class Style:
    """One state.

    `dash` is an SVG dash array in px at 1:1 ("" = solid), `weight` the line width in px,
    `symbol` an SVG path in a 24x24 box for point features, `label` a gettext message id.
    """

    key: str
    group: Group
    label: str
    light: str
    dark: str
    dash: str
    weight: int
    symbol: str
    hollow: bool = False

    @property
    def badge(self) -> str:
        """The symbol a numbered pin wears at its corner; the plain state (circle) wears none."""
        return "" if self.symbol == _CIRCLE else self.symbol


@dataclass(frozen=True, slots=True)
class Ground:
    """Colours of the bundled base map in one theme."""

    land: str
    sea: str
    coast: str
    text: str
    casing: str


LIGHT_GROUND: Final = Ground("#f7f5ef", "#dce9ed", "#a9bcc3", "#37444a", "#ffffff")
DARK_GROUND: Final = Ground("#232c30", "#131b20", "#4a5a61", "#c9d4d8", "#0c1215")

_CIRCLE: Final = "M12 4a8 8 0 1 0 .01 0Z"
_SQUARE: Final = "M5 5h14v14H5Z"
_DIAMOND: Final = "M12 2.5 21.5 12 12 21.5 2.5 12Z"
_TRIANGLE: Final = "M12 3.5 22 20.5H2Z"
_CROSS: Final = "M9.5 3h5v6.5H21v5h-6.5V21h-5v-6.5H3v-5h6.5Z"
_HEXAGON: Final = "M7 3.5h10l5 8.5-5 8.5H7L2 12Z"
_STAR: Final = "m12 2 2.9 6.4 7 .8-5.2 4.7 1.5 6.9L12 17.3 5.8 20.8l1.5-6.9L2.1 9.2l7-.8Z"

_STYLES: Final = (
    Style("fresh", "care", N_("最近きれいにした"), "#0f8060", "#3fc79a", "", 6, _CIRCLE),
    Style("due", "care", N_("そろそろ"), "#a86400", "#f0b429", "12 9", 6, _DIAMOND),
    Style(
        "overdue",
        "care",
        N_("間があいている"),
        "#a3201a",
        "#ff7a5c",
        "1 10",
        7,
        _TRIANGLE,
    ),
    Style(
        "never",
        "care",
        N_("まだ記録なし"),
        "#5b2a9d",
        "#a57ff0",
        "14 9 1 9",
        6,
        _HEXAGON,
    ),
    Style("resting", "care", N_("冬休み"), "#2f7cc4", "#8fd3ff", "5 8", 4, _CROSS, True),
    Style(
        "unassigned",
        "care",
        N_("担い手なし"),
        "#3d474c",
        "#e3e8ea",
        "1 7",
        3,
        _SQUARE,
        True,
    ),
    Style("open", "opportunity", N_("募集中"), "#0a6469", "#4cc3c6", "", 6, _CIRCLE),
    Style(
        "needed",
        "opportunity",
        N_("人手が足りません"),
        "#b3341c",
        "#ff8a6b",
        "1 10",
        7,
        _STAR,
    ),
    Style(
        "joined",
        "opportunity",
        N_("参加予定"),
        "#5b2a9d",
        "#b295f5",
        "14 9 1 9",
        6,
        _DIAMOND,
    ),
    Style(
        "full",
        "opportunity",
        N_("満員"),
        "#77838b",
        "#8a979e",
        "12 9",
        5,
        _SQUARE,
        True,
    ),
    Style(
        "cancelled",
        "opportunity",
        N_("中止"),
        "#2c3439",
        "#e3e8ea",
        "1 7",
        3,
        _CROSS,
        True,
    ),
    Style("pickup-requested", "pickup", N_("依頼"), "#a3201a", "#ff7a5c", "1 10", 7, _TRIANGLE),
    Style("pickup-accepted", "pickup", N_("受付"), "#a86400", "#f0b429", "12 9", 6, _DIAMOND),
    Style(
        "pickup-scheduled",
        "pickup",
        N_("回収日決定"),
        "#5b2a9d",
        "#a57ff0",
        "14 9 1 9",
        6,
        _HEXAGON,
    ),
    Style("pickup-collected", "pickup", N_("回収済"), "#0f8060", "#3fc79a", "", 6, _CIRCLE),
    Style("pickup-partly", "pickup", N_("一部回収"), "#2f7cc4", "#8fd3ff", "5 8", 4, _CROSS, True),
    Style(
        "pickup-refused", "pickup", N_("回収不可"), "#3d474c", "#e3e8ea", "1 7", 3, _SQUARE, True
    ),
    Style("fault-received", "fault", N_("受付"), "#a3201a", "#ff7a5c", "1 10", 7, _TRIANGLE),
    Style(
        "fault-forwarded", "fault", N_("管理者へ連絡"), "#a86400", "#f0b429", "12 9", 6, _DIAMOND
    ),
    Style(
        "fault-in_progress", "fault", N_("対応中"), "#5b2a9d", "#a57ff0", "14 9 1 9", 6, _HEXAGON
    ),
    Style("fault-done", "fault", N_("対応済"), "#0f8060", "#3fc79a", "", 6, _CIRCLE),
    Style(
        "fault-out_of_scope", "fault", N_("対象外"), "#3d474c", "#e3e8ea", "1 7", 3, _SQUARE, True
    ),
    Style(
        "context",
        "context",
        N_("ほかの活動区域"),
        "#66737a",
        "#94a3aa",
        "",
        3,
        _CIRCLE,
        True,
    ),
    Style("place", "context", N_("選んだ場所"), "#0b5cad", "#7fc0ff", "", 4, _CIRCLE),
)
PALETTE: Final[Mapping[str, Style]] = MappingProxyType({style.key: style for style in _STYLES})
CARE_STATES: Final = tuple(style.key for style in _STYLES if style.group == "care")
OPPORTUNITY_STATES: Final = tuple(style.key for style in _STYLES if style.group == "opportunity")
PICKUP_STATES: Final = tuple(style.key for style in _STYLES if style.group == "pickup")
FAULT_STATES: Final = tuple(style.key for style in _STYLES if style.group == "fault")


def style_of(key: str) -> Style:
    """The style of a state; an unknown key looks like context rather than breaking a map."""
    return PALETTE.get(key, PALETTE["context"])


def for_script(keys: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
    """What the map script needs of each state. Colours are left to the style sheet."""
    return {
        key: {
            "dash": style.dash,
            "weight": style.weight,
            "symbol": style.symbol,
            "badge": style.badge,
            "hollow": style.hollow,
        }
        for key in (keys if keys is not None else PALETTE)
        for style in (style_of(key),)
    }


def contrast(first: str, second: str) -> float:
    """WCAG contrast ratio of two #rrggbb colours, 1 to 21."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def linear_rgb(colour: str) -> tuple[float, float, float]:
    """#rrggbb as linear light, 0 to 1 each."""
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return red, green, blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _luminance(colour: str) -> float:
    red, green, blue = linear_rgb(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ink(background: str) -> str:
    """White or near-black, whichever reads better on the colour."""
    return max(("#ffffff", "#0c1215"), key=lambda colour: contrast(colour, background))


def _ground_rules(ground: Ground) -> str:
    names = ("land", "sea", "coast", "text", "casing")
    return " ".join(f"--map-{name}: {getattr(ground, name)};" for name in names)


def _state_rules(scope: str, dark: bool) -> list[str]:
    lines = []
    for style in _STYLES:
        colour = style.dark if dark else style.light
        body = f"--state: {colour}; --state-ink: {ink(colour)};"
        lines.append(f"{scope}.map-state-{style.key} {{ {body} }}")
    return lines


def css() -> str:
    """The style sheet of the palette: custom properties per theme and per state.

    A map over tiles (`data-tiles`) stays light: the tiles are light in both themes.
    """
    lines = [
        "/* Written by `python -m geo.palette`; change geo/palette.py instead. */",
        f":root {{ {_ground_rules(LIGHT_GROUND)} }}",
        *_state_rules("", dark=False),
        "@media screen and (prefers-color-scheme: dark) {",
        f":root {{ {_ground_rules(DARK_GROUND)} }}",
        *_state_rules(":root ", dark=True),
        f":root [data-tiles] {{ {_ground_rules(LIGHT_GROUND)} }}",
        *_state_rules(":root [data-tiles] ", dark=False),
        "}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(css())
