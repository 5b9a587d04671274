"""Applications of people who want to become partners, in every state before an agreement.

The partners that are there have their running cases already (``demo/rows.py``).
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from server.demo.programme.kit import Demo
from server.enrolments.answers import Answers, Person
from server.enrolments.machine import ENROLMENT

SHORE = "SRID=4326;LINESTRING(140.9982 42.3338, 141.0021 42.3352, 141.0068 42.3361)"
GARDEN = (
    "SRID=4326;POLYGON((140.9861 42.3402, 140.9874 42.3402, 140.9874 42.3411, 140.9861 42.3411, "
    "140.9861 42.3402))"
)
_FREE = """
SELECT a.id FROM areas a
 WHERE a.retired_on IS NULL
   AND NOT EXISTS (SELECT FROM agreement_areas x WHERE x.area_id = a.id AND x.period @> %s)
 ORDER BY a.code OFFSET %s LIMIT 1"""

Step = tuple[str, int, str, str]


def _person(name: str, kana: str, title: str = "") -> Person:
    return Person(
        name=name, name_kana=kana, title=title, postal_code="050-0000",
        address="室蘭市見本町1丁目2-3", phone="0143-00-0000", email="mihon@example.jp",
    )  # fmt: skip


def _answers(name: str, kana: str, person: Person, start: dt.date, **more: Any) -> Answers:
    """A whole application; ``more`` changes it."""
    usual: dict[str, Any] = {
        "name": name, "name_kana": kana, "representative": person,
        "emergency": Person(name="見本 きんきゅう", phone="0143-00-0001"),
        "people": 12, "minors": 2, "works": ("litter", "weeding"), "times_per_year": 8,
        "season": "4月から11月", "start_on": start, "supports": ("bags", "armbands", "pickup"),
        "bag_place": "公園の入口わき", "consent_name": True, "consent_photos": True,
        "pledged": True, "privacy_agreed": True,
    }  # fmt: skip
    return Answers(**{**usual, **more})


def fill(demo: Demo) -> None:
    """Seven applications: three of はなこ, one of けんじ, three that came on paper."""
    _hanako(demo, demo.day(45))
    _company(demo, demo.day(45))
    _on_paper(demo, demo.day(45))


def _hanako(demo: Demo, start: dt.date) -> None:
    """A draft she has not finished, one that was handed back, one that was refused."""
    herself = _person("見本 はなこ", "ミホン ハナコ")
    draft = Answers(
        name=herself.name, name_kana=herself.name_kana, people=1, minors=0,
        representative=herself, works=("litter",),
    )  # fmt: skip
    _case(demo, "citizen", draft, "hanako", [("draft", -2, "hanako", "")], free=(0,))
    flowers = _answers(
        "見本花のある道の会", "ミホンハナノアルミチノカイ", herself, start, people=6, minors=0,
        works=("flowerbed", "litter"), supports=("bags", "tools", "sign"), wants_sign=True,
        sign_wording="見本花のある道の会",
    )  # fmt: skip
    back = "花壇の場所が、地図では車道にかかっています。歩道がわに描き直してください。"
    way: list[Step] = [
        ("draft", -16, "hanako", ""), ("submitted", -15, "hanako", ""),
        ("checking", -12, "sato", ""), ("returned", -9, "sato", back),
    ]  # fmt: skip
    _case(demo, "npo", flowers, "hanako", way, drawn=("見本通りの花壇", "city_road", GARDEN))
    rail = _answers("見本線路クラブ", "ミホンセンロクラブ", herself, start)
    no = "線路の敷地は市が管理していないため、合意できません。駅前広場でしたら相談できます。"
    way = [
        ("draft", -40, "hanako", ""), ("submitted", -39, "hanako", ""),
        ("checking", -36, "sato", ""), ("rejected", -30, "sato", no),
    ]  # fmt: skip
    _case(demo, "npo", rail, "hanako", way, free=(4,), ended_on=demo.day(-30))


def _company(demo: Demo, start: dt.date) -> None:
    boss = _person("見本 いちろう", "ミホン イチロウ", "総務課長")
    firm = _answers(
        "見本鉄工株式会社", "ミホンテッコウカブシキガイシャ", boss, start, people=35, minors=0,
        times_per_year=12, consent_photos=False, supports=("bags", "armbands", "insurance"),
        contact=Person(name="見本けんじ", name_kana="ミホンケンジ", phone="0143-00-0002"),
    )  # fmt: skip
    way: list[Step] = [("draft", -11, "kenji", ""), ("submitted", -10, "kenji", "")]
    _case(demo, "company", firm, "kenji", way, drawn=("工場前の海岸通り", "beach", SHORE))


def _on_paper(demo: Demo, start: dt.date) -> None:
    """A club being looked at, somebody who phoned, and a paper half typed in."""
    club = _answers(
        "見本大学ボランティア部", "ミホンダイガクボランティアブ",
        _person("見本 さくら", "ミホン サクラ", "部長"), start, people=28, minors=9,
        times_per_year=5, season="5月から10月",
    )  # fmt: skip
    way: list[Step] = [
        ("draft", -21, "sato", ""), ("submitted", -20, "sato", ""), ("checking", -13, "sato", ""),
    ]  # fmt: skip
    _case(demo, "university", club, "", way, free=(1, 2))
    elder = _answers(
        "見本 まさお", "ミホン マサオ", _person("見本 まさお", "ミホン マサオ"), start, people=1,
        minors=0, adult=True, times_per_year=50, season="雪のない時期",
    )  # fmt: skip
    way = [("draft", -2, "sato", ""), ("submitted", -2, "sato", "")]
    _case(demo, "citizen", elder, "", way, free=(3,))
    typed = _answers(
        "見本坂の上町会", "ミホンサカノウエチョウカイ", _person("見本 うめ", "ミホン ウメ", "会長"),
        start, works=(), times_per_year=None, pledged=False,
    )  # fmt: skip
    _case(demo, "neighbourhood", typed, "", [("draft", -1, "sato", "")], free=(5,))


def _case(
    demo: Demo, subject: str, answers: Answers, by: str, way: Sequence[Step], *,
    free: Sequence[int] = (), drawn: tuple[str, str, str] | None = None, **at_end: Any,
) -> None:  # fmt: skip
    """A case with its places: areas nobody cares for (by their place in the list) or a drawing."""
    sent = [step for step in way if step[0] == "submitted"]
    row: dict[str, Any] = {
        "subject": subject,
        "answers": answers.to_json(),
        "by_proxy": not by,
        "requested_by": demo.account(by) if by else None,
        "section": "土木課維持係" if sent else "",
        "submitted_at": demo.moment(sent[0][1], 9, 30) if sent else None,
        "updated_at": demo.moment(way[-1][1], 9, 30),
    }
    id = demo.live(ENROLMENT, row, way, **at_end)
    for place in free:
        area = demo.value(_FREE, demo.today, place)
        _area(demo, id, way[0][1], area_id=area)
    if drawn:
        name, kind, geom = drawn
        _area(demo, id, way[0][1], name=name, kind=kind, geom=geom)


def _area(demo: Demo, id: uuid.UUID, day: int, **columns: Any) -> None:
    born = demo.moment(day, 9, 20)
    demo.insert("enrolment_areas", enrolment_id=id, created_at=born, **_named(columns))


def _named(columns: dict[str, Any]) -> dict[str, Any]:
    return {"name": "", "note": "", **columns}
