"""What is still missing before an application can be sent. Pure: no database, no request."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from server.citysettings.registry import CityRules
from server.enrolments.answers import GROUPS, Answers
from server.enrolments.parts import parts_of, pledges
from server.enrolments.queries import Case
from server.http.i18n import gettext as _


@dataclass(frozen=True)
class Gap:
    """A missing or wrong point: in which part, at which form field, and what to do."""

    part: str
    field: str
    message: str


def gaps(case: Case, rules: CityRules, today: dt.date) -> tuple[Gap, ...]:
    """Everything that keeps this application from being sent, in the order of the form."""
    answers = case.answers
    checks = {
        "group": lambda: _group(answers, rules),
        "people": lambda: _people(answers, case.subject, rules),
        "areas": lambda: _areas(case),
        "plan": lambda: _plan(answers, rules, today),
        "consents": lambda: _consents(answers, case.subject),
    }
    return tuple(
        Gap(part.slug, field, message)
        for part in parts_of(case.subject)
        for field, message in checks[part.slug]()
    )


Found = Iterator[tuple[str, str]]


def _group(answers: Answers, rules: CityRules) -> Found:
    if not answers.name:
        yield "name", _("団体名を書いてください。")
    if not answers.name_kana:
        yield "name_kana", _("団体名のフリガナを書いてください。")
    if answers.people is None:
        yield "people", _("構成員の数を書いてください。")
    elif answers.people < rules.min_group_people:
        words = _("団体は%(n)s人以上から届け出られます。")
        yield "people", words % {"n": rules.min_group_people}
    if answers.people is not None and answers.minors is not None:
        if answers.minors > answers.people:
            yield "minors", _("未成年の数が、構成員の数より多くなっています。")
        elif answers.minors == answers.people:
            yield "minors", _("大人が一人以上いることが必要です。")


def _people(answers: Answers, subject: str, rules: CityRules) -> Found:
    person = answers.representative
    if not person.name:
        yield "name", _("お名前を書いてください。")
    if not person.name_kana:
        yield "name_kana", _("お名前のフリガナを書いてください。")
    if not person.address:
        yield "address", _("住所を書いてください。")
    if not person.phone:
        yield "phone", _("電話番号を書いてください。")
    if answers.contact and not answers.contact.name:
        yield "contact_name", _("連絡責任者のお名前を書いてください。")
    if answers.contact and not (answers.contact.phone or answers.contact.email):
        yield "contact_phone", _("連絡責任者の電話かメールを書いてください。")
    if not answers.emergency or not answers.emergency.phone:
        yield "emergency_phone", _("緊急のときの電話番号を書いてください。")
    if subject not in GROUPS and not answers.adult:
        words = _("ひとりで届け出られるのは%(n)s歳からです。年齢を確かめてください。")
        yield "adult", words % {"n": rules.min_adult_age}


def _areas(case: Case) -> Found:
    if not case.areas:
        yield "chosen", _("活動する場所を選ぶか、提案してください。")


def _plan(answers: Answers, rules: CityRules, today: dt.date) -> Found:
    if not answers.works:
        yield "works", _("活動の内容を1つ以上選んでください。")
    if answers.times_per_year is None:
        yield "times_per_year", _("1年に活動する回数を書いてください。")
    elif answers.times_per_year < rules.min_times_per_year:
        words = _("活動は1年に%(n)s回以上です。")
        yield "times_per_year", words % {"n": rules.min_times_per_year}
    if not answers.season:
        yield "season", _("活動する時期を書いてください。")
    if answers.start_on and answers.start_on < today:
        yield "start_on", _("はじめたい日がすぎています。これからの日を選んでください。")


def _consents(answers: Answers, subject: str) -> Found:
    if pledges(subject) and not answers.pledged:
        yield "pledged", _("約束を読んで、印をつけてください。")
    if not answers.privacy_agreed:
        yield "privacy_agreed", _("個人情報の使いかたに同意してください。")
    if answers.consent_name is None:
        yield "consent_name", _("名前を出してよいかを選んでください。")
    if answers.consent_photos is None:
        yield "consent_photos", _("写真を出してよいかを選んでください。")
