"""Readings over kanji: ``町{まち}を きれいに`` becomes ruby; easy to write and to read."""

import re

from markupsafe import Markup, escape

_READING = re.compile(r"([\u3400-\u9fff々〆]+)\{([ぁ-ゖァ-ヺー]+)\}")


def ruby(text: str) -> Markup:
    """The text with its readings as ``<ruby>``; everything else in it is escaped."""
    plain = str(escape(text))
    made = _READING.sub(r"<ruby>\1<rp>(</rp><rt>\2</rt><rp>)</rp></ruby>", plain)
    return Markup(made)  # noqa: S704 - escaped above


def without(text: str) -> str:
    """The same text without readings, for titles."""
    return _READING.sub(r"\1", text)
