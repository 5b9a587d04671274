"""Forms of the pick-ups: asking, deciding, writing down, the calendar."""

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from wtforms import FieldList, FormField, HiddenField, MultipleFileField, SelectField
from wtforms.validators import NumberRange, ValidationError

from server.cleanups.content import CleanupInput, Litter, added_up, plain
from server.cleanups.forms import LITTER_ROWS, MAX_LITTER_ROWS, MAX_QUANTITY, TOO_LARGE, LitterRow
from server.db.base import uuid7
from server.errors import Invalid
from server.files.actions import is_sent
from server.http.forms import (
    BaseForm,
    Check,
    Choice,
    Day,
    Paragraphs,
    WholeNumber,
    Words,
    nfkc,
    optional,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.opportunities.search import position
from server.pickups.actions import Draft
from server.pickups.queries import AreaOffer, Pickup

MAX_PHOTOS = 3
KEPT = "kept"  # the area a request has already, when it is not among those on offer


class PickupForm(BaseForm):
    """Where the bags lie, what they are, and from when on they may be fetched."""

    id = HiddenField()
    cleanup = HiddenField()
    area = SelectField(_l("活動区域"), [required(_l("選んでください。"))])
    lon = HiddenField(_l("置き場所の位置"))
    lat = HiddenField()
    point_area = HiddenField()  # the area that the point belongs to
    place_note = Words(
        _l("置き場所の目印"),
        [required_text(_l("回収する人が見つけられるように書いてください。"))],
        max_length=200,
        description=_l("例: 母恋会館の前、歩道のガードレールの内側"),
    )
    litter = FieldList(
        FormField(LitterRow),
        _l("置いてあるもの"),
        min_entries=LITTER_ROWS,
        max_entries=MAX_LITTER_ROWS,
    )
    covered = Check(_l("シートやネットをかけている"))
    private_land = Check(_l("私有地に置いている"))
    owner_agrees = Check(_l("土地の持ち主の了解をもらっている"))
    wished_on = Day(_l("回収してほしい日"), [required(_l("日付を入れてください。"))])
    note = Paragraphs(
        _l("回収する人に伝えること"),
        max_length=500,
        description=_l("例: 草の袋が重いので、二人で来てください"),
    )
    photo = MultipleFileField(_l("写真"), description=_l("3枚まで。置いてあるようすがわかるもの。"))

    def validate_lon(self, field: Any) -> None:
        """A place that is not on Earth is refused; an empty one is the area's own point."""
        given = bool(field.data or self.lat.data)
        if given and position(field.data or "", self.lat.data or "") is None:
            raise ValidationError(_("位置を読み取れませんでした。地図でえらび直してください。"))

    def validate_litter(self, _field: Any) -> None:
        """At least one line with a quantity, and no impossible sum."""
        lines = litter_lines(self)
        if not lines and not any(row.quantity.errors for row in self.litter):
            raise ValidationError(_("回収してほしいものの量を入れてください。"))
        if any(line.quantity > MAX_QUANTITY for line in lines):
            raise ValidationError(TOO_LARGE)

    def validate_owner_agrees(self, field: Any) -> None:
        """Nobody's land is used without asking."""
        if self.private_land.data and not field.data:
            raise ValidationError(_("私有地には、持ち主の了解をもらってから置いてください。"))

    def validate_photo(self, field: Any) -> None:
        """Three tell enough, and a phone sends them in a minute."""
        if len(sent_photos(field.data)) > MAX_PHOTOS:
            raise ValidationError(_("写真は3枚までにしてください。"))

    def offer_areas(self, areas: Sequence[AreaOffer], kept: Pickup | None = None) -> None:
        """The areas to choose from; a request keeps its own, even after the agreement."""
        several = len({area.partner_id for area in areas}) > 1
        pairs = [
            (a.key, f"{a.code} {a.name}" + (f"({a.partner_name})" if several else ""))
            for a in areas
        ]
        if kept and kept.area_id not in {area.id for area in areas}:
            pairs.insert(0, (KEPT, f"{kept.area_code} {kept.area_name}"))
        self.area.choices = [("", _("選んでください")), *pairs]

    def chosen_area(self, areas: Sequence[AreaOffer]) -> AreaOffer | None:
        """The chosen one of the offered areas."""
        return next((area for area in areas if area.key == self.area.data), None)

    def begin_at(self, area: AreaOffer | None) -> None:
        """Fill in the area, and its point when the point is of another."""
        if area is not None and self.point_area.data != area.key:
            self.area.data = self.point_area.data = area.key
            self.lon.data, self.lat.data = f"{area.lon:.5f}", f"{area.lat:.5f}"

    def draft(self, area: AreaOffer | None, kept: Pickup | None = None) -> Draft:
        """The form as a request. Raises Invalid without any place."""
        assert self.wished_on.data is not None  # noqa: S101 - a required field
        lon, lat = self._point(area, kept)
        return Draft(
            area=area, lon=lon, lat=lat, place_note=self.place_note.data or "",
            contents=litter_lines(self), covered=self.covered.data,
            private_land=self.private_land.data, note=self.note.data or "",
            wished_on=self.wished_on.data, cleanup_id=read_id(self.cleanup.data),
        )  # fmt: skip

    def _point(self, area: AreaOffer | None, kept: Pickup | None) -> tuple[float, float]:
        picked = position(self.lon.data or "", self.lat.data or "")
        # without scripts the hidden point stays that of the area chosen first
        of_other = area is not None and self.point_area.data not in ("", None, area.key)
        if picked is not None and not of_other:
            return picked
        found = area or kept
        if found is None:
            raise Invalid(_("地図で置き場所を選んでください。"), "lon")
        return found.lon, found.lat


def litter_lines(form: PickupForm) -> tuple[Litter, ...]:
    """The filled lines, those of the same class and unit added up, to two decimals."""
    lines = [
        Litter(row.litter_class.data, row.unit.data, row.quantity.data.quantize(Decimal("0.01")))
        for row in form.litter
        if row.quantity.data and row.quantity.data.is_finite() and not row.errors
    ]
    return added_up([line for line in lines if line.quantity])


def sent_photos(values: object) -> list[Any]:
    """The files that were really chosen."""
    return [one for one in values if is_sent(one)] if isinstance(values, list) else []


def read_id(text: str | None) -> uuid.UUID | None:
    """A UUID as a form or address carries it, or None."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


def _rows_of(lines: Sequence[Litter]) -> list[dict[str, Any]]:
    rows = [
        {"litter_class": x.litter_class, "unit": x.unit, "quantity": plain(x.quantity)}
        for x in lines
    ]
    return [*rows, *({"quantity": None} for _row in range(max(1, LITTER_ROWS - len(rows))))]


def blank_form(
    first_day: dt.date | None, cleanup: tuple[uuid.UUID, CleanupInput] | None
) -> PickupForm:
    """A new request: the first possible day, and what a report has collected."""
    data: dict[str, Any] = {"id": str(uuid7()), "wished_on": first_day}
    if cleanup:
        data |= {"cleanup": str(cleanup[0]), "litter": _rows_of(cleanup[1].litter)}
    return PickupForm(data=data)


def form_of(pickup: Pickup) -> PickupForm:
    """The form that corrects a request."""
    key = f"{pickup.area_id}.{pickup.partner_id}"
    return PickupForm(data={
        "id": str(pickup.id), "area": key, "point_area": key,
        "lon": f"{pickup.lon:.5f}", "lat": f"{pickup.lat:.5f}", "place_note": pickup.place_note,
        "litter": _rows_of(pickup.contents), "covered": pickup.covered,
        "private_land": pickup.private_land, "owner_agrees": pickup.private_land,
        "wished_on": pickup.wished_on, "note": pickup.note,
    })  # fmt: skip


class StepForm(BaseForm):
    """A step of one request: the verb, a reason, a day."""

    verb = HiddenField()
    pickup = HiddenField()
    comment = Paragraphs(
        _l("理由・パートナーに伝えること"), max_length=500,
        description=_l("「回収できない」「一部を回収した」のときは必ず書きます。"),
    )  # fmt: skip
    day = Day(_l("回収する日"), [optional()])


def amounts_of(form: Any, pickup: Pickup) -> dict[tuple[str, str], Decimal]:
    """What was taken of each line (fields ``amount-0``, …). Raises Invalid for no number."""
    found = {}
    for index, line in enumerate(pickup.contents):
        try:
            amount = Decimal(nfkc(str(form.get(f"amount-{index}", ""))) or "0")
        except ArithmeticError:
            raise Invalid(_("量を数字で入れてください。"), "amount") from None
        if not amount.is_finite():
            raise Invalid(_("量を数字で入れてください。"), "amount")
        found[line.litter_class, line.unit] = amount
    return found


class SetApartForm(BaseForm):
    """A day that differs from the weekly rule."""

    on_day = Day(_l("日"), [required(_l("日付を入れてください。"))])
    what = Choice(
        _l("この日の回収"),
        {"closed": _l("回収しない"), "open": _l("回収する"), "usual": _l("ふだんどおりにもどす")},
    )
    capacity = WholeNumber(
        _l("この日の上限"),
        [optional(), NumberRange(0, 500, _l("0から500までの数を入れてください。"))],
        description=_l("空のままなら、ふだんの上限です。"),
    )
    note = Words(_l("メモ"), max_length=100, description=_l("例: 収集車の点検"))
