"""Distances for people: great-circle metres, and how coarsely we may say them."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Final, Literal

EARTH_RADIUS_M: Final = 6_371_008.8  # mean radius; 0.5 % off at worst, we round far coarser


@dataclass(frozen=True, slots=True)
class SpokenDistance:
    """A rounded distance: the number to show and its unit (formatting happens elsewhere)."""

    value: float
    unit: Literal["m", "km"]

    @property
    def decimals(self) -> int:
        """Decimals to print: 約1.9km has one, 約600m and 約12km have none."""
        return 1 if self.unit == "km" and self.value < 10 else 0


def haversine_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Great-circle distance in metres between two lon/lat points in degrees."""
    phi1, phi2 = radians(lat1), radians(lat2)
    half_dphi, half_dlambda = (phi2 - phi1) / 2, radians(lon2 - lon1) / 2
    chord = sin(half_dphi) ** 2 + cos(phi1) * cos(phi2) * sin(half_dlambda) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def spoken(distance_m: float) -> SpokenDistance:
    """Round a distance as a person would say it.

    Below 100 m in tens (never 0), below 1 km in fifties, below 10 km in 0.1 km, then whole
    kilometres. A position from a phone is no better than this, and finer numbers would
    give a home address away. Raises ValueError for negative or non-finite input.
    """
    if not 0 <= distance_m < float("inf"):
        raise ValueError("distance must be finite and not negative")
    if distance_m < 95:
        return SpokenDistance(max(10, _to_step(distance_m, 10)), "m")
    if distance_m < 975:
        return SpokenDistance(_to_step(distance_m, 50), "m")
    if distance_m < 9_950:
        return SpokenDistance(_to_step(distance_m, 100) / 1000, "km")
    return SpokenDistance(_to_step(distance_m, 1000) / 1000, "km")


def _to_step(value: float, step: int) -> int:
    """Round half up to a multiple of step (Python's round would go to even)."""
    return int((value + step / 2) // step) * step
