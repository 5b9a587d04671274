"""The picture of an activity that other sites show beside a link (Open Graph), 1200×630.

The middle 630×630 of it is what some programs cut out: the date and the title's beginning lie in
it or close to it, and the map's pin too.
"""

import hashlib
import io
from functools import lru_cache
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from PIL import Image, ImageDraw

from server.citysettings.queries import City
from server.http.i18n import gettext as _
from server.http.i18n import jdate, jtimes, use
from server.publiclife.fonts import font
from server.publiclife.mapimage import draw_map
from server.publiclife.queries import Picture
from server.publiclife.wrapping import shorten, wrap

SIZE = (1200, 630)
MAP = (468, 630)
VERSION = "1"  # changes when the same data would be drawn otherwise
ACCENT, TEXT, MUTED, PAPER, RED = "#0a6469", "#1d2b30", "#4d5d63", "#ffffff", "#a3201a"
LEFT, TOP, FOOT = 56, 46, 574
WIDTH = SIZE[0] - MAP[0] - 2 * LEFT + 20
TITLE_SIZES = (76, 64, 56, 48, 42, 38)
TITLE_LINES = 4

_DRAWING = CapacityLimiter(1)  # each takes about 0.2 s of a processor


def tag(picture: Picture, city: City) -> str:
    """What the bytes depend on, so that a known picture is not drawn again."""
    parts = repr((VERSION, picture, city.name, city.zone.key, city.plane_srid))
    return f'"{hashlib.sha256(parts.encode()).hexdigest()[:32]}"'


async def png(picture: Picture, city: City) -> bytes:
    """The picture, drawn in a thread, one after the other; the last ones are kept.

    Raises FontMissing on a machine without a Japanese font.
    """
    place = (city.name, city.zone, city.plane_srid)
    return await run_sync(_drawn, picture, place, limiter=_DRAWING)


@lru_cache(maxsize=128)
def _drawn(picture: Picture, place: tuple[str, ZoneInfo, int]) -> bytes:
    city_name, zone, srid = place
    use("ja", zone)  # the thread has words and a clock of its own
    sheet = Image.new("RGB", SIZE, PAPER)
    state = "cancelled" if picture.is_cancelled else "open"
    chart = draw_map(picture.lon, picture.lat, picture.areas(), srid, MAP, state=state)
    sheet.paste(chart, (SIZE[0] - MAP[0], 0))
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((0, 0, 14, SIZE[1]), fill=RED if picture.is_cancelled else ACCENT)
    y = _head(pen, picture)
    y = _title(pen, picture.title, y, FOOT - 128)
    _place(pen, picture, city_name, y)
    _foot(pen, city_name)
    out = io.BytesIO()
    sheet.quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _head(pen: ImageDraw.ImageDraw, picture: Picture) -> int:
    """The day, large; a cancelled one says so before anything else. Gives where it ends."""
    y = TOP
    if picture.is_cancelled:
        said, letters = _("中止になりました"), font(38, bold=True)
        right = LEFT + pen.textlength(said, font=letters) + 44
        pen.rounded_rectangle((LEFT, y, right, y + 62), 12, fill=RED)
        pen.text((LEFT + 22, y + 31), said, font=letters, anchor="lm", fill="#ffffff")
        y += 80
    day = jdate(picture.starts_at, year=False)
    times = jtimes(picture.starts_at, picture.ends_at)
    colour = MUTED if picture.is_cancelled else ACCENT
    large, small = font(54, bold=True), font(40)
    pen.text((LEFT, y), day, font=large, fill=colour)
    width = pen.textlength(day, font=large)
    if width + 24 + pen.textlength(times, font=small) <= WIDTH:
        pen.text((LEFT + width + 24, y + 12), times, font=small, fill=colour)
        return y + 88
    pen.text((LEFT, y + 70), times, font=small, fill=colour)
    return y + 132


def _title(pen: ImageDraw.ImageDraw, title: str, y: int, bottom: int) -> int:
    """The title as large as it fits, in at most four lines."""
    lines: list[str] = []
    size = TITLE_SIZES[-1]
    for size in TITLE_SIZES:
        letters = font(size, bold=True)
        lines = wrap(title, WIDTH, lambda text, f=letters: pen.textlength(text, font=f))  # type: ignore[misc]
        if len(lines) <= TITLE_LINES and y + len(lines) * size * 1.3 <= bottom:
            break
    letters = font(size, bold=True)
    most = max(1, min(TITLE_LINES, int((bottom - y) / (size * 1.3))))
    for line in shorten(lines, most, WIDTH, lambda text: pen.textlength(text, font=letters)):
        pen.text((LEFT, y), line, font=letters, fill=TEXT)
        y += int(size * 1.3)
    return y + 22


def _place(pen: ImageDraw.ImageDraw, picture: Picture, city_name: str, y: int) -> None:
    host = picture.host or (_("個人パートナー") if picture.host is None else city_name)
    letters, gap = font(31), 96
    measure = lambda text: pen.textlength(text, font=letters)  # noqa: E731
    for label, words in ((_("集合"), picture.meeting_place), (_("主催"), host)):
        pen.text((LEFT, y), label, font=font(31, bold=True), fill=MUTED)
        line = shorten(wrap(words, WIDTH - gap, measure), 1, WIDTH - gap, measure)
        pen.text((LEFT + gap, y), "".join(line), font=letters, fill=TEXT)
        y += 50


def _foot(pen: ImageDraw.ImageDraw, city_name: str) -> None:
    pen.line((LEFT, FOOT - 14, SIZE[0] - MAP[0] - 36, FOOT - 14), fill="#d5dcdf", width=2)
    name, letters = _("まちピカ"), font(28, bold=True)
    pen.text((LEFT, FOOT), name, font=letters, fill=ACCENT)
    rest = f"{city_name} {_('まち「ピカ」パートナー事業')}"
    pen.text((LEFT + pen.textlength(name, font=letters) + 18, FOOT + 3), rest, font=font(24),
             fill=MUTED)  # fmt: skip
