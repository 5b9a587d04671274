"""The parts of the application as forms. A draft may have gaps: only what cannot be read stops it.

What is asked for in the end is marked ※必須 all the same; ``complete.gaps`` checks it.
"""

import re
import uuid
from dataclasses import replace
from typing import Any, ClassVar

from wtforms import Form, HiddenField, TextAreaField
from wtforms.validators import NumberRange, StopValidation, ValidationError

from server.accounts.forms import clean_email, is_email
from server.db.base import uuid7
from server.enrolments.answers import GROUPS, Answers, Person
from server.enrolments.parts import pledges
from server.http import forms as kit
from server.http.forms import BaseForm, Check, Choice, Choices, Day, Paragraphs, WholeNumber, Words
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import KINDS, SUBJECTS, SUPPORTS, WORKS

MAX_PEOPLE = 5_000
MAX_TIMES = 366
# Katakana with what names of groups are written with besides; kanji is what must not be there.
_KANA = re.compile(r"[\u30a0-\u30ff !-~]*")
_DASHES = re.compile(r"[-\u2010-\u2015\u2212\u30fc\u301c~]")
_PHONE = re.compile(r"\+?[0-9][0-9()\- ]{7,18}[0-9]")
_POSTAL = re.compile(r"([0-9]{3})-?([0-9]{4})")


def clean_kana(text: str | None) -> str:
    """フリガナ in full-width katakana, without control characters."""
    return kit.to_katakana(kit.tidy(text))


def clean_phone(text: str | None) -> str:
    """A phone number as people write it, in ordinary digits and hyphens; the first 0 stays."""
    return _DASHES.sub("-", kit.nfkc(kit.tidy(text)))


def clean_postal(text: str | None) -> str:
    """``0500083`` and ``〒０５０－００８３`` become ``050-0083``."""
    plain = clean_phone(text).lstrip("〒").strip()
    found = _POSTAL.fullmatch(plain)
    return f"{found[1]}-{found[2]}" if found else plain


def clean_mail(text: str | None) -> str:
    """An address of mail without control characters."""
    return clean_email(kit.tidy(text))


