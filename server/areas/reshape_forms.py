"""Forms for splitting, merging and handing over; what was drawn becomes parts to look at."""

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from typing import Any

from shapely.geometry.base import BaseGeometry
from wtforms import FieldList, HiddenField, SelectMultipleField, TextAreaField
from wtforms.validators import ValidationError

from geo import reshape
from geo.reshape import Merged, ReshapeError
from geo.shapes import ShapeError
from server.areas.reshape import Description, Piece, part_id
from server.areas.reshape_queries import Ground, Holding, Neighbour
from server.areas.shapes import invalid, read_shape
from server.db.base import uuid7
from server.errors import Invalid
from server.http.forms import (
    BaseForm,
    Choice,
    Day,
    Paragraphs,
    Words,
    nfkc,
    required,
    required_text,
    to_katakana,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import KINDS, MANAGERS

CUTS = frozenset({"LineString", "MultiLineString", "Point"})
_BETWEEN = re.compile(r"[,、，\s]+")

FAULTS = {
    "cut_misses": _l("線が区域を横切っていません。区域の端から端まで通るように引いてください。"),
    "cut_along": _l("線が区域に重なっています。区域を横切るように引いてください。"),
    "not_a_cut": _l("分けるところは、線で引いてください。"),
    "too_small": _l("小さすぎる部分ができます。線の場所を変えてください。"),
    "too_many": _l("一度にできるのは%(most)sまでです。"),
    "off_the_line": _l("区域の長さ(%(length_m)sm)の中の数字を書いてください。"),
    "mixed": _l("線の区域と面の区域は、まとめられません。"),
    "too_few": _l("まとめる区域を選んでください。"),
    "too_far": _l("区域が離れています(%(gap_m)sm)。%(near_m)sm以内の区域だけをまとめられます。"),
}


def _fault(error: ReshapeError, field: str) -> Invalid:
    words = str(FAULTS[error.code])
    return Invalid(words % error.detail if "%(" in words else words, field, code=error.code)


def _form_id(field: Any) -> uuid.UUID:
    try:
        return uuid.UUID(field.data or "")
    except ValueError:
        return uuid7()


class SplitForm(BaseForm):
    """Where an area is cut, and how its parts are called. ``seen`` is what the preview showed."""

    id = HiddenField()
    seen = HiddenField()
    cut = TextAreaField(
        _l("分ける線"),
        description=_l("地図に描くと入ります。GeoJSON か WKT を貼りつけることもできます。"),
    )
    at_m = Words(
        _l("はじまりから何mで分けるか"), clean=nfkc, max_length=60,
        description=_l("地図を使わずに分けるときに書きます。例: 300、800"),
    )  # fmt: skip
    names = FieldList(Words(_l("名前"), [required_text()], max_length=120), max_entries=10)

    def parts(self, area: Ground, plane_srid: int) -> tuple[BaseGeometry, ...]:
        """What the cut makes of the area. Raises Invalid for ``cut`` or ``at_m``."""
        if area.line and self.at_m.data:
            try:
                return reshape.split_at(area.shape, self._metres(), plane_srid)
            except ReshapeError as error:
                raise _fault(error, "at_m") from None
        if not self.cut.data:
            raise Invalid(_("分ける線を、地図に引いてください。"), "cut")
        try:
            drawn = read_shape(self.cut.data, allowed=CUTS)
        except Invalid as error:
            raise Invalid(error.message, "cut") from None
        try:
            return reshape.split(area.shape, drawn, plane_srid)
        except ReshapeError as error:
            raise _fault(error, "cut") from None
        except ShapeError as error:
            raise Invalid(invalid(error).message, "cut") from None

    def _metres(self) -> list[float]:
        texts = [t.rstrip("mM") for t in _BETWEEN.split(self.at_m.data or "") if t]
        if not texts or not all(t.replace(".", "", 1).isdecimal() for t in texts):
            raise Invalid(_("数字(メートル)で書いてください。"), "at_m")
        return [float(t) for t in texts]

    def name_parts(self, area: Ground, count: int) -> None:
        """Offer a name for each part that has none yet; as many names as parts."""
        given = [entry.data for entry in self.names.entries]
        while self.names.entries:
            self.names.pop_entry()
        for n in range(count):
            offered = f"{area.name[:110]} {n + 1}"
            self.names.append_entry(given[n] if n < len(given) and given[n] else offered)

    def pieces(self, shapes: Sequence[BaseGeometry]) -> list[Piece]:
        """The parts by name, with ids that are the same when the form is sent again."""
        form_id = _form_id(self.id)
        names = [str(entry.data) for entry in self.names.entries]
        return [
            Piece(part_id(form_id, n), name, shape)
            for n, (name, shape) in enumerate(zip(names, shapes, strict=True))
        ]


class MergeForm(BaseForm):
    """Which areas become one, and what is said about it."""

    id = HiddenField()
    seen = HiddenField()
    # Unknown numbers are told by ``whole``; the same form again may name areas that are gone.
    near = SelectMultipleField(_l("近くの区域"), choices=[], validate_choice=False)
    codes = Words(
        _l("ほかの区域の番号"), clean=nfkc, max_length=200,
        description=_l("一覧にないときに書きます。例: A-0012、A-0013"),
    )  # fmt: skip
    name = Words(_l("新しい区域の名前"), [required_text()], max_length=120)
    name_kana = Words(_l("フリガナ"), clean=to_katakana, max_length=200)
    kind = Choice(_l("種別"), KINDS, [required_text()])
    manager = Choice(_l("管理者"), MANAGERS, [required_text()])
    section = Words(_l("担当課"), max_length=80)
    safety_notes = Paragraphs(_l("安全のための注意"), max_length=1000)

    def offer(self, near: Sequence[Neighbour]) -> None:
        """Let people choose among these."""
        self.near.choices = [(one.code, one.name) for one in near]

    def wanted(self, code: str) -> list[str]:
        """All codes, this area's first, each once."""
        typed = [t.upper() for t in _BETWEEN.split(self.codes.data or "") if t]
        return list(dict.fromkeys([code, *(self.near.data or []), *typed]))

    def whole(self, found: Sequence[Ground], plane_srid: int) -> Merged:
        """All of them as one. Raises Invalid for ``near``."""
        unknown = set(self.wanted(found[0].code)) - {area.code for area in found}
        if unknown:
            raise Invalid(
                _("見つからない番号があります: %(codes)s") % {"codes": "、".join(sorted(unknown))},
                "codes",
            )
        try:
            return reshape.merge([area.shape for area in found], plane_srid)
        except ReshapeError as error:
            raise _fault(error, "near") from None
        except ShapeError as error:
            raise Invalid(invalid(error).message, "near") from None

    def describe_from(self, found: Sequence[Ground]) -> None:
        """First guesses from the areas, where nothing was said yet."""
        first = found[0]
        for name in ("name", "name_kana", "kind", "manager", "section"):
            if not self[name].data:
                self[name].data = getattr(first, name)
        if not self.safety_notes.data:
            notes = dict.fromkeys(a.safety_notes for a in found if a.safety_notes)
            self.safety_notes.data = "\n".join(notes)[:1000]

    def description(self, found: Sequence[Ground]) -> Description:
        """What was written; the season only where all areas had the same one."""
        seasons = {(area.season_from, area.season_to) for area in found}
        opens, closes = seasons.pop() if len(seasons) == 1 else (None, None)
        return Description(
            self.name.data or "", self.name_kana.data or "", self.kind.data, self.manager.data,
            self.section.data or "", opens, closes, self.safety_notes.data or "",
        )  # fmt: skip

    def piece(self, shape: BaseGeometry) -> Piece:
        """The new area."""
        return Piece(part_id(_form_id(self.id), 0), self.name.data or "", shape)


class HandoverForm(BaseForm):
    """Who gives an area to whom, from which day on."""

    giver = Choice(_l("いまの担当"), {}, [required_text()])
    taker = Choice(_l("新しい担当"), {}, [required_text()], blank="")
    on = Day(_l("いつから"), [required()], description=_l("この日から新しい担当の区域になります。"))
    note = Paragraphs(
        _l("理由・メモ"),
        max_length=400,
        description=_l("記録に残ります。連絡先は書かないでください。"),
    )

    def offer(self, holding: Holding) -> None:
        """Let people choose among those who hold the area and those who could."""
        givers = {one.code: one.name for one in holding.holders if not one.trial}
        gone = self.giver.data  # who gave it already is known still: sending twice is harmless
        givers |= {code: name for code, name in holding.candidates if code == gone}
        self.giver.choices = [(code, f"{name}({code})") for code, name in givers.items()]
        takers = [(code, f"{name}({code})") for code, name in holding.candidates]
        self.taker.choices = [("", ""), *takers]

    def validate_taker(self, field: Any) -> None:
        """Not to itself."""
        if field.data and field.data == self.giver.data:
            raise ValidationError(_("いまの担当とちがうパートナーを選んでください。"))

    def day(self, today: dt.date) -> dt.date:
        """The day asked for; the past stays as it was. Raises Invalid."""
        if self.on.data is None or self.on.data < today:
            raise Invalid(_("きょうから先の日にしてください。"), "on")
        return self.on.data
