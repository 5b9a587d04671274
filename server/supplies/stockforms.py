"""Forms of the stock: moves, items, places."""

import uuid
from decimal import Decimal
from typing import Any

from wtforms import HiddenField, SelectField
from wtforms.validators import NumberRange, ValidationError

from server.cleanups.forms import a_number
from server.db.base import point_text
from server.http.forms import (
    BaseForm,
    Check,
    Choice,
    Day,
    Quantity,
    WholeNumber,
    Words,
    nfkc,
    optional,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import STOCK_REASONS, SUPPLY_CATEGORIES
from server.opportunities.search import position
from server.supplies.bookings import Move
from server.supplies.forms import DECIMAL_CATEGORIES, MOST
from server.supplies.stock import Item, StockPlace, Store

ENTERED = {key: words for key, words in STOCK_REASONS.items() if key != "handout"}


class MoveForm(BaseForm):
    """A delivery, a return or a correction."""

    id = HiddenField()
    reason = Choice(_l("種類"), ENTERED, default="delivery")
    item = SelectField(_l("品目"), [required(_l("品目を選んでください。"))])
    place = SelectField(_l("場所"), [required(_l("場所を選んでください。"))])
    quantity = Quantity(
        _l("数"),
        [
            required(_l("数を入れてください。")),
            a_number(_l("数を数字で入れてください。")),
            NumberRange(-MOST, MOST, _l("数が大きすぎます。確かめてください。")),
        ],
        places=None,
        description=_l("訂正で減らすときは、マイナスをつけます。例: -5"),
    )
    moved_on = Day(_l("日付"), [required(_l("日付を入れてください。"))])
    partner = Words(_l("もどしたパートナー"), description=_l("「もどり」のときだけ入れます。"))
    note = Words(_l("メモ・訂正の理由"), max_length=200)

    def offer(self, found: Store) -> None:
        """Items and places in use."""
        self.item.choices = [(str(one.id), one.name) for one in found.items if one.active]
        self.place.choices = [(str(one.id), one.name) for one in found.places if one.active]

    def check(self, found: Store) -> bool:
        """Pieces are whole, and only a correction may be less than nothing."""
        item = next(one for one in found.items if str(one.id) == self.item.data)
        amount = self.quantity.data or Decimal(0)
        if item.category not in DECIMAL_CATEGORIES and amount != int(amount):
            self.quantity.errors = [_l("小数ではなく、整数で入れてください。")]
        elif amount != round(amount, 2):
            self.quantity.errors = [_l("小数は2けたまでにしてください。")]
        elif amount < 0 and self.reason.data != "correction":
            self.quantity.errors = [_l("0より大きい数を入れてください。")]
        return not self.quantity.errors

    def move(self, partner_id: uuid.UUID | None) -> Move:
        """The valid form."""
        assert self.moved_on.data is not None and self.quantity.data is not None  # noqa: S101
        return Move(
            uuid.UUID(self.item.data), uuid.UUID(self.place.data), self.quantity.data,
            self.reason.data, self.moved_on.data, note=self.note.data or "",
            partner_id=partner_id if self.reason.data == "return" else None,
        )  # fmt: skip


def _limit() -> list[Any]:
    return [optional(), NumberRange(1, MOST, _l("1以上の数を入れてください。"))]


class ItemForm(BaseForm):
    """A kind of thing the city gives."""

    kind = HiddenField(default="item")
    id = HiddenField()
    code = Words(
        _l("記号"), [required_text()], clean=lambda t: nfkc(t).upper(), max_length=20,
        description=_l("台帳で使う短い記号。例: BAG-L"),
    )  # fmt: skip
    name = Words(_l("品目"), [required_text()], max_length=60)
    unit = Words(_l("単位"), [required_text()], max_length=10, description=_l("例: 枚、L、個"))
    category = Choice(_l("区分"), SUPPLY_CATEGORIES, default="bag")
    per_request = WholeNumber(_l("一度の申請の上限"), _limit())
    per_year = WholeNumber(_l("年度の上限"), _limit())
    position = WholeNumber(_l("ならび順"), [optional(), NumberRange(0, 999)], default=0)
    active = Check(_l("申請できるようにする"), default=True)

    def values(self) -> dict[str, Any]:
        """The valid form as columns."""
        names = ("code", "name", "unit", "category", "per_request", "per_year", "active")
        return {name: self.data[name] for name in names} | {"position": self.position.data or 0}


class PlaceForm(BaseForm):
    """Where things are handed out."""

    kind = HiddenField(default="place")
    id = HiddenField()
    name = Words(_l("場所の名前"), [required_text()], max_length=60)
    address = Words(_l("住所"), max_length=120)
    hours = Words(_l("受渡しの時間"), max_length=120, description=_l("例: 平日9:00〜17:00"))
    where = Words(
        _l("地図の上の位置(緯度, 経度)"), max_length=60,
        description=_l("例: 42.3152, 140.9740。位置のある最初の場所から、回収の道順が始まります。"),
    )  # fmt: skip
    position = WholeNumber(_l("ならび順"), [optional(), NumberRange(0, 999)], default=0)
    active = Check(_l("受渡しに使う"), default=True)

    def validate_where(self, field: Words) -> None:
        """A latitude and a longitude, or nothing."""
        if field.data and self._point() is None:
            raise ValidationError(_("緯度と経度を、「42.3152, 140.9740」のように入れてください。"))

    def _point(self) -> tuple[float, float] | None:
        lat, _comma, lon = nfkc(self.where.data).replace("、", ",").partition(",")
        return position(lon, lat)

    def values(self) -> dict[str, Any]:
        """The valid form as columns."""
        names = ("name", "address", "hours", "active")
        columns = {name: self.data[name] for name in names}
        return {**columns, "position": self.position.data or 0, "point": point_text(self._point())}


def as_fields(row: Item | StockPlace, form: type[BaseForm]) -> dict[str, Any]:
    """A row's values for its form."""
    names = [name for name in form().data if hasattr(row, name)]
    return {name: getattr(row, name) for name in names} | {"id": str(row.id)}