class Wanted:
    """Shown as ※必須, but a draft may leave it open."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: Form, field: Any) -> None:
        """Nothing to check yet."""


def _kana(_form: Form, field: Any) -> None:
    if field.data and not _KANA.fullmatch(field.data):
        raise ValidationError(_("ひらがなかカタカナで書いてください。"))


def _phone(_form: Form, field: Any) -> None:
    if field.data and not _PHONE.fullmatch(field.data):
        raise ValidationError(_("電話番号を確かめてください。例: 0143-22-1111"))


def check_postal(_form: Form, field: Any) -> None:
    """Validator: a postal code, or nothing."""
    if field.data and not _POSTAL.fullmatch(field.data):
        raise ValidationError(_("郵便番号は7けたの数字で書いてください。例: 050-0083"))


def check_mail(_form: Form, field: Any) -> None:
    """Validator: an address of mail, or nothing."""
    if field.data and not is_email(field.data):
        raise ValidationError(_("メールアドレスを確かめてください。例: namae@example.jp"))


def _number(_form: Form, field: Any) -> None:
    """Text that is no number stops the other checks, with words of ours."""
    typed = bool(field.raw_data and str(field.raw_data[0]).strip())
    if typed and field.data is None:
        field.errors = []
        raise StopValidation(_("数字で入れてください。"))


def _whole(low: int, high: int) -> list[Any]:
    bounds = NumberRange(low, high, _l("%(min)sから%(max)sまでの数を入れてください。"))
    return [_number, kit.optional(), bounds]


def name_field(label: str, *rules: Any, **kwargs: Any) -> Words:
    """A field for a name."""
    return Words(label, list(rules), max_length=120, **kwargs)


def reading_field(label: str, *rules: Any) -> Words:
    """A field for how a name is read, kept in katakana."""
    return Words(label, [*rules, _kana], clean=clean_kana, max_length=160,
                 description=_l("ひらがなでもかまいません。"))  # fmt: skip


def phone_field(label: str, *rules: Any, **kwargs: Any) -> Words:
    """A field for a phone number."""
    return Words(label, [*rules, _phone], clean=clean_phone, max_length=40, **kwargs)


class SubjectForm(BaseForm):
    """The beginning: who applies. ``id`` comes with the form, so sending twice makes one draft."""

    id = HiddenField()
    subject = Choice(
        _l("だれとして届け出ますか"), SUBJECTS, [kit.required(_l("1つ選んでください。"))]
    )
    partner = Words(
        _l("前に登録したパートナーの番号"), clean=lambda text: kit.nfkc(kit.tidy(text)).upper(),
        max_length=20,
        description=_l("前に合意していて、もう一度はじめる方だけ書きます。例: MP-0012"),
    )  # fmt: skip

    def new_id(self) -> uuid.UUID:
        """The id this form came with, or a fresh one if it is missing or no UUID."""
        return sent_uuid(self.id.data) or uuid7()


def sent_uuid(text: object) -> uuid.UUID | None:
    """An id from a form, or None."""
    try:
        return uuid.UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


class GroupForm(BaseForm):
    """団体のこと."""

    name = name_field(_l("団体名"), Wanted())
    name_kana = reading_field(_l("団体名のフリガナ"), Wanted())
    people = WholeNumber(
        _l("構成員の数"), [Wanted(), *_whole(1, MAX_PEOPLE)],
        description=_l("活動に参加する人のおよその数です。"),
    )  # fmt: skip
    minors = WholeNumber(_l("うち18歳未満"), _whole(0, MAX_PEOPLE))

    @classmethod
    def filled(cls, answers: Answers) -> "GroupForm":
        """The form with what was written so far."""
        return cls(data={name: getattr(answers, name) for name in cls()._fields})

    def into(self, answers: Answers) -> Answers:
        """The answers with this part written in."""
        return replace(
            answers, name=self.name.data or "", name_kana=self.name_kana.data or "",
            people=self.people.data, minors=self.minors.data,
        )  # fmt: skip


class PeopleForm(BaseForm):
    """代表者 (or the citizen), 連絡責任者 and 緊急連絡先."""

    name = name_field(
        _l("代表者の氏名"), Wanted(), description=_l("戸籍の字(髙、﨑など)も使えます。")
    )
    name_kana = reading_field(_l("氏名のフリガナ"), Wanted())
    title = name_field(_l("役職"), description=_l("例: 会長"))
    postal_code = Words(
        _l("郵便番号"), [check_postal], clean=clean_postal, max_length=20,
        description=_l("例: 050-0083"),
    )  # fmt: skip
    address = Words(_l("住所"), [Wanted()], max_length=200)
    phone = phone_field(
        _l("電話番号"), Wanted(), description=_l("日中につながる番号。例: 0143-22-1111")
    )
    email = Words(_l("メールアドレス"), [check_mail], clean=clean_mail, max_length=254)
    adult = Check(_l("わたしは届出ができる年齢です"), [Wanted()])
    contact_name = name_field(_l("連絡責任者の氏名"))
    contact_name_kana = reading_field(_l("連絡責任者のフリガナ"))
    contact_phone = phone_field(_l("連絡責任者の電話番号"))
    contact_email = Words(
        _l("連絡責任者のメールアドレス"), [check_mail], clean=clean_mail, max_length=254
    )
    emergency_name = name_field(
        _l("緊急のときに連絡する人"), description=_l("例: 副会長 見本はなこ")
    )
    emergency_phone = phone_field(_l("緊急のときの電話番号"), Wanted())

    @classmethod
    def filled(cls, answers: Answers) -> "PeopleForm":
        """The form with what was written so far."""
        values = {**vars(answers.representative), "adult": answers.adult}
        for prefix, person in (("contact", answers.contact), ("emergency", answers.emergency)):
            values |= {f"{prefix}_{key}": value for key, value in vars(person or Person()).items()}
        return cls(data=values)

    def into(self, answers: Answers) -> Answers:
        """The answers with this part written in. A citizen is the applicant as well."""
        person = self._person("", "title", "postal_code", "address")
        contact = self._person("contact_") if "contact_name" in self else None
        changed = replace(
            answers, representative=person or Person(), contact=contact,
            emergency=self._person("emergency_"),
        )  # fmt: skip
        if "adult" not in self:
            return changed
        return replace(
            changed, name=changed.representative.name, people=1, minors=0,
            name_kana=changed.representative.name_kana, adult=self.adult.data,
        )  # fmt: skip

    def _person(self, prefix: str, *more: str) -> Person | None:
        names = ("name", "name_kana", "phone", "email", *more)
        kept = {n: self[prefix + n].data or "" for n in names if prefix + n in self}
        return Person(**kept) if any(kept.values()) else None


_SUPPORTS = {key: name for key, name in SUPPORTS.items() if key != "sign"}  # asked for by itself


class PlanForm(BaseForm):
    """活動の計画と、市にのぞむもの."""

    works = Choices(_l("活動の内容"), WORKS, [Wanted()])
    times_per_year = WholeNumber(_l("1年に活動する回数"), [Wanted(), *_whole(0, MAX_TIMES)])
    season = Words(
        _l("活動する時期"), [Wanted()], max_length=120, description=_l("例: 4月から11月の第2日曜"),
    )  # fmt: skip
    start_on = Day(
        _l("はじめたい日"), [kit.optional()],
        description=_l("決まっていなければ、あけたままで大丈夫です。"),
    )  # fmt: skip
    supports = Choices(_l("市にのぞむ支給・貸出"), _SUPPORTS)
    bag_place = Words(
        _l("集めたごみを置く場所"), max_length=200,
        description=_l("例: ○○公園の入口わき。私有地のときは持ち主の了解をもらってください。"),
    )  # fmt: skip
    wants_sign = Check(_l("団体の名前を書いた表示板を立ててほしい"))
    sign_wording = Words(_l("表示板に書く名前"), max_length=60)
    other_schemes = Words(
        _l("ほかの制度への登録"), max_length=200,
        description=_l("国道のボランティア・サポート・プログラムなど、登録があれば書きます。"),
    )  # fmt: skip

    @classmethod
    def filled(cls, answers: Answers) -> "PlanForm":
        """The form with what was written so far."""
        values = {name: getattr(answers, name) for name in cls()._fields}
        return cls(data={**values, "supports": [s for s in answers.supports if s in _SUPPORTS]})

    def into(self, answers: Answers) -> Answers:
        """The answers with this part written in. A sign wished for is one of the supports."""
        sign = ("sign",) if self.wants_sign.data else ()
        return replace(
            answers, works=tuple(self.works.data or ()), times_per_year=self.times_per_year.data,
            season=self.season.data or "", start_on=self.start_on.data,
            supports=(*(self.supports.data or ()), *sign), bag_place=self.bag_place.data or "",
            wants_sign=self.wants_sign.data, sign_wording=self.sign_wording.data or "",
            other_schemes=self.other_schemes.data or "",
        )  # fmt: skip


_YES_NO = {"yes": _l("出してよい"), "no": _l("出さないでほしい")}
_KEPT = {"yes": True, "no": False}
_SHOWN = {True: "yes", False: "no", None: ""}


class ConsentsForm(BaseForm):
    """約束と同意. The texts themselves are the city's."""

    pledged = Check(_l("約束します"), [Wanted()])
    privacy_agreed = Check(_l("個人情報の使いかたに同意します"), [Wanted()])
    consent_name = Choice(
        _l("団体名を市のページなどに出してよいですか"), _YES_NO, [Wanted()],
        validate_choice=False,
    )  # fmt: skip
    consent_photos = Choice(
        _l("活動の写真を市のページなどに出してよいですか"), _YES_NO, [Wanted()],
        validate_choice=False,
    )  # fmt: skip

    @classmethod
    def filled(cls, answers: Answers) -> "ConsentsForm":
        """The form with what was written so far."""
        return cls(
            data={
                "pledged": answers.pledged, "privacy_agreed": answers.privacy_agreed,
                "consent_name": _SHOWN[answers.consent_name],
                "consent_photos": _SHOWN[answers.consent_photos],
            }
        )  # fmt: skip

    def into(self, answers: Answers) -> Answers:
        """The answers with this part written in; a choice that is none counts as not made."""
        return replace(
            answers, pledged="pledged" in self and self.pledged.data,
            privacy_agreed=self.privacy_agreed.data,
            consent_name=_KEPT.get(self.consent_name.data or ""),
            consent_photos=_KEPT.get(self.consent_photos.data or ""),
        )  # fmt: skip


