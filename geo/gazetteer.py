"""Place names: found by kanji or kana however they are typed, and the name nearest a point."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Final

from geo.distance import haversine_m

KINDS_BY_WEIGHT: Final = (
    "駅",
    "市役所",
    "地区",
    "海浜",
    "自然",
    "道路",
    "公園",
    "大学等",
    "公共施設",
)

_SMALL: Final = str.maketrans("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ")
_VOICED: Final = str.maketrans({"ぢ": "じ", "づ": "ず", "ゔ": "ぶ", "を": "お"})
_ROWS: Final = {
    "あ": "あかさたなはまやらわがざだばぱ",
    "い": "いきしちにひみりぎじびぴ",
    "う": "うくすつぬふむゆるぐずぶぷ",
    "え": "えけせてねへめれげぜでべぺ",
    "お": "おこそとのほもよろごぞどぼぽ",
}
_VOWEL_OF: Final = {kana: vowel for vowel, row in _ROWS.items() for kana in row}
_DROPPED: Final = frozenset(" 　・･、,.-‐-–—−'’()()「」")


@dataclass(frozen=True, slots=True)
class Place:
    """A named place; lon/lat in degrees, good to one or two hundred metres."""

    name: str
    kana: str
    kind: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class _Entry:
    place: Place
    name_key: str
    kana_key: str


@dataclass(frozen=True)
class Gazetteer:
    """The places of a city, folded once for searching."""

    entries: tuple[_Entry, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """All places, in the order of the file."""
        return tuple(entry.place for entry in self.entries)

    def search(self, query: str, limit: int = 8) -> list[Place]:
        """Places that match, best first; empty for an empty query.

        Whole name, then a name or reading that begins so, then one that contains it.
        """
        needle = fold(query[:100])
        if not needle or limit < 1:
            return []
        ranked = [(rank, entry) for entry in self.entries if (rank := _rank(entry, needle)) < 9]
        ranked.sort(key=lambda pair: (pair[0], _weight(pair[1].place), len(pair[1].name_key)))
        return [entry.place for _, entry in ranked[:limit]]

    def nearest(self, lon: float, lat: float, max_m: float | None = None) -> Place | None:
        """The place nearest to a point (lon/lat), or None when none is within `max_m`."""
        distances = [
            (haversine_m(lon, lat, entry.place.lon, entry.place.lat), index)
            for index, entry in enumerate(self.entries)
        ]
        if not distances:
            return None
        distance_m, index = min(distances)
        if max_m is not None and distance_m > max_m:
            return None
        return self.entries[index].place


def load(path: Path) -> Gazetteer:
    """Read a CSV with name,kana,kind,lon,lat. Raises ValueError naming the bad line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return from_places(_place(row, line) for line, row in enumerate(csv.DictReader(file), 2))


def from_places(places: Iterable[Place]) -> Gazetteer:
    """A gazetteer of places already at hand."""
    return Gazetteer(tuple(_Entry(p, fold(p.name), fold(p.kana)) for p in places))


def fold(text: str) -> str:
    """One spelling for all: NFKC, hiragana, large kana, one long vowel, no separators.

    'シュクヅ', 'ｼｭｸﾂﾞ' and 'しゅくず' fold alike; so do 'ちょう' and 'チョー'.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    hiragana = "".join(_hiragana(char) for char in plain if char not in _DROPPED)
    return _long_vowels(hiragana.translate(_SMALL).translate(_VOICED))


def _hiragana(char: str) -> str:
    # katakana ァ..ヶ lie exactly 0x60 above their hiragana
    return chr(ord(char) - 0x60) if "ァ" <= char <= "ヶ" else char


def _long_vowels(text: str) -> str:
    """Write ー as the vowel it prolongs, and おお/ええ as おう/えい."""
    out: list[str] = []
    for char in text:
        vowel = _VOWEL_OF.get(out[-1]) if out else None
        current = (vowel or "") if char == "ー" else char
        if vowel == "お" and current == "お":
            current = "う"
        elif vowel == "え" and current == "え":
            current = "い"
        if current:
            out.append(current)
    return "".join(out)


def _rank(entry: _Entry, needle: str) -> int:
    if needle in (entry.name_key, entry.kana_key):
        return 0
    if entry.name_key.startswith(needle):
        return 1
    if entry.kana_key.startswith(needle):
        return 2
    if needle in entry.name_key:
        return 3
    return 4 if needle in entry.kana_key else 9


def _weight(place: Place) -> int:
    """Stations and quarters first: they are what people orient themselves by."""
    known = KINDS_BY_WEIGHT
    return known.index(place.kind) if place.kind in known else len(known)


def _place(row: dict[str, str | None], line: int) -> Place:
    try:
        place = Place(
            name=(row["name"] or "").strip(),
            kana=(row["kana"] or "").strip(),
            kind=(row["kind"] or "").strip(),
            lon=float(row["lon"] or "nan"),
            lat=float(row["lat"] or "nan"),
        )
    except (KeyError, ValueError) as error:
        raise ValueError(f"line {line}: {error}") from None
    in_world = isfinite(place.lon) and isfinite(place.lat)
    if not place.name or not in_world or abs(place.lon) > 180 or abs(place.lat) > 90:
        raise ValueError(f"line {line}: name and lon/lat are needed")
    return place
