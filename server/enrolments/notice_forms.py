"""Forms of the notices of change. Each is filled with what is in the register, to be corrected."""

import datetime as dt
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar

from wtforms import HiddenField
from wtforms.validators import ValidationError

from server.db.base import uuid7
from server.enrolments import forms as filed
from server.enrolments.answers import Person
from server.enrolments.notice_queries import AreaName, Facts
from server.enrolments.notices import Draft
from server.http.forms import BaseForm, Choices, Day, Paragraphs, Words, required, required_text
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import CONTACT_ROLES

_CODE = re.compile(r"A-[0-9]{4,}")


class NoticeForm(BaseForm):
    """What all notices have. ``id`` is made when the form opens, so sending twice makes one."""

    kind: ClassVar[str]
    id = HiddenField()
    partner = HiddenField()
    effective_on = Day(
        _l("変更の日"), [required(_l("日付を入れてください。"))],
        description=_l("この日から新しい内容になります。"),
    )  # fmt: skip
    reason = Paragraphs(_l("理由・連絡したいこと"), max_length=1000)

    def new_id(self) -> uuid.UUID:
        """The id this form came with, or a fresh one."""
        return filed.sent_uuid(self.id.data) or uuid7()

    def start(self, partner_code: str, facts: Facts, today: dt.date) -> None:
        """An empty notice: what is in the register, from today on."""
        self.id.data, self.partner.data = str(uuid7()), partner_code
        self.effective_on.data = today
        self.fill(facts.before(self.kind))

    def fill(self, content: Mapping[str, Any]) -> None:
        """Show a content in the shape of ``Facts.before`` or of ``Notice.after``."""
        raise NotImplementedError

    def after(self, facts: Facts) -> dict[str, Any]:
        """The content as it is filed."""
        raise NotImplementedError

    def draft(self, facts: Facts) -> Draft:
        """What is filed. Valid forms only."""
        assert self.effective_on.data  # noqa: S101 - a required field
        return Draft(self.after(facts), self.effective_on.data, self.reason.data or "")


class NameForm(NoticeForm):
    """団体名の変更."""

    kind = "name"
    name = filed.name_field(_l("新しい名前"), required_text())
    name_kana = filed.reading_field(_l("フリガナ"), required_text())

    def fill(self, content: Mapping[str, Any]) -> None:
        """Show a name."""
        self.name.data, self.name_kana.data = content["name"], content["name_kana"]

    def after(self, facts: Facts) -> dict[str, Any]:
        """The new name."""
        return {"name": self.name.data, "name_kana": self.name_kana.data}


class RepresentativeForm(NoticeForm):
    """代表者の変更: the whole person, since a new one moves in everywhere."""

    kind = "representative"
    name = filed.name_field(_l("新しい代表者の氏名"), required_text())
    name_kana = filed.reading_field(_l("氏名のフリガナ"), required_text())
    title = Words(_l("役職"), max_length=60, description=_l("例: 会長"))
    postal_code = Words(
        _l("郵便番号"), [filed.check_postal], clean=filed.clean_postal, max_length=20
    )
    address = Words(_l("住所"), [required_text()], max_length=200)
    phone = filed.phone_field(_l("電話番号"), required_text())
    email = Words(_l("メールアドレス"), [filed.check_mail], clean=filed.clean_mail, max_length=254)

    def fill(self, content: Mapping[str, Any]) -> None:
        """Show a person."""
        for name, value in content.items():
            self._fields[name].data = value

    def after(self, facts: Facts) -> dict[str, Any]:
        """The new representative."""
        return {name: self._fields[name].data or "" for name in asdict(Person())}


class ContactForm(NoticeForm):
    """連絡先の変更: who is called in daily matters, and in an emergency."""

    kind = "contact"
    contact_name = filed.name_field(_l("連絡責任者の氏名"), required_text())
    contact_kana = filed.reading_field(_l("連絡責任者のフリガナ"))
    contact_phone = filed.phone_field(_l("連絡責任者の電話番号"), required_text())
    contact_email = Words(
        _l("連絡責任者のメールアドレス"), [filed.check_mail], clean=filed.clean_mail, max_length=254
    )
    emergency_name = filed.name_field(_l("緊急連絡先の氏名"))
    emergency_phone = filed.phone_field(_l("緊急のときの電話番号"))

    def validate_emergency_phone(self, field: Any) -> None:
        """A name without a number helps nobody in an emergency."""
        if self.emergency_name.data and not field.data:
            raise ValidationError(_("緊急連絡先の電話番号を入れてください。"))

    def fill(self, content: Mapping[str, Any]) -> None:
        """Show two people, of whom either may be missing."""
        contact, emergency = content["contact"] or {}, content["emergency"] or {}
        self.contact_name.data = contact.get("name", "")
        self.contact_kana.data = contact.get("name_kana", "")
        self.contact_phone.data = contact.get("phone", "")
        self.contact_email.data = contact.get("email", "")
        self.emergency_name.data = emergency.get("name", "")
        self.emergency_phone.data = emergency.get("phone", "")

    def after(self, facts: Facts) -> dict[str, Any]:
        """Both people; what this form does not ask stays, as long as it is the same person."""
        contact = _same_or_new(facts.contacts.get("contact"), self.contact_name.data)
        contact = replace(
            contact, name_kana=self.contact_kana.data or "", phone=self.contact_phone.data or "",
            email=self.contact_email.data or "",
        )  # fmt: skip
        emergency = _same_or_new(facts.contacts.get("emergency"), self.emergency_name.data)
        emergency = replace(emergency, phone=self.emergency_phone.data or "")
        return {"contact": asdict(contact), "emergency": asdict(emergency) if emergency else None}


