"""Forms of the exchange: announcements, the meeting, the board."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import HiddenField, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # old stubs
from wtforms.validators import NumberRange, ValidationError

from server.areas.search import search_text
from server.db.base import uuid7
from server.enrolments.forms import sent_uuid
from server.exchange.announce_actions import News
from server.exchange.announce_queries import Audience, Choice
from server.exchange.board_actions import Writing
from server.exchange.circle import Voice
from server.exchange.meeting_actions import MAX_PEOPLE, Plan
from server.exchange.meeting_queries import Meeting
from server.http.forms import (
    BaseForm,
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
from server.http.forms import Choice as ChoiceField
from server.http.i18n import gettext as _
from server.http.i18n import jfiscal_year
from server.http.i18n import lazy as _l
from server.labels import KINDS, SUBJECTS

TO = {
    "all": _l("すべてのパートナー"),
    "some": _l("協働の主体や、区域の種別で選ぶ"),
    "chosen": _l("ひとつずつ選ぶ"),
}


def _to() -> list[Any]:
    return [SelectChoice(key, words) for key, words in TO.items()]


class _WithId(BaseForm):
    """A form that makes one thing: the id is made when it is opened, so a double send is one."""

    id = HiddenField()

    @property
    def new_id(self) -> uuid.UUID:
        """The id, or a new one for a form that lost it."""
        return sent_uuid(self.id.data) or uuid7()


# --- announcements -------------------------------------------------------------------------------


class AnnouncementForm(_WithId):
    """What is announced, and to whom."""

    title = Words(_l("題名"), [required_text()], max_length=80)
    body = Paragraphs(
        _l("本文"), [required_text()], max_length=4000,
        description=_l("メールにも、このまま入ります。"),
    )  # fmt: skip
    to = RadioField(_l("送り先"), [required()], choices=_to, default="all")
    subjects = Choices(
        _l("協働の主体"), SUBJECTS, [optional()], description=_l("選ばないと、すべてです。")
    )
    kinds = Choices(
        _l("区域の種別"), KINDS, [optional()], description=_l("選ばないと、すべてです。")
    )
    partners = Choices(_l("パートナー"), {}, [optional()], validate_choice=False)
    search = Words(
        _l("名前・読み・番号でさがす"), max_length=60,
        description=_l("さがして印を付け、またさがせます。印はのこります。"),
    )  # fmt: skip

    def start(self, id: str, partner: str) -> None:
        """An empty form, or one to a single partner (by its code)."""
        self.id.data = id
        if partner:
            self.to.data, self.partners.data = "chosen", [partner]

    @property
    def chosen(self) -> list[str]:
        """Codes ticked so far, bounded."""
        return [str(code)[:20] for code in (self.partners.data or [])][:500]

    @property
    def words(self) -> str:
        """What is searched for."""
        return search_text(self.search.data)

    def offer(self, found: Sequence[Choice]) -> None:
        """Partners to tick."""
        self.partners.choices = [(one.code, f"{one.code} {one.name}") for one in found]

    def validate_partners(self, _field: Any) -> None:
        """Somebody has to be chosen when partners are chosen one by one."""
        if self.to.data == "chosen" and not self.chosen:
            raise ValidationError(_("パートナーを選んでください。"))

    def news(self) -> News:
        """What was written."""
        audience = Audience()
        if self.to.data == "chosen":
            audience = Audience(partners=tuple(self.chosen))
        elif self.to.data == "some":
            audience = Audience(tuple(self.subjects.data or ()), tuple(self.kinds.data or ()))
        return News(self.new_id, self.title.data or "", self.body.data or "", audience)


# --- the meeting ---------------------------------------------------------------------------------


class MeetingForm(_WithId):
    """When, where, about what."""

    title = Words(_l("名前"), [required_text()], max_length=80)
    fiscal_year = ChoiceField(
        _l("資料の年度"), {}, [required()], description=_l("この年度の数字を、資料の表に出します。")
    )
    day = Day(_l("日"), [required(_l("日付を入れてください。"))])
    starts = ClockTime(_l("始まり"), [required(_l("時刻を入れてください。"))])
    ends = ClockTime(_l("終わり"), [required(_l("時刻を入れてください。"))])
    place = Words(_l("場所"), [required_text()], max_length=120)
    agenda = Paragraphs(_l("次第"), max_length=4000, description=_l("1行に1つ書きます。"))
    minutes = Paragraphs(
        _l("記録"), max_length=8000, description=_l("開催のあとに書くと、参加者も読めます。")
    )

    def offer(self, years: Sequence[int]) -> None:
        """年度 to choose from."""
        self.fiscal_year.choices = [SelectChoice(str(year), jfiscal_year(year)) for year in years]

    def plan(self, zone: ZoneInfo) -> Plan:
        """What was decided, on the city's clock. Only after validate()."""
        day, starts, ends = self.day.data, self.starts.data, self.ends.data
        return Plan(
            int(self.fiscal_year.data), self.title.data or "",
            dt.datetime.combine(day, starts, zone),  # type: ignore[arg-type]
            dt.datetime.combine(day, ends, zone),  # type: ignore[arg-type]
            self.place.data or "", self.agenda.data or "",
        )  # fmt: skip

    def fill(self, seen: Meeting, zone: ZoneInfo) -> None:
        """Show a meeting."""
        starts, ends = seen.starts_at.astimezone(zone), seen.ends_at.astimezone(zone)
        self.id.data, self.title.data = str(seen.id), seen.title
        self.fiscal_year.data = str(seen.fiscal_year)
        self.day.data, self.starts.data, self.ends.data = starts.date(), starts.time(), ends.time()
        self.place.data, self.agenda.data, self.minutes.data = seen.place, seen.agenda, seen.minutes


