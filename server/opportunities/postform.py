"""The form of an activity. The usual case is short: what is not asked for has a good default."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import HiddenField, SelectField
from wtforms.validators import NumberRange, ValidationError

from server import labels
from server.errors import Invalid
from server.http.forms import (
    BaseForm,
    Check,
    Choice,
    Choices,
    ClockTime,
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
from server.opportunities.actions import Draft
from server.opportunities.ownareas import OwnArea, area_key
from server.opportunities.queries import Detail
from server.opportunities.search import position

KEPT = "kept"  # the area an activity has already, when it is not among those on offer
DRAFT, PUBLISH = "draft", "publish"  # which button was pressed
# Kinds where people work outdoors and so must be told what they will do.
WORKING = ("cleanup", "joint", "help", "flowerbed")
# 協働の形態 of each kind by the city's guideline; the host may say otherwise.
USUAL_FORMS = {
    "joint": ["cohosting"],
    "festival": ["committee"],
    "council": ["committee"],
    "briefing": ["planning"],
    "exchange": ["information"],
}
CLOSING_TIME = dt.time(17)  # of a deadline that was given as a day alone
TYPED = (
    "title", "description", "meeting_place", "capacity", "children_ok", "empty_handed_ok",
    "step_free", "bring", "safety_notes", "kind", "strength", "min_people", "min_age", "guardian",
    "languages", "wants_hands",
)  # fmt: skip


class PostForm(BaseForm):
    """An activity as a host writes it."""

    id = HiddenField()  # made when the form is opened: a double send stays one activity
    sequence = HiddenField()  # which version was on the screen when editing
    save = HiddenField()  # the button: a draft asks for less
    title = Words(
        _l("タイトル"),
        [required_text()],
        max_length=80,
        description=_l("例: 母恋駅前のごみ拾い"),
    )
    kind = Choice(_l("活動の種類"), labels.OPPORTUNITY_KINDS, default="cleanup")
    area = SelectField(_l("活動区域"), [required(_l("選んでください。"))])
    works = Choices(_l("すること"), labels.WORKS)
    day = Day(_l("活動する日"), [required(_l("日付を入れてください。"))])
    starts = ClockTime(_l("始まり"), [required(_l("時刻を入れてください。"))])
    ends = ClockTime(_l("終わり"), [required(_l("時刻を入れてください。"))])
    meeting_place = Words(
        _l("集合場所"),
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
    wants_hands = Check(
        _l("人手が足りません"), description=_l("さがす人の一覧で、先に見つかりやすくなります。")
    )
    children_ok = Check(_l("子どもも参加できる"))
    empty_handed_ok = Check(_l("手ぶらで参加できる"))
    step_free = Check(_l("車いすで参加できる"))
    bring = Words(_l("持ち物"), max_length=200, description=_l("例: 軍手、飲み物、長ぐつ"))
    description = Paragraphs(_l("説明"), description=_l("活動のようすや、初めての人への案内。"))
    deadline_day = Day(
        _l("申込みのしめきり"), [optional()], description=_l("なければ、活動の始まりまで。")
    )
    deadline_time = ClockTime(_l("しめきりの時刻"), [optional()], description=_l("なければ17:00。"))
    min_people = WholeNumber(
        _l("最少人数"),
        [optional(), NumberRange(1, 2000, _l("1人から2000人までです。"))],
        description=_l("集まらないときは、しめきりの前の日にお知らせします。"),
    )
    min_age = WholeNumber(
        _l("参加できる年齢"),
        [optional(), NumberRange(0, 99, _l("0歳から99歳までです。"))],
        description=_l("危ない道具を使うときなど。"),
    )
    guardian = Choice(_l("15歳未満の人"), labels.GUARDIANS, default="none")
    forms = Choices(
        _l("協働の形態"),
        labels.FORMS,
        description=_l("選ばないと、活動の種類に合わせて決まります。"),
    )
    strength = Choice(_l("体力"), labels.STRENGTHS, default="normal")
    languages = Choices(_l("話せることば"), labels.LANGUAGES)
    safety_notes = Paragraphs(
        _l("安全のためのお願い"),
        max_length=1000,
        description=_l("市からのお願いは、自動でいっしょに出ます。"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.meeting_place.flags.required = True  # but for drafts, see below
        self.works.flags.required = self.is_work

    @property
    def is_work(self) -> bool:
        """Whether the kind asks for what will be done."""
        return (self.kind.data or "cleanup") in WORKING

    @property
    def as_draft(self) -> bool:
        """Whether the host wants to go on writing later."""
        return bool(self.save.data == DRAFT)

    def validate_meeting_place(self, field: Any) -> None:
        """Needed by those who come; a draft may leave it for later."""
        if not field.data and not self.as_draft:
            raise ValidationError(_("入力してください。"))

    def validate_works(self, field: Any) -> None:
        """Work has a name; a meeting needs none."""
        if self.is_work and not field.data:
            raise ValidationError(_("一つ以上選んでください。"))

    def validate_lon(self, field: Any) -> None:
        """A place that is not on Earth is refused; an empty one is the area's beginning."""
        given = bool(field.data or self.lat.data)
        if given and position(field.data or "", self.lat.data or "") is None:
            raise ValidationError(_("位置を読み取れませんでした。地図でえらび直してください。"))

    def opens(self, names: Sequence[str]) -> bool:
        """Whether a folded part must be seen: something in it is wrong or was chosen."""
        parts = [self._fields[name] for name in names]
        return any(part.errors or (part.data or None) != (part.default or None) for part in parts)

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
        self.works.flags.required = self.is_work
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
            works=self.works.data or ["other"],
            forms=self.forms.data or usual_forms(self.kind.data),
            area_id=area.id if area else kept.area_id if kept else None,
            starts_at=moment_of(self.day.data, self.starts.data, zone),
            ends_at=moment_of(self.day.data, self.ends.data, zone),
            deadline_at=self._deadline(zone),
            lon=lon,
            lat=lat,
        )

    def _deadline(self, zone: ZoneInfo) -> dt.datetime | None:
        if self.deadline_day.data is None:
            return None
        time = self.deadline_time.data or CLOSING_TIME
        return moment_of(self.deadline_day.data, time, zone, "deadline_day")


