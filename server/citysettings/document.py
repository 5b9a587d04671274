"""A city's settings as a file (``machipika-settings/1``): what may stand in it, and what is wrong.

The file is JSON, so that a person can read, keep and edit it. A part that is left out stays as it
is in the database; a key that is not known is refused, since it is most likely a typing error.
"""

import datetime as dt
import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from geo.crs import PLANE_SRIDS
from geo.shapes import ShapeError, fault, parse_geometry
from server.agreements.wording import faults_of
from server.citysettings.problems import path, words
from server.citysettings.registry import CityRules
from server.errors import DomainError
from server.http.i18n import gettext as _
from server.loans.models import CONDITIONS
from server.supplies.models import CATEGORIES

FORMAT = "machipika-settings/1"
MAX_BYTES = 5_000_000
Name = Annotated[str, Field(min_length=1, max_length=80)]
Text = Annotated[str, Field(max_length=1000)]
Position = Annotated[int, Field(ge=-1000, le=100_000)]
Most = Annotated[int, Field(ge=1, le=1_000_000)]


class BadFile(DomainError):
    """A settings file that cannot be taken; ``problems`` is everything that is wrong with it."""

    code = "invalid"

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            _("設定ファイルに直すところがあります。") + "\n" + "\n".join(self.problems)
        )


class Part(BaseModel):
    """A part of the file: strict about types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _check_digit(five: str) -> int:
    """The sixth digit of a 全国地方公共団体コード, by the ministry's rule."""
    total = sum(int(digit) * weight for digit, weight in zip(five, range(6, 1, -1), strict=True))
    return (11 - total % 11) % 10


LonLat = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]


class MunicipalityPart(Part):
    """The city itself. ``centre`` is lon, lat; ``boundary`` a GeoJSON (Multi)Polygon, lon/lat."""

    code: Annotated[str, Field(pattern=r"^\d{6}$")]
    name: Name
    short_name: Name
    prefecture: Name
    plane_srid: int
    timezone: str
    centre: LonLat
    boundary: dict[str, Any] | None = None

    @field_validator("code")
    @classmethod
    def _code(cls, code: str) -> str:
        if int(code[5]) != _check_digit(code[:5]):
            raise ValueError(_("検査数字(6桁目)が合いません。"))
        return code

    @field_validator("plane_srid")
    @classmethod
    def _plane(cls, srid: int) -> int:
        if srid not in PLANE_SRIDS:
            raise ValueError(_("平面直角座標系のEPSG番号を入れてください。例: 6680"))
        return srid

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(_("時刻帯の名前を入れてください。例: Asia/Tokyo"))
        return name

    @field_validator("boundary")
    @classmethod
    def _boundary(cls, shape: dict[str, Any] | None) -> dict[str, Any] | None:
        if shape is None:
            return None
        try:
            found = fault(parse_geometry(shape, allowed=frozenset({"Polygon", "MultiPolygon"})))
        except ShapeError as error:
            found = error.code
        if found:
            raise ValueError(
                _("GeoJSONのPolygonかMultiPolygonにしてください(%(code)s)。") % {"code": found}
            )
        return shape


def _one_of(codes: tuple[str, ...]) -> AfterValidator:
    """A code of a list; the message names them, for a person who edits the file."""

    def known(code: str) -> str:
        if code not in codes:
            raise ValueError(_("%(codes)s のどれかにしてください。") % {"codes": "・".join(codes)})
        return code

    return AfterValidator(known)


class PlacePart(Part):
    """Where things are handed out; known by its name. ``point`` is lon, lat: the crew's routes
    begin at the first place that has one."""

    name: Name
    address: Text = ""
    hours: Text = ""
    point: LonLat | None = None
    position: Position = 0
    active: bool = True


class ItemPart(Part):
    """A kind of supply; known by its code."""

    code: Name
    name: Name
    unit: Annotated[str, Field(min_length=1, max_length=10)]
    category: Annotated[str, _one_of(CATEGORIES)]
    per_request: Most | None = None
    per_year: Most | None = None
    position: Position = 0
    active: bool = True


class UnitPart(Part):
    """A mower; known by its code. ``place`` is the name of a place."""

    code: Name
    name: Name
    place: Name
    condition: Annotated[str, _one_of(CONDITIONS)] = "good"
    note: Text = ""


class DayPart(Part):
    """A day on which the collection differs from the weekly rule."""

    on_day: dt.date
    open: bool
    capacity: Annotated[int, Field(ge=0, le=500)] | None = None
    note: Text = ""


class TemplatePart(Part):
    """The wording of the agreement that is in use."""

    body: Annotated[str, Field(min_length=1, max_length=50_000)]
    note: Text = ""

    @field_validator("body")
    @classmethod
    def _body(cls, body: str) -> str:
        faults = faults_of(body)
        if faults:
            raise ValueError(" ".join(one.message for one in faults))
        return body


class SettingsFile(Part):
    """The whole file. Rules are checked on their own, together with those in force."""

    format: Literal["machipika-settings/1"]
    rules: dict[str, Any] = Field(default_factory=dict)
    municipality: MunicipalityPart | None = None
    supply_places: tuple[PlacePart, ...] = ()
    supply_items: tuple[ItemPart, ...] = ()
    loan_units: tuple[UnitPart, ...] = ()
    collection_days: tuple[DayPart, ...] = ()
    agreement_template: TemplatePart | None = None

    @model_validator(mode="after")
    def _each_once(self) -> "SettingsFile":
        for name, key in (("supply_places", "name"), ("supply_items", "code"),
                          ("loan_units", "code"), ("collection_days", "on_day")):  # fmt: skip
            keys = [str(getattr(one, key)) for one in getattr(self, name)]
            twice = sorted({one for one in keys if keys.count(one) > 1})
            if twice:
                raise ValueError(f"{name}: " + _("同じものが2回あります: ") + "、".join(twice))
        return self


def read_file(raw: bytes) -> SettingsFile:
    """Read a file as far as it can be checked without the database. Raises BadFile."""
    if len(raw) > MAX_BYTES:
        raise BadFile([_("ファイルが大きすぎます(5MBまで)。")])
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise BadFile([_("JSON(UTF-8)として読めません。")]) from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        other = _("まちピカの設定ファイルではありません。format は %(name)s です。")
        raise BadFile([other % {"name": FORMAT}])
    text = json.dumps(data)
    if r"\u0000" in text:
        raise BadFile([_("使えない文字(NUL)があります。")])
    wrong = _unknown_rules(data.get("rules"))
    try:
        found = SettingsFile.model_validate_json(text)
    except ValidationError as error:
        wrong = [_line(one["loc"], words(one)) for one in error.errors()] + wrong
        raise BadFile(wrong) from None
    if wrong:
        raise BadFile(wrong)
    return found


def _unknown_rules(rules: object) -> list[str]:
    known = set(CityRules.model_fields)
    keys = sorted(set(rules) - known) if isinstance(rules, dict) else []
    return [_line(("rules", str(key)), _("知らない項目です。")) for key in keys]


def _line(loc: tuple[int | str, ...], message: str) -> str:
    return f"{path(loc)}: {message}" if loc else message


def rule_lines(problems: dict[str, str]) -> list[str]:
    """Findings about rules as lines of a file's."""
    return [_line(("rules", key), message) for key, message in problems.items()]
