"""Forms of the requests: one number per item, asked for, granted or handed over."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast

from wtforms import HiddenField, SelectField
from wtforms.validators import NumberRange, ValidationError

from server.cleanups.forms import a_number
from server.db.base import uuid7
from server.http.forms import (
    BaseForm,
    Check,
    Day,
    Paragraphs,
    Quantity,
    WholeNumber,
    Words,
    optional,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.ledgers.files import plain_number
from server.supplies.actions import Ask, field_of
from server.supplies.requests import Line, Offer, OfferedItem

F = TypeVar("F", bound="AmountsForm")
A = TypeVar("A", bound="AskForm")
MOST = 100_000
DECIMAL_CATEGORIES = {"fuel"}  # litres; everything else is counted in pieces


def _whole(_form: object, field: Any) -> None:
    if field.data is not None and field.data != int(field.data):
        raise ValidationError(_("小数ではなく、整数で入れてください。"))


def _two_places(_form: object, field: Any) -> None:
    if field.data is not None and field.data != round(field.data, 2):
        raise ValidationError(_("小数は2けたまでにしてください。"))


def amount_field(name: str, category: str, support: str = "", default: Any = None) -> Quantity:
    """A number of pieces (or litres) of something; empty = none."""
    exact = _two_places if category in DECIMAL_CATEGORIES else _whole
    rules = [
        optional(),
        a_number(_l("数を数字で入れてください。")),
        NumberRange(0, MOST, _l("0以上の数を入れてください。")),
        exact,
    ]
    return Quantity(name, rules, description=support, places=None, default=default)


def limit_words(item: OfferedItem) -> str:
    """``一度に50枚まで・今年度はあと80枚``, or nothing without limits."""
    parts = []
    if item.per_request:
        words = _("一度に%(n)s%(unit)sまで")
        parts.append(words % {"n": item.per_request, "unit": item.unit})
    if item.per_year:
        left = max(Decimal(0), item.per_year - item.used)
        words = _("今年度はあと%(n)s%(unit)s")
        parts.append(words % {"n": plain_number(left), "unit": item.unit})
    return "・".join(parts)


class AmountsForm(BaseForm):
    """Base of forms with a field per item (``q-<id of the item>``)."""

    amounts = HiddenField(_l("数"))  # never rendered: where messages about all numbers belong

    def numbers(self) -> dict[uuid.UUID, Decimal]:
        """What was written, by item, without zeros."""
        fields = {n: f for n, f in self._fields.items() if n.startswith("q-")}
        return {uuid.UUID(name[2:]): field.data for name, field in fields.items() if field.data}

    def number_fields(self) -> list[Any]:
        """The fields of the items, in their order."""
        return [field for name, field in self._fields.items() if name.startswith("q-")]


class AskForm(AmountsForm):
    """A partner's request."""

    id = HiddenField()
    partner = Words("")  # the code, from a hidden input of the page
    place = SelectField(_l("受け取る場所"), [required(_l("受け取る場所を選んでください。"))])
    wanted_on = Day(_l("受け取りたい日"), [required(_l("日付を入れてください。"))])
    people = WholeNumber(
        _l("活動する人数"),
        [optional(), NumberRange(1, 5000, _l("1人から5000人までの数を入れてください。"))],
    )
    purpose = Words(
        _l("何に使いますか"), max_length=200, description=_l("例: 6月の町内いっせい清掃")
    )

    def offer_places(self, found: Offer) -> None:
        """The places to choose from; a single one is chosen already."""
        self.place.choices = [(str(one.id), _place_words(one)) for one in found.places]
        if len(found.places) == 1 and not self.place.data:
            self.place.data = str(found.places[0].id)

    def sent_id(self) -> uuid.UUID:
        """The id made when the form was opened; a new one for a form that lost it."""
        return as_uuid(self.id.data) or uuid7()

    def ask(self, partner_id: uuid.UUID) -> Ask:
        """The valid form as a request."""
        assert self.wanted_on.data is not None  # noqa: S101 - required
        return Ask(
            partner_id, uuid.UUID(self.place.data), self.wanted_on.data, self.purpose.data or "",
            self.people.data, self.numbers(),
        )  # fmt: skip


def _place_words(place: Any) -> str:
    more = "、".join(part for part in (place.address, place.hours) if part)
    return f"{place.name}({more})" if more else place.name


class CounterForm(AskForm):
    """The staff's form for somebody on the phone or at the counter."""

    partner = Words(
        _l("パートナー"),
        [required_text(_l("パートナーを選んでください。"))],
        description=_l("番号か名前を入れて、候補から選びます。"),
    )
    handed_now = Check(_l("いまお渡しした"), description=_l("承認と受渡しを同時に記録します。"))
    beyond_limits = Check(
        _l("上限を超えて渡す"), description=_l("上限を超えたことが、記録に残ります。")
    )


class StepForm(AmountsForm):
    """Numbers and words with a step of a request."""

    verb = HiddenField()
    comment = Paragraphs(_l("理由・伝えること"), [optional()], max_length=500)


def as_uuid(written: str | None) -> uuid.UUID | None:
    """A UUID that somebody sent, if it is one."""
    try:
        return uuid.UUID(written or "")
    except ValueError:
        return None


def with_items(
    base: type[F], items: Iterable[Any], support: Callable[[Any], str],
    default: Callable[[Any], Decimal | None],
) -> type[F]:  # fmt: skip
    """The form with a number field for each item; ``support`` and ``default`` per item."""
    fields = {
        field_of(_id_of(one)): amount_field(one.name, one.category, support(one), default(one))
        for one in items
    }
    return cast(type[F], type(base.__name__, (base,), fields))


def _id_of(one: OfferedItem | Line) -> uuid.UUID:
    return one.id if isinstance(one, OfferedItem) else one.item_id


def ask_form(base: type[A], found: Offer, data: Any = None, **first: Any) -> A:
    """The form for what is on offer; ``first`` are the values of a new one."""
    made = with_items(base, found.items, limit_words, lambda _item: Decimal(0))
    form = made(data) if data is not None else made(data=first)
    form.offer_places(found)
    return form


def step_form(lines: Sequence[Line], verb: str, data: Any = None) -> StepForm:
    """The form of a step: approve begins with what was asked for, hand_over with the granted."""

    def support(line: Line) -> str:
        known = {
            "asked": plain_number(line.asked), "unit": line.unit,
            "stock": plain_number(line.stock), "granted": plain_number(line.granted or Decimal(0)),
        }  # fmt: skip
        if verb == "hand_over":
            return _("承認 %(granted)s%(unit)s・在庫 %(stock)s%(unit)s") % known
        return _("申請 %(asked)s%(unit)s・在庫 %(stock)s%(unit)s") % known

    def default(line: Line) -> Decimal:
        first = min(line.asked, line.stock) if verb != "hand_over" else line.granted
        return Decimal(plain_number(first or Decimal(0)))  # 20, not 20.00

    return with_items(StepForm, lines, support, default)(data)


def first_day(today: dt.date, lead_days: int) -> dt.date:
    """The earliest day one may wish for."""
    return today + dt.timedelta(days=lead_days)
