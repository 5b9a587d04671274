"""Forms of the activities: joining, posting, cancelling."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import HiddenField, SelectField
from wtforms.validators import NumberRange, ValidationError

from server.errors import Invalid
from server.http.forms import (
    BaseForm,
    Check,
    Choices,
    ClockTime,
    Day,
    Paragraphs,
    WholeNumber,
    Words,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import WORKS
from server.opportunities.actions import MAX_PEOPLE, Draft
from server.opportunities.queries import Detail, OwnArea, area_key
from server.opportunities.search import position

KEPT = "kept"  # the area an activity has already, when it is not among those on offer
TYPED = (
    "title", "description", "works", "meeting_place", "capacity", "children_ok",
    "empty_handed_ok", "step_free", "bring", "safety_notes",
)  # fmt: skip


class SignupForm(BaseForm):
    """How many come."""

    people = WholeNumber(
        _l("参加する人数"),
        [required(), NumberRange(1, MAX_PEOPLE, _l("人数は1人から10人までです。"))],
        default=1,
        description=_l("あなたを含めた人数です。"),
    )


class CancelForm(BaseForm):
    """Why an activity is called off."""

    reason = Words(
        _l("中止の理由"),
        [required_text(_l("申し込んだ人に伝える理由を書いてください。"))],
        description=_l("申し込んだ人へのメールと、活動のページに出ます。例: 大雨の予報のため"),
    )


class PostForm(BaseForm):
    """An activity as a host writes it."""

    id = HiddenField()
    sequence = HiddenField()  # the state that was opened for editing, to notice a second editor
    title = Words(
        _l("活動の名前"),
        [required_text()],
        max_length=80,
        description=_l("例: 母恋駅まわりの春のごみ拾い"),
    )
    area = SelectField(_l("活動区域"), [required(_l("選んでください。"))])
    works = Choices(_l("すること"), WORKS, [required(_l("一つ以上選んでください。"))])
    day = Day(_l("活動する日"), [required(_l("日付を入れてください。"))])
    starts = ClockTime(_l("始まり"), [required(_l("時刻を入れてください。"))])
    ends = ClockTime(_l("終わり"), [required(_l("時刻を入れてください。"))])
    meeting_place = Words(
        _l("集合場所"),
        [required_text()],
        max_length=100,
        description=_l("目印になる名前を書きます。例: 母恋駅前の広場"),
    )
    lon = HiddenField(_l("集合場所の位置"))
    lat = HiddenField()
    point_area = HiddenField()  # the area that the point belongs to
    capacity = WholeNumber(
        _l("定員"),
        [required(), NumberRange(1, 2000, _l("定員は1人から2000人までです。"))],
        default=10,
    )
    children_ok = Check(_l("子どもも参加できる"))
    empty_handed_ok = Check(_l("手ぶらで参加できる"))
    step_free = Check(_l("車いすで参加できる"))
    bring = Words(_l("持ち物"), max_length=200, description=_l("例: 軍手、飲み物、長ぐつ"))
    description = Paragraphs(_l("説明"), description=_l("活動のようすや、初めての人への案内。"))
    safety_notes = Paragraphs(
        _l("安全のためのお願い"),
        max_length=1000,
        description=_l("市からのお願いは、自動でいっしょに出ます。"),
    )

    def validate_lon(self, field: Any) -> None:
        """A place that is not on Earth is refused; an empty one is the area's beginning."""
        given = bool(field.data or self.lat.data)
        if given and position(field.data or "", self.lat.data or "") is None:
            raise ValidationError(_("位置を読み取れませんでした。地図でえらび直してください。"))

    def offer_areas(self, areas: Sequence[OwnArea], *, kept: Detail | None = None) -> None:
        """The areas to choose from; an activity keeps its own area even after the agreement."""
        several = len({area.partner_id for area in areas}) > 1
        pairs = [
            (a.key, f"{a.code} {a.name}" + (f"({a.partner_name})" if several else ""))
            for a in areas
        ]
        if kept and kept.area_id not in {area.id for area in areas}:
            name = f"{kept.area_code} {kept.area_name}" if kept.area_id else _("区域なし")
            pairs.insert(0, (KEPT, name))
        self.area.choices = [("", _("選んでください")), *pairs]

    def chosen_area(self, areas: Sequence[OwnArea]) -> OwnArea | None:
        """The chosen one of the offered areas, if it is one that is offered now."""
        return next((area for area in areas if area.key == self.area.data), None)

    def suggest(self, values: Mapping[str, Any], area: OwnArea | None) -> None:
        """First guesses: the last activity's values, the place of the area when it is another."""
        for name, value in values.items():
            self._fields[name].data = value
        if area is not None and self.point_area.data != area.key:
            self.area.data = self.point_area.data = area.key
            self.lon.data, self.lat.data = f"{area.lon:.5f}", f"{area.lat:.5f}"

    def point(self, area: OwnArea | None) -> tuple[float, float]:
        """Where people meet (degrees): as picked for this area, else where the area begins."""
        picked = position(self.lon.data or "", self.lat.data or "")
        # without scripts the hidden point stays that of the area chosen first
        of_other_area = area is not None and self.point_area.data not in ("", None, area.key)
        if picked is not None and not of_other_area:
            return picked
        if area is None:
            raise Invalid(_("地図で集合場所を選んでください。"), "lon")
        return area.lon, area.lat

    def draft(self, zone: ZoneInfo, area: OwnArea | None, kept: Detail | None = None) -> Draft:
        """The form as an activity, its times on the city's clock."""
        lon, lat = self.point(area)
        typed: dict[str, Any] = {name: self.data[name] for name in TYPED}
        return Draft(
            **typed,
            area_id=area.id if area else kept.area_id if kept else None,
            starts_at=_moment(self.day.data, self.starts.data, zone),
            ends_at=_moment(self.day.data, self.ends.data, zone),
            lon=lon,
            lat=lat,
        )


def _moment(day: dt.date | None, time: dt.time | None, zone: ZoneInfo) -> dt.datetime:
    assert day and time  # noqa: S101 - both are required fields
    try:
        # through UTC, so that comparing and storing a moment near the end of the calendar works
        return dt.datetime.combine(day, time, zone).astimezone(dt.UTC)
    except (OverflowError, ValueError):
        raise Invalid(_("日付を読み取れませんでした。"), "day") from None


def as_values(activity: Detail, zone: ZoneInfo, *, again: bool = False) -> dict[str, Any]:
    """Form values of an activity; ``again`` leaves out what differs from one to the next."""
    starts, ends = activity.starts_at.astimezone(zone), activity.ends_at.astimezone(zone)
    key = area_key(activity.area_id, activity.partner_id)
    values: dict[str, Any] = {
        **{name: getattr(activity, name) for name in TYPED},
        "area": key,
        "point_area": key,
        "starts": starts.time(),
        "ends": ends.time(),
        "lon": f"{activity.lon:.5f}",
        "lat": f"{activity.lat:.5f}",
    }
    return values if again else {**values, "day": starts.date()}