class ReplyForm(BaseForm):
    """How many come."""

    partner = HiddenField()
    people = WholeNumber(
        _l("来る人数"),
        [
            required(_l("人数を入れてください。来られないときは0です。")),
            NumberRange(0, MAX_PEOPLE, _l("0から100までの数を入れてください。")),
        ],
        description=_l("来られないときは0にしてください。"),
    )
    note = Words(_l("ひとこと"), max_length=200, description=_l("例: 車いすの人が1人います。"))

    def name_for(self, code: str) -> None:
        """Ids of its own, for a page with a form for each of several partners."""
        for field in (self.people, self.note):
            field.id = field.label.field_id = f"{field.name}-{code}"


class ReasonForm(BaseForm):
    """Why."""

    comment = Paragraphs(_l("理由"), [required_text(_l("理由を書いてください。"))], max_length=1000)


# --- the board -----------------------------------------------------------------------------------


class AnswerForm(_WithId):
    """An answer on the board; ``voice`` is chosen by those who have more than one."""

    body = Paragraphs(
        _l("回答"), [required_text()], max_length=2000,
        description=_l("電話番号やメールアドレスなど、連絡先は書かないでください。"),
    )  # fmt: skip
    voice = ChoiceField(_l("書く人"), {}, [optional()])

    def offer(self, found: Sequence[Voice]) -> None:
        """Voices to choose from; the first stands when none is named."""
        self.voice.choices = [SelectChoice(one.key, one.words) for one in found]
        self.voice.flags.required = True  # in words only: it always has a value
        if not self.voice.data and found:
            self.voice.data = found[0].key

    def writing(self) -> Writing:
        """What was written."""
        return Writing(self.new_id, "", self.body.data or "")


class QuestionForm(AnswerForm):
    """A question on the board."""

    title = Words(
        _l("題名"), [required_text()], max_length=80,
        description=_l("例: 草の袋は、いつ取りに来てもらえますか。"),
    )  # fmt: skip
    body = Paragraphs(
        _l("くわしく"), [required_text()], max_length=2000,
        description=_l("電話番号やメールアドレスなど、連絡先は書かないでください。"),
    )  # fmt: skip

    def writing(self) -> Writing:
        """What was written."""
        return Writing(self.new_id, self.title.data or "", self.body.data or "")
