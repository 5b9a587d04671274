"""Finding areas by what people type: number, name or reading, full-width or half-width."""

from sqlalchemy import ColumnElement, func, literal_column, or_

from server.areas.models import Area
from server.http.forms import nfkc, tidy, to_katakana

MAX_SEARCH_CHARS = 60


def search_text(raw: str | None) -> str:
    """What was typed, bounded and without control characters (PostgreSQL refuses NUL)."""
    return tidy(raw).replace("\n", " ")[:MAX_SEARCH_CHARS]


def matches(text: str) -> ColumnElement[bool]:
    """Areas whose number, name or reading contains ``text``; かな finds カナ, １ finds 1."""
    plain = nfkc(text)
    name = func.normalize(Area.name, literal_column("NFKC"))
    return or_(
        name.icontains(plain, autoescape=True),
        Area.code.icontains(plain, autoescape=True),
        Area.name_kana.icontains(to_katakana(text), autoescape=True),
    )
