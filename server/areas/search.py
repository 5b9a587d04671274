"""Finding areas by what people type: number, name or reading, full-width or half-width."""

from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, or_
from sqlalchemy.orm import InstrumentedAttribute

from server.areas.models import Area
from server.http.forms import nfkc, tidy, to_katakana

MAX_SEARCH_CHARS = 60
_HIRAGANA = "".join(map(chr, range(0x3041, 0x3097)))
_KATAKANA = "".join(map(chr, range(0x30A1, 0x30F7)))


def search_text(raw: str | None) -> str:
    """What was typed, bounded and without control characters (PostgreSQL refuses NUL)."""
    return tidy(raw).replace("\n", " ")[:MAX_SEARCH_CHARS]


def reading(kana: InstrumentedAttribute[str], name: InstrumentedAttribute[str]) -> Any:
    """SQL: how a name is read, in katakana, whatever the file it came from used; else the name."""
    return func.coalesce(func.nullif(func.translate(kana, _HIRAGANA, _KATAKANA), ""), name)


def matches(text: str) -> ColumnElement[bool]:
    """Areas whose number, name or reading contains ``text``; かな finds カナ, １ finds 1."""
    plain = nfkc(text)
    name = func.normalize(Area.name, literal_column("NFKC"))
    return or_(
        name.icontains(plain, autoescape=True),
        Area.code.icontains(plain, autoescape=True),
        reading(Area.name_kana, Area.name).icontains(to_katakana(text), autoescape=True),
    )
