"""The log form: four things in sight, the rest folded away. The page and the API share it."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import shapely
from wtforms import FieldList, FormField, HiddenField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # old stubs
from wtforms.validators import NumberRange, StopValidation, ValidationError

from geo.shapes import ShapeError, fault, parse_geometry
from server.cleanups.content import CleanupInput, Litter, added_up, plain
from server.cleanups.queries import AreaChoice, LogChoices, Report
from server.http import forms
from server.http.i18n import gettext as _
from server.http.i18n import jarea, jlength
from server.http.i18n import lazy as _l
from server.labels import LITTER_CLASSES, LITTER_UNITS, WORKS
from server.policy import Actor

MAX_PEOPLE = 5000
MAX_QUANTITY = 100_000
LITTER_ROWS = 3  # rendered blank, so that nobody needs a script to add one
MAX_LITTER_ROWS = len(LITTER_CLASSES) * len(LITTER_UNITS)
EXTENT_BYTES = 300_000
EXTENT_VERTICES = 5_000
TOO_LARGE = _l("数が大きすぎます。確かめてください。")


def a_number(message: str) -> Any:
    """Text that is no number, or none of this world (NaN, Infinity), stops the other checks."""

    def check(_form: object, field: Any) -> None:
        typed = bool(field.raw_data and str(field.raw_data[0]).strip())
        broken = isinstance(field.data, Decimal) and not field.data.is_finite()
        if broken or (typed and field.data is None):
            field.errors = []
            field.data = None
            raise StopValidation(message)

    return check


def _whole(low: int, high: int) -> list[Any]:
    return [
        a_number(_l("数字で入れてください。")),
        NumberRange(low, high, _l("%(min)sから%(max)sまでの数を入れてください。")),
    ]


class LitterRow(forms.BaseForm):
    """One line of litter; without a quantity it is blank and ignored."""

    litter_class = forms.Choice(_l("ごみの種類"), LITTER_CLASSES, name="class", default="burnable")
    quantity = forms.Quantity(
        _l("量"),
        [
            forms.optional(),
            a_number(_l("量を数字で入れてください。")),
            NumberRange(Decimal("0.01"), MAX_QUANTITY, _l("0より大きい数を入れてください。")),
        ],
        places=None,
    )
    unit = forms.Choice(_l("単位"), LITTER_UNITS, default="bag")


class CleanupForm(forms.BaseForm):
    """A report. ``offer`` tells it the choices of the person before it is validated or shown."""

    id = HiddenField()
    version = HiddenField()
    partner = forms.Choice(_l("パートナー"), {}, [forms.required_text()])
    date = forms.Day(
        _l("活動日"),
        [forms.required(_l("活動した日を入れてください。"))],
    )
    area = forms.Choice(
        _l("場所"),
        {},
        [forms.required_text(_l("活動した場所を選んでください。"))],
        validate_choice=False,  # whose area it is, and on which day, the action knows
        filters=[forms.nfkc, forms.tidy],
    )
    people = forms.WholeNumber(
        _l("参加した人数"),
        [forms.required(_l("人数を入れてください。")), *_whole(1, MAX_PEOPLE)],
    )
    bags = forms.Quantity(
        _l("集めた袋"),
        [
            forms.optional(),
            a_number(_l("袋の数を数字で入れてください。")),
            NumberRange(0, MAX_QUANTITY, _l("0以上の数を入れてください。")),
        ],
        places=None,
    )
    bag_class = forms.Choice(_l("袋の中身"), LITTER_CLASSES, default="burnable")
    started_at = forms.ClockTime(_l("開始時刻"), [forms.optional()])
    minutes = forms.WholeNumber(
        _l("活動した時間"),
        [forms.optional(), *_whole(1, 1440)],
        description=_l("休けいをのぞいた分。"),
    )
    children = forms.WholeNumber(_l("うち15歳未満"), [forms.optional(), *_whole(0, MAX_PEOPLE)])
    newcomers = forms.WholeNumber(_l("うち初めての人"), [forms.optional(), *_whole(0, MAX_PEOPLE)])
    works = forms.Choices(_l("活動の内容"), WORKS, [forms.optional()])
    litter = FieldList(
        FormField(LitterRow),
        _l("ほかに集めたごみ"),
        min_entries=LITTER_ROWS,
        max_entries=MAX_LITTER_ROWS,
    )
    geometry = TextAreaField(
        _l("実際に清掃した範囲"),
        filters=[lambda text: (text or "").strip()],
    )
    notes = forms.Paragraphs(
        _l("気づいたこと・要望"),
        [forms.optional()],
        description=_l("市への要望や、次の人への引きつぎなど。"),
    )
    next_plan = forms.Paragraphs(_l("次の予定"), [forms.optional()], max_length=500)

    extent: str | None = None  # GeoJSON in our own writing, once ``geometry`` is validated

    def validate_children(self, field: Any) -> None:
        self._within_people(field)

    def validate_newcomers(self, field: Any) -> None:
        self._within_people(field)

    def _within_people(self, field: Any) -> None:
        if field.data and self.people.data and field.data > self.people.data:
            raise ValidationError(_("参加した人数より多くなっています。"))

    def validate_litter(self, _field: Any) -> None:
        """A class and unit may stand twice; their sum must still be a possible quantity."""
        if any(line.quantity > MAX_QUANTITY for line in added_up(litter_lines(self))):
            raise ValidationError(TOO_LARGE)

    def validate_geometry(self, field: Any) -> None:
        self.extent = checked_extent(field.data)

    def offer(self, choices: LogChoices, partners: Mapping[str, str]) -> None:
        """Set the choices: partners by code, areas by name (grouped, if there are several)."""
        self.partner.choices = [SelectChoice(code, name) for code, name in partners.items()]
        if len(partners) == 1 and not self.partner.data:
            self.partner.data = next(iter(partners))
        several = len(partners) > 1
        self.area.choices = [
            _option(area, partners[area.partner_code] if several else None)
            for area in choices.areas
        ]

    @property
    def folded_errors(self) -> bool:
        """Whether something in the folded part needs correction."""
        in_sight = {"partner", "date", "area", "people", "bags", "bag_class"}
        return any(name not in in_sight for name in self.errors if name)

    @property
    def folded_values(self) -> bool:
        """Whether something in the folded part is filled in."""
        fields = (
            self.started_at, self.minutes, self.children, self.newcomers, self.works,
            self.geometry, self.notes, self.next_plan,
        )  # fmt: skip
        return any(_given(f) for f in fields) or any(_given(r.quantity) for r in self.litter)


def _given(field: Any) -> bool:
    return bool(field.data) or bool(field.raw_data and any(field.raw_data))


def _option(area: AreaChoice, group: str | None) -> SelectChoice:
    """A choice of the select; the script moves the drawing map to ``data-box``."""
    box = ",".join(f"{side:.6f}" for side in area.box)
    return SelectChoice(area.code, area_words(area), {"data-box": box}, group)


def area_words(area: AreaChoice) -> str:
    """``A-0107 母恋〜輪西 歩道(1.9km)``."""
    size = jlength(area.length_m) if area.length_m else jarea(area.area_m2)
    return f"{area.code} {area.name}({size})"


def checked_extent(geojson: str) -> str | None:
    """A drawn extent in our own writing, None for nothing drawn. Raises ValidationError."""
    if not geojson:
        return None
    try:
        shape = parse_geometry(geojson, max_bytes=EXTENT_BYTES, max_vertices=EXTENT_VERTICES)
    except ShapeError as error:
        if error.code in ("too_large", "too_many_vertices"):
            raise ValidationError(
                _("描いた形が細かすぎます。点をへらして描き直してください。")
            ) from None
        raise ValidationError(
            _("地図に描いた範囲を読みとれませんでした。消して、もう一度描いてください。")
        ) from None
    reason = fault(shape)
    if reason == "self_crossing":
        raise ValidationError(
            _("描いた範囲の線が交わっています。交わらないように描き直してください。")
        )
    if reason:
        raise ValidationError(
            _("描いた範囲が小さすぎるか、形がくずれています。描き直してください。")
        )
    return json.dumps(shapely.geometry.mapping(shape))


def litter_lines(form: CleanupForm) -> list[Litter]:
    """Bags and further lines of a form, blank ones left out."""
    lines = []
    if form.bags.data and form.bags.data.is_finite() and not form.bags.errors:
        lines.append(Litter(form.bag_class.data, "bag", form.bags.data))
    for row in form.litter:
        quantity = row.quantity.data
        if quantity and quantity.is_finite() and not row.errors:
            lines.append(Litter(row.litter_class.data, row.unit.data, quantity))
    return [line for line in lines if line.litter_class in LITTER_CLASSES]


def cleanup_input(form: CleanupForm) -> CleanupInput:
    """What a valid form says."""
    assert form.date.data is not None and form.people.data is not None  # noqa: S101 - validated
    rounded = [
        Litter(x.litter_class, x.unit, x.quantity.quantize(Decimal("0.01")))
        for x in litter_lines(form)
    ]
    return CleanupInput(
        area_code=(form.area.data or "").upper(),
        done_on=form.date.data,
        people=form.people.data,
        started_at=form.started_at.data,
        minutes=form.minutes.data,
        children=form.children.data,
        newcomers=form.newcomers.data,
        works=tuple(form.works.data or ()),
        litter=added_up([line for line in rounded if line.quantity]),
        extent=form.extent,
        notes=form.notes.data or "",
        next_plan=form.next_plan.data or "",
    )


def sent_id(form: CleanupForm) -> uuid.UUID | None:
    """The id the sender made for the report, or None if there is no readable one."""
    try:
        return uuid.UUID(form.id.data or "")
    except ValueError:
        return None


def sent_version(form: "CleanupForm | ReviewForm") -> int:
    """The version the form was opened at; 0 (never right) if it cannot be read."""
    text = form.version.data or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def partner_names(actor: Actor) -> dict[str, str]:
    """The partners somebody can log for, by code."""
    return {partner.code: partner.name for partner in actor.partners}


def filled(content: CleanupInput) -> dict[str, Any]:
    """Field values of a report, for the form that corrects it."""
    bags = next((x for x in content.litter if x.unit == "bag"), None)
    rows = [
        {"litter_class": x.litter_class, "unit": x.unit, "quantity": plain(x.quantity)}
        for x in content.litter
        if x is not bags
    ]
    blank = max(1, LITTER_ROWS - len(rows))
    return {
        "date": content.done_on,
        "area": content.area_code,
        "people": content.people,
        "bags": plain(bags.quantity) if bags else 0,
        "bag_class": bags.litter_class if bags else "burnable",
        "started_at": content.started_at,
        "minutes": content.minutes,
        "children": content.children,
        "newcomers": content.newcomers,
        "works": list(content.works),
        "litter": [*rows, *({"quantity": None} for _row in range(blank))],
        "geometry": content.extent or "",
        "notes": content.notes,
        "next_plan": content.next_plan,
    }


def report_form(report: Report) -> CleanupForm:
    """The form that corrects a report."""
    return CleanupForm(
        data={
            **filled(report.content), "id": str(report.id), "version": str(report.version),
            "partner": report.partner_code,
        }
    )  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """What a link to the form may ask for: ``?area=A-0001`` on a sign, ``?from=`` a hosted
    activity with the people who were checked in."""

    area: str | None = None
    day: dt.date | None = None
    people: int | None = None


def blank_form(
    choices: LogChoices, wish: Wish, cleanup_id: uuid.UUID, today: dt.date
) -> CleanupForm:
    """A new report: today, the last area (if it is still under agreement), the last people."""
    live = [a for a in choices.areas if a.live]
    by_code = {a.code: a for a in choices.areas}
    asked = by_code.get((wish.area or "").upper())
    last = next((a for a in live if a.code == choices.last_area), None)
    area = asked or last or (live[0] if live else None)
    return CleanupForm(
        data={
            "id": str(cleanup_id), "date": wish.day or today, "area": area.code if area else None,
            "partner": area.partner_code if area else choices.last_partner,
            "people": wish.people or choices.last_people, "bags": 0, "bag_class": "burnable",
        }
    )  # fmt: skip


class WithdrawForm(forms.BaseForm):
    """Why a report is taken back."""

    reason = forms.Words(
        _l("取り消す理由"),
        [forms.required_text(_l("理由を書いてください。"))],
        description=_l("例: 同じ活動を2回記録した。"),
    )


class ReviewForm(forms.BaseForm):
    """The city's answer to a report."""

    version = HiddenField()
    decision = forms.Choice(
        _l("確認の結果"), {"accepted": _l("確認済みにする"), "returned": _l("差し戻す")}
    )
    comment = forms.Paragraphs(
        _l("パートナーに伝えること"),
        [forms.optional()],
        max_length=500,
        description=_l("差し戻すときは、直してほしいところを書きます。"),
    )
