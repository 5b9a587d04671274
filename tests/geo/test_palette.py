"""The palette holds its promises: contrast, colour-blind distance, more than colour."""

import math
from itertools import combinations
from pathlib import Path

import pytest

from geo import palette
from geo.palette import (
    CARE_STATES,
    DARK_GROUND,
    FAULT_STATES,
    LIGHT_GROUND,
    OPPORTUNITY_STATES,
    PALETTE,
    PICKUP_STATES,
)

GROUPS = [CARE_STATES, OPPORTUNITY_STATES, PICKUP_STATES, FAULT_STATES]

# Machado, Oliveira and Fernandes (2009), full dichromacy, linear RGB
MACHADO = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}


def seen_as(colour: str, vision: str) -> tuple[float, float, float]:
    """CIE Lab of a colour as an eye with that vision sees it."""
    rgb = palette.linear_rgb(colour)
    r, g, b = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, rgb, strict=True))))
        for row in MACHADO[vision]
    )
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("vision", MACHADO)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("states", GROUPS)
def test_states_stay_apart_for_colour_blind_eyes(
    states: tuple[str, ...], theme: str, vision: str
) -> None:
    for one, two in combinations(states, 2):
        first, second = (getattr(PALETTE[key], theme) for key in (one, two))
        distance = math.dist(seen_as(first, vision), seen_as(second, vision))
        assert distance >= 10, f"{one}/{two} {theme} {vision}: {distance:.1f}"


@pytest.mark.parametrize("key", PALETTE)
def test_every_colour_is_readable_on_land_and_sea(key: str) -> None:
    style = PALETTE[key]
    for ground, colour in ((LIGHT_GROUND, style.light), (DARK_GROUND, style.dark)):
        assert palette.contrast(colour, ground.land) >= 3, ground
        assert palette.contrast(colour, ground.sea) >= 3, ground
        assert palette.contrast(palette.ink(colour), colour) >= 4.0


@pytest.mark.parametrize("ground", [LIGHT_GROUND, DARK_GROUND])
def test_place_names_are_readable(ground: palette.Ground) -> None:
    assert palette.contrast(ground.text, ground.land) >= 4.5
    assert palette.contrast(ground.text, ground.sea) >= 4.5


@pytest.mark.parametrize("states", GROUPS)
def test_states_differ_without_colour(states: tuple[str, ...]) -> None:
    styles = [PALETTE[key] for key in states]
    assert len({style.dash for style in styles}) == len(styles)
    assert len({style.symbol for style in styles}) == len(styles)
    assert len({style.label for style in styles}) == len(styles)


def test_the_style_sheet_is_the_palette() -> None:
    sheet = Path(__file__).resolve().parents[2] / "static/css/maps-palette.css"
    assert sheet.read_text(encoding="utf-8") == palette.css(), (
        "python -m geo.palette > static/css/maps-palette.css"
    )


def test_unknown_state_looks_like_context() -> None:
    assert palette.style_of("no-such-state") is PALETTE["context"]


def test_contrast_of_the_extremes() -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#777777", "#777777") == pytest.approx(1)
