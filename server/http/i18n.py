"""Words: gettext with Japanese as the source language, and how Japanese writes dates and measures.

``gettext`` is what templates and Python call. The catalogue is chosen per request; without one the
source text is shown, so a missing translation is Japanese, never an empty place.
"""

import datetime as dt
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.support import LazyProxy, NullTranslations, Translations

from geo.distance import spoken

LOCALES = Path(__file__).resolve().parents[1] / "locale"
LANGUAGES = ("ja", "en")
WEEKDAYS = "月火水木金土日"
_ERAS = (
    (dt.date(2019, 5, 1), "令和", 2018),
    (dt.date(1989, 1, 8), "平成", 1988),
    (dt.date(1926, 12, 25), "昭和", 1925),
)

_language: ContextVar[str] = ContextVar("language", default="ja")
JAPAN = ZoneInfo("Asia/Tokyo")
_zone: ContextVar[ZoneInfo] = ContextVar("zone", default=JAPAN)


@lru_cache
def _catalogue(language: str) -> NullTranslations:
    return Translations.load(LOCALES, [language], domain="messages")


def use(language: str = "ja", zone: ZoneInfo | None = None) -> None:
    """Choose the words and the clock of the current request."""
    _language.set(language if language in LANGUAGES else "ja")
    if zone:
        _zone.set(zone)


def gettext(message: str) -> str:
    """The message in the language of the current request."""
    return str(_catalogue(_language.get()).gettext(message))


def ngettext(singular: str, plural: str, n: int) -> str:
    """Plural forms; Japanese has one, other languages choose."""
    return str(_catalogue(_language.get()).ngettext(singular, plural, n))


def lazy(message: str) -> str:
    """A message translated when it is shown; for labels of forms and code lists."""
    return LazyProxy(gettext, message, enable_cache=False)  # type: ignore[return-value]


def local(moment: dt.datetime) -> dt.datetime:
    """The moment on the city's clock."""
    return moment.astimezone(_zone.get())


def zone() -> ZoneInfo:
    """The city's time zone in the current request."""
    return _zone.get()


def _as_date(value: dt.date | dt.datetime) -> dt.date:
    return local(value).date() if isinstance(value, dt.datetime) else value


def jdate(value: dt.date | dt.datetime, *, year: bool = True) -> str:
    """``2026年4月12日(日)``; without ``year`` ``4月12日(日)``."""
    day = _as_date(value)
    text = f"{day.month}月{day.day}日({WEEKDAYS[day.weekday()]})"
    return f"{day.year}年{text}" if year else text


def jmonthday(value: dt.date | dt.datetime | str) -> str:
    """``12月1日``, also from a rule written as ``12-01``."""
    if isinstance(value, str):
        month, day = (int(part) for part in value.split("-"))
        return f"{month}月{day}日"
    found = _as_date(value)
    return f"{found.month}月{found.day}日"


def wareki_year(year: int) -> str:
    """``令和8年`` for a calendar year (the era in force at its end)."""
    for start, era, offset in _ERAS:
        if year >= start.year:
            number = year - offset
            return f"{era}{'元' if number == 1 else number}年"
    return f"{year}年"


def wareki(value: dt.date | dt.datetime) -> str:
    """``令和8年4月12日``."""
    day = _as_date(value)
    for start, era, offset in _ERAS:
        if day >= start:
            number = day.year - offset
            return f"{era}{'元' if number == 1 else number}年{day.month}月{day.day}日"
    return f"{day.year}年{day.month}月{day.day}日"


def jtime(value: dt.datetime | dt.time) -> str:
    """``9:00``."""
    at = local(value).time() if isinstance(value, dt.datetime) else value
    return f"{at.hour}:{at.minute:02}"


def jtimes(start: dt.datetime, end: dt.datetime) -> str:
    """``9:00–11:00``; the day is added when the end is on another one."""
    later = "" if _as_date(start) == _as_date(end) else jdate(end, year=False)
    return f"{jtime(start)}–{later}{jtime(end)}"


def jdatetime(value: dt.datetime) -> str:
    """``2026年4月12日(日) 9:00``."""
    return f"{jdate(value)} {jtime(value)}"


def jduration(start: dt.datetime, end: dt.datetime) -> str:
    """``1時間30分``."""
    return jminutes(round((end - start).total_seconds() / 60))


def jminutes(minutes: int) -> str:
    """``45分``, ``2時間``, ``1時間30分``."""
    hours, rest = divmod(minutes, 60)
    return (f"{hours}時間" if hours else "") + (f"{rest}分" if rest or not hours else "")


def jdistance(metres: float) -> str:
    """``約600m``, ``約1.9km``: rounded as ``geo.distance`` decides."""
    said = spoken(metres)
    return f"約{said.value:.{said.decimals}f}{said.unit}"


def jlength(metres: float) -> str:
    """Length of an area: ``850m``, ``1.9km``."""
    return f"{metres:.0f}m" if metres < 1000 else f"{metres / 1000:.1f}km"


def jarea(square_metres: float) -> str:
    """Surface of an area: ``850m²``, ``1.2ha``."""
    if square_metres < 10_000:
        return f"{square_metres:,.0f}m²"
    return f"{square_metres / 10_000:.1f}ha"


def fiscal_year(day: dt.date) -> int:
    """年度 of a day: April to March."""
    return day.year if day.month >= 4 else day.year - 1


def jfiscal_year(year: int) -> str:
    """``令和8年度(2026年度)``."""
    era = wareki_year(year).removesuffix("年")
    return f"{era}年度({year}年度)"


FILTERS = {
    "jdate": jdate,
    "jmonthday": jmonthday,
    "jtime": jtime,
    "jtimes": jtimes,
    "jdatetime": jdatetime,
    "jduration": jduration,
    "jminutes": jminutes,
    "jdistance": jdistance,
    "jlength": jlength,
    "jarea": jarea,
    "jfiscal_year": jfiscal_year,
    "wareki": wareki,
    "local": local,
}