def _same_or_new(known: Person | None, name: str | None) -> Person:
    return known if known and known.name == name else Person(name=name or "")


class AreasForm(NoticeForm):
    """活動区域の変更: which own areas to give up, which of the register to add."""

    kind = "areas"
    give_up = Choices(_l("やめる区域"), {})
    search = Words(
        _l("くわえたい区域をさがす"), max_length=60,
        description=_l("区域の番号か名前の一部を入れて「さがす」を押します。例: A-0012、母恋"),
    )  # fmt: skip
    add = Choices(_l("くわえる区域"), {})
    text = Paragraphs(
        _l("台帳にない区域・一部だけの変更"), max_length=1000,
        description=_l("場所がわかるように書いてください。例: 駅前通りの郵便局から橋まで"),
    )  # fmt: skip

    def offer(self, own: Sequence[AreaName], found: Sequence[AreaName]) -> None:
        """The areas to choose from; ``found`` by the search or chosen before."""
        mine = {area.code for area in own}
        self.give_up.choices = [(area.code, str(area)) for area in own]
        self.add.choices = [(area.code, str(area)) for area in found if area.code not in mine]
        self._names = {area.code: area.name for area in (*own, *found)}

    @property
    def chosen(self) -> tuple[str, ...]:
        """Numbers ticked to be added, before they are checked."""
        return tuple(code for code in self.add.data or () if _CODE.fullmatch(code))[:50]

    def fill(self, content: Mapping[str, Any]) -> None:
        """Show a notice that was filed; a new one begins empty."""
        self.give_up.data = content.get("give_up", [])
        self.add.data = content.get("add", [])
        self.text.data = content.get("text", "")

    def after(self, facts: Facts) -> dict[str, Any]:
        """What is asked for, and the areas that result from it."""
        gone, add = list(self.give_up.data or ()), list(self.add.data or ())
        kept = [area for area in facts.areas if area.code not in gone]
        new = [AreaName(code, self._names[code]) for code in add]
        areas = [asdict(area) for area in sorted([*kept, *new], key=lambda one: one.code)]
        return {"give_up": gone, "add": add, "text": self.text.data or "", "areas": areas}


FORMS: dict[str, type[NoticeForm]] = {
    form.kind: form for form in (RepresentativeForm, NameForm, ContactForm, AreasForm)
}

_PERSON_LABELS = {
    "name": _l("氏名"),
    "name_kana": _l("フリガナ"),
    "title": _l("役職"),
    "postal_code": _l("郵便番号"),
    "address": _l("住所"),
    "phone": _l("電話番号"),
    "email": _l("メールアドレス"),
}


def differences(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Rows (label, before, after) of a notice, in the order people read."""
    if kind == "name":
        labels = {"name": _("名前"), "name_kana": _("フリガナ")}
        return [(labels[key], before[key], after[key]) for key in labels]
    if kind == "representative":
        return _people_rows("", before, after)
    if kind == "contact":
        rows = []
        for role in ("contact", "emergency"):
            rows += _people_rows(str(CONTACT_ROLES[role]), before[role] or {}, after[role] or {})
        return rows
    old, new = ("\n".join(f"{a['code']} {a['name']}" for a in x["areas"]) for x in (before, after))
    rows = [(_("活動区域"), old, new)]
    return (
        [*rows, (_("台帳にない区域・一部だけの変更"), "", after["text"])] if after["text"] else rows
    )


def _people_rows(
    role: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """One row for each thing known of a person before or after."""
    return [
        (f"{role} {label}".strip(), before.get(key, ""), after.get(key, ""))
        for key, label in _PERSON_LABELS.items()
        if before.get(key) or after.get(key)
    ]
