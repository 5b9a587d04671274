"""Forms of the agreement: its terms, its areas, the signed paper, the wording."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData
from wtforms import FileField, Form, HiddenField
from wtforms.validators import InputRequired, NumberRange, ValidationError

from server.agreements.document import AgreedArea, Terms
from server.agreements.queries import Candidate
from server.agreements.wording import MAX_CHARS
from server.errors import Invalid
from server.http.forms import (
    BaseForm,
    Check,
    Choice,
    Choices,
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
from server.labels import FORMS, KINDS, MANAGERS, SIDES, SUPPORTS

MAX_CODES = 60


class ProposalForm(BaseForm):
    """The terms of an agreement. ``seen`` is the proposal the form was filled in for."""

    seen = HiddenField()
    purpose = Paragraphs(
        _l("分かち合う目的"), [required_text()], max_length=600,
        description=_l("市と団体がいっしょに目指すことを書きます。"),
    )  # fmt: skip
    partner_role = Paragraphs(_l("団体が行うこと"), [required_text()], max_length=1500)
    city_role = Paragraphs(_l("市が行うこと"), [required_text()], max_length=1500)
    supports = Choices(_l("市の支援"), SUPPORTS)
    forms = Choices(
        _l("協働の形態"), FORMS,
        [InputRequired(_l("協働の形態を1つ以上えらんでください。"))],
    )  # fmt: skip
    section = Choice(_l("担当課"), {}, [required_text(_l("担当課をえらんでください。"))])
    times_per_year = WholeNumber(
        _l("年間の活動回数"), [optional(), NumberRange(0, 366, _l("0から366で書いてください。"))]
    )
    season = Words(
        _l("活動の時期"), max_length=100, description=_l("書かないと「通年」になります。")
    )
    first = Day(_l("期間のはじまり"), [required(_l("はじまりの日を書いてください。"))])
    last = Day(
        _l("期間のおわり"), [required(_l("おわりの日を書いてください。"))],
        description=_l("この日まで有効です。"),
    )  # fmt: skip
    consent_name = Check(_l("団体名(市民個人は氏名)を公表する"))
    consent_areas = Check(_l("活動区域を公表する"))
    consent_photos = Check(_l("活動の写真を公表する"))
    areas = Words(
        _l("区域を番号で加える"), max_length=600,
        description=_l("区域台帳の番号を、空白で区切って書きます。例: A-0012 A-0030"),
    )  # fmt: skip

    def offer_sections(self, sections: Sequence[str]) -> None:
        """The sections in charge that may be chosen."""
        self.section.choices = [(name, name) for name in dict.fromkeys(filter(None, sections))]

    def validate_last(self, field: Any) -> None:
        """A period is a day at least, and no life-long promise."""
        first = self.first.data
        if first and field.data and field.data < first:
            raise ValidationError(_("おわりの日は、はじまりの日より後にしてください。"))
        if first and field.data and field.data > first + dt.timedelta(days=366 * 10):
            raise ValidationError(_("期間は10年までにしてください。"))

    @property
    def codes(self) -> tuple[str, ...]:
        """The numbers of areas to be added, as they stand in the register."""
        words = nfkc(self.areas.data).upper().replace("、", " ").replace(",", " ").split()
        return tuple(dict.fromkeys(words))[:MAX_CODES]

    def terms(self) -> Terms:
        """What was written, after ``validate``."""
        if self.first.data is None:
            raise Invalid(_("はじまりの日を書いてください。"), "first")
        return Terms(
            purpose=self.purpose.data or "", partner_role=self.partner_role.data or "",
            city_role=self.city_role.data or "", forms=tuple(self.forms.data or ()),
            supports=tuple(self.supports.data or ()), times_per_year=self.times_per_year.data,
            season=self.season.data or "", section=self.section.data, first=self.first.data,
            last=self.last.data, consent_name=bool(self.consent_name.data),
            consent_areas=bool(self.consent_areas.data),
            consent_photos=bool(self.consent_photos.data),
        )  # fmt: skip


class AreaRow(BaseForm):
    """An area that may come under the agreement. What a new one is, staff say here."""

    shown = HiddenField()
    use = Check(_l("この区域を入れる"))
    name = Words(_l("区域の名前"), max_length=120)
    kind = Choice(_l("種別"), KINDS, blank="")
    manager = Choice(_l("管理者"), MANAGERS, blank="")
    section = Words(_l("担当課"), max_length=80)

    candidate: Candidate

    def check(self) -> bool:
        """A new area needs all its words; the others are in the register already."""
        if not (self.validate() and self.use.data and self.candidate.area.new):
            return not self.errors
        for field in self._words():
            if not field.data:
                field.errors = [_("新しい区域には、ここも要ります。")]
        return not self.errors

    def must_be_named(self) -> None:
        """Show the words of a new area as ※必須."""
        for field in self._words():
            field.flags.required = True

    def _words(self) -> tuple[Any, ...]:
        return self.name, self.kind, self.manager, self.section

    def area(self) -> AgreedArea:
        """The area as it is to be agreed."""
        area = self.candidate.area
        if not area.new:
            return area
        return replace(
            area, name=self.name.data or "", kind=self.kind.data, manager=self.manager.data,
            section=self.section.data or "",
        )  # fmt: skip


def area_rows(
    candidates: Sequence[Candidate], sent: FormData | None,
    before: Mapping[str, AgreedArea], ticked: Sequence[str],
) -> list[AreaRow]:  # fmt: skip
    """A row for each candidate: as sent, else as in the proposal ``before`` (by key), else ticked
    if its key is among ``ticked``."""
    rows = []
    for one in candidates:
        prefix = f"area-{one.key}"
        known = before.get(one.key, one.area)
        start = {"shown": "1", "use": one.key in ticked, "name": known.name, "kind": known.kind,
                 "manager": known.manager or "city", "section": known.section}  # fmt: skip
        as_sent = sent if sent is not None and f"{prefix}-shown" in sent else None
        row = AreaRow(as_sent, prefix=prefix, data=start)
        row.candidate = one
        if one.area.new:
            row.must_be_named()
        rows.append(row)
    return rows


class PaperForm(BaseForm):
    """A signed paper: which sides it carries, from which day."""

    sha256 = HiddenField()
    sides = Choices(_l("署名した側"), SIDES, description=_l("紙で合意した側をえらびます。"))
    day = Day(_l("書面で合意した日"), [optional()])
    paper = FileField(_l("合意書の写し"))


class WordingForm(BaseForm):
    """A version of the wording. ``seen`` is the version the form was filled in for."""

    seen = HiddenField()
    body = Paragraphs(_l("文面"), [required_text()], max_length=MAX_CHARS)
    note = Words(
        _l("この版のメモ"), max_length=200, description=_l("何を変えたかを書いておきます。")
    )

    def validate_seen(self, field: Any) -> None:
        """A number; what is not one is as if nothing had been seen."""
        field.data = field.data if (field.data or "").isdigit() else "-1"


class ConfirmForm(Form):
    """「この内容で合意します」."""

    sha256 = HiddenField()
    side = HiddenField()


def area_key(area: AgreedArea) -> str:
    """How the candidate of an agreed area is called."""
    return area.source if area.new else str(area.id)


def ids_of(areas: Sequence[AgreedArea]) -> list[uuid.UUID]:
    """The ids of those in the register."""
    return [area.id for area in areas if not area.new]