class CityPostForm(PostForm):
    """An activity of the city itself: any place, with or without an area."""

    area = Words(  # type: ignore[assignment]
        _l("活動区域の番号"),
        clean=nfkc,
        max_length=20,
        description=_l("活動区域のないところでは、書かずに地図で選びます。例: A-0012"),
    )


def usual_forms(kind: str) -> list[str]:
    """The forms of collaboration that go with a kind of activity."""
    return USUAL_FORMS.get(kind, ["cooperation"])


def moment_of(
    day: dt.date | None, time: dt.time | None, zone: ZoneInfo, field: str = "day"
) -> dt.datetime:
    """A moment on the city's clock. Raises Invalid near the ends of the calendar."""
    assert day and time  # noqa: S101 - both are required fields
    try:
        # through UTC, so that comparing and storing a moment near the end of the calendar works
        return dt.datetime.combine(day, time, zone).astimezone(dt.UTC)
    except (OverflowError, ValueError):
        raise Invalid(_("日付を読み取れませんでした。"), field) from None


def as_values(activity: Detail, zone: ZoneInfo, *, again: bool = False) -> dict[str, Any]:
    """Form values of an activity; ``again`` leaves out what differs from one to the next."""
    starts, ends = activity.starts_at.astimezone(zone), activity.ends_at.astimezone(zone)
    key = area_key(activity.area_id, activity.partner_id)
    values: dict[str, Any] = {
        **{name: getattr(activity, name) for name in TYPED},
        "works": activity.works,
        "forms": [] if activity.forms == usual_forms(activity.kind) else activity.forms,
        "area": key,
        "point_area": key,
        "starts": starts.time(),
        "ends": ends.time(),
        "lon": f"{activity.lon:.5f}",
        "lat": f"{activity.lat:.5f}",
    }
    if again:
        return {**values, "wants_hands": False}
    deadline = activity.deadline_at.astimezone(zone) if activity.deadline_at else None
    closing = (
        {"deadline_day": deadline.date(), "deadline_time": deadline.time()} if deadline else {}
    )
    return {**values, **closing, "day": starts.date()}
