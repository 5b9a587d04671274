"""Forms of help calls: posting one, answering one, closing one."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from wtforms import HiddenField
from wtforms.validators import NumberRange

from server.citysettings.queries import City
from server.db.base import uuid7
from server.errors import Invalid
from server.helpcalls.actions import NewCall
from server.helpcalls.helping import MAX_PEOPLE, Reply
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
    optional,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import STRENGTHS, WORKS
from server.opportunities.ownareas import OwnArea, area_key
from server.opportunities.search import position
from server.policy import Actor

WHEN = {"day": _l("日時を決める"), "any": _l("いつでもよい")}
TO = {
    "both": _l("市民とパートナー"),
    "citizens": _l("市民だけ"),
    "partners": _l("パートナーだけ"),
}


class CallForm(BaseForm):
    """A partner asks for hands. One screen; what is kept blank is left out."""

    id = HiddenField()
    activity = HiddenField()  # the id of the activity of a dated call, made with the form
    title = Words(
        _l("手伝ってほしいこと"), [required_text()], max_length=80,
        description=_l("例: 坂の上の草刈りを手伝ってください"),
    )  # fmt: skip
    works = Choices(_l("作業の種類"), WORKS, [required(_l("一つ以上選んでください。"))])
    when = Choice(_l("いつ"), WHEN, [required()], default="day")
    day = Day(_l("活動する日"), [optional()])
    starts = ClockTime(_l("始まり"), [optional()])
    ends = ClockTime(_l("終わり"), [optional()])
    until_on = Day(_l("いつまで"), [optional()], description=_l("この日まで返事を待ちます。"))
    people = WholeNumber(
        _l("手伝ってほしい人数"),
        [required(), NumberRange(1, 200, _l("人数は1人から200人までです。"))],
        default=5,
    )
    to = Choice(_l("だれにお願いしますか"), TO, [required()], default="both")
    area = Choice(_l("活動区域"), {}, [required(_l("選んでください。"))])
    place = Words(
        _l("集合場所"), [required_text()], max_length=100,
        description=_l("目印になる名前を書きます。例: 母恋駅前の広場"),
    )  # fmt: skip
    lon = HiddenField(_l("集合場所の位置"))
    lat = HiddenField()
    strength = Choice(_l("体力"), STRENGTHS, [required()], default="normal")
    needs_course = Check(_l("草刈り機の講習がすんでいる人にお願いする"))
    what_for = Paragraphs(
        _l("くわしい説明"), max_length=1000,
        description=_l("だれでも読めます。電話番号などは書かないでください。"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # the page shows only those that go with the chosen "when", and then they must be filled in
        for one in (self.day, self.starts, self.ends, self.until_on):
            one.flags.required = True

    def validate(self, extra_validators: Any = None) -> bool:
        """Also asks for what goes with the chosen "when", so that all is said in one go."""
        is_valid = super().validate(extra_validators)
        any_day = self.when.data == "any"
        wanted = (self.until_on,) if any_day else (self.day, self.starts, self.ends)
        missing = [one for one in wanted if one.data is None and not one.errors]
        for one in missing:
            one.errors = [
                _("日付を入れてください。") if any_day else _("日付と時刻を入れてください。")
            ]
        return is_valid and not missing

    def offer(self, areas: Sequence[OwnArea], actor: Actor) -> None:
        """The own areas, and for each partner a place anywhere on the map."""
        several = len(actor.partners) > 1
        pairs = [
            (a.key, f"{a.code} {a.name}" + (f"({a.partner_name})" if several else ""))
            for a in areas
        ]
        for one in actor.partners:
            name = f"({one.name})" if several else ""
            pairs.append((area_key(None, one.id), _("地図で選ぶ") + name))
        self.area.choices = pairs

    def new(self, areas: Sequence[OwnArea], actor: Actor, city: City) -> NewCall:
        """What was written. Raises Invalid with the field."""
        area = next((a for a in areas if a.key == self.area.data), None)
        partner_id = (area and area.partner_id) or self._partner(actor)
        starts, ends, until = self._when(city)
        lon, lat = self._point(area)
        to = self.to.data
        return NewCall(
            id=_uuid(self.id.data), opportunity_id=_uuid(self.activity.data),
            partner_id=partner_id, area_id=area.id if area else None,
            title=self.title.data or "", what_for=self.what_for.data or "",
            works=list(self.works.data or ()), strength=self.strength.data,
            needs_course=self.needs_course.data, place=self.place.data or "", lon=lon, lat=lat,
            starts_at=starts, ends_at=ends, until_on=until, people_wanted=self.people.data or 1,
            to_citizens=to != "partners", to_partners=to != "citizens",
        )  # fmt: skip

    def _partner(self, actor: Actor) -> uuid.UUID:
        for one in actor.partners:
            if self.area.data == area_key(None, one.id):
                return one.id
        raise Invalid(_("場所を選んでください。"), "area")

    def _when(self, city: City) -> tuple[dt.datetime | None, dt.datetime | None, dt.date | None]:
        if self.when.data == "any":
            return None, None, self.until_on.data
        day, starts, ends = self.day.data, self.starts.data, self.ends.data
        if day is None or starts is None or ends is None:
            missing = "day" if day is None else "starts" if starts is None else "ends"
            raise Invalid(_("日付と時刻を入れてください。"), missing)
        try:
            moments = [
                dt.datetime.combine(day, time, city.zone).astimezone(dt.UTC)
                for time in (starts, ends)
            ]
        except (OverflowError, ValueError):
            raise Invalid(_("日付を読み取れませんでした。"), "day") from None
        return moments[0], moments[1], None

    def _point(self, area: OwnArea | None) -> tuple[float, float]:
        """Where people meet (degrees): as picked, else where the area begins."""
        given = bool(self.lon.data or self.lat.data)
        picked = position(self.lon.data or "", self.lat.data or "")
        if given and picked is None:
            raise Invalid(_("位置を読み取れませんでした。地図でえらび直してください。"), "lon")
        if picked is not None:
            return picked
        if area is None:
            raise Invalid(_("地図で集合場所を選んでください。"), "lon")
        return area.lon, area.lat


def _uuid(raw: str | None) -> uuid.UUID:
    """The id made when the form was opened; a new one for a form that lost it."""
    try:
        return uuid.UUID(raw or "")
    except ValueError:
        return uuid7()


class ReplyForm(BaseForm):
    """Yes or no; the button says which."""

    people = WholeNumber(
        _l("何人で行けますか"),
        [required(), NumberRange(1, MAX_PEOPLE, _l("人数は1人から50人までです。"))],
        default=1,
        description=_l("あなたを含めた人数です。"),
    )
    words = Words(_l("行けるとき"), max_length=200, description=_l("例: 土曜の午前なら行けます"))

    def reply(self, yes: bool) -> Reply:
        return Reply(yes, self.people.data or 1, self.words.data or "")


class StepForm(BaseForm):
    """Why a call is taken back."""

    comment = Words(
        _l("取りやめる理由"), max_length=200,
        description=_l("手伝うと返事をした人に伝えます。例: 大雨の予報のため"),
    )  # fmt: skip


def first_values(areas: Sequence[OwnArea], actor: Actor, wished: str | None) -> dict[str, Any]:
    """A new form: ids of its own, the wished area or the first one."""
    area = next((a for a in areas if wished in (a.key, a.code)), areas[0] if areas else None)
    key = area.key if area else area_key(None, actor.partners[0].id)
    return {"id": str(uuid7()), "activity": str(uuid7()), "area": key}