PartForm = GroupForm | PeopleForm | PlanForm | ConsentsForm
FORMS: dict[str, type[PartForm]] = {
    "group": GroupForm, "people": PeopleForm, "plan": PlanForm, "consents": ConsentsForm,
}  # fmt: skip
_GROUPS_ONLY = ("title", "contact_name", "contact_name_kana", "contact_phone", "contact_email")


def fitted(form: PartForm, subject: str, min_adult_age: int) -> PartForm:
    """The form with only the fields this kind of applicant needs, in words for it."""
    citizen = subject not in GROUPS
    if isinstance(form, PeopleForm):
        for name in _GROUPS_ONLY if citizen else ("adult",):
            del form[name]
        if citizen:
            form.name.label.text = _("お名前")
            form.name_kana.label.text = _("フリガナ")
            form.adult.label.text = _("わたしは%(n)s歳以上です") % {"n": min_adult_age}
    if isinstance(form, ConsentsForm):
        if not pledges(subject):
            del form["pledged"]
        if citizen:
            form.consent_name.label.text = _("お名前を市のページなどに出してよいですか")
    return form


class WishForm(BaseForm):
    """A new place: drawn, or a circle of a few steps around a point."""

    id = HiddenField()
    name = Words(
        _l("場所の名前"), [kit.required_text()], max_length=120,
        description=_l("例: 母恋駅前から○○橋まで、○○公園の海がわ"),
    )  # fmt: skip
    kind = Choice(_l("種別"), KINDS, blank=_l("わからない"))
    note = Paragraphs(_l("説明"), max_length=500)
    geometry = TextAreaField(_l("場所の形"))
    lon = Words(_l("経度"), clean=lambda text: kit.nfkc(kit.tidy(text)), max_length=30)
    lat = Words(_l("緯度"), clean=lambda text: kit.nfkc(kit.tidy(text)), max_length=30)

    def new_id(self) -> uuid.UUID:
        """The id this form came with, or a fresh one if it is missing or no UUID."""
        return sent_uuid(self.id.data) or uuid7()


class StepForm(BaseForm):
    """A step of the case, with words for the other side."""

    verb = HiddenField()
    comment = Paragraphs(_l("コメント"), max_length=2000)
