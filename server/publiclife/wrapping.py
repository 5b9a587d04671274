"""Breaking Japanese into lines where a reader would breathe: by 文節, roughly, and evenly.

No dictionary: a phrase ends before a kanji, katakana or Latin word that follows kana, and after a
mark. Marks that may not begin a line stay with what is before them.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

_NOT_FIRST: Final = re.compile(
    r"[、。，．・：；？！)）」』】〕〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々〜～…%％]"
)
_OPENING: Final = "(（「『【〔〈《"
_PHRASE: Final = re.compile(
    r"[(（「『【〔〈《]*(?:[A-Za-z0-9.,:/&'+-]+|[ァ-ヺー]+|[\u3400-\u9fff々〆]+|[^\s])"
    r"[ぁ-ゖー]*[、。，．・：；？！)）」』】〕〉》〜～…%％]*\s*"
)
Measure = Callable[[str], float]


def phrases(text: str) -> list[str]:
    """The pieces a line may end after."""
    pieces: list[str] = []
    for piece in _PHRASE.findall(text.strip()):
        if pieces and (_NOT_FIRST.match(piece) or pieces[-1][-1] in _OPENING):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def wrap(text: str, width: float, measure: Measure) -> list[str]:
    """Lines not wider than ``width``, about equally long: no last line of one character."""
    pieces = [part for piece in phrases(text) for part in _fitting(piece, width, measure)]
    lines = _fill(pieces, width, measure)
    low, high = width / max(len(lines), 1) / 2, width
    while high - low > width / 40:  # about the narrowest column that needs no further line
        middle = (low + high) / 2
        tried = _fill(pieces, middle, measure)
        fits = len(tried) <= len(lines) and all(measure(one) <= middle for one in tried)
        low, high = (low, middle) if fits else (middle, high)
    return _fill(pieces, high, measure)


def shorten(lines: Sequence[str], most: int, width: float, measure: Measure) -> list[str]:
    """At most so many lines; what is left out shows as an ellipsis."""
    if len(lines) <= most:
        return list(lines)
    last = lines[most - 1]
    while last and measure(last + "…") > width:
        last = last[:-1]
    return [*lines[: most - 1], last + "…"]


def _fitting(piece: str, width: float, measure: Measure) -> list[str]:
    """A phrase too long for any line, cut where it must be."""
    if measure(piece.rstrip()) <= width:
        return [piece]
    parts = [""]
    for char in piece:
        if parts[-1] and measure(parts[-1] + char) > width and not _NOT_FIRST.match(char):
            parts.append("")
        parts[-1] += char
    return parts


def _fill(pieces: Sequence[str], width: float, measure: Measure) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        if lines and measure((lines[-1] + piece).rstrip()) <= width:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.rstrip() for line in lines]
