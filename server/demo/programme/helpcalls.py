"""Calls for hands in the demo: open with waves sent, for any day, filled, over, taken back."""

import uuid
from dataclasses import dataclass
from typing import Any

from server.demo.personas import VOLUNTEERS
from server.demo.programme.kit import Demo
from server.helpcalls.machine import HELP_CALL

SECTION = "地域生活課"
BOKOI = (140.9890, 42.3164)
TOWER = (140.9937, 42.3127)
WANISHI = (141.0040, 42.3285)
PARK = (140.9878, 42.3128)


@dataclass(frozen=True)
class Told:
    """A call of the demo. ``day`` is that of the activity, or of the end of one for any day."""

    partner: str
    title: str
    what_for: str
    place: str
    point: tuple[float, float]
    works: list[str]
    day: int
    people: int
    dated: bool = True
    citizens: bool = True
    partners: bool = True
    strength: str = "normal"
    course: bool = False


def fill(demo: Demo) -> None:
    """One of each for the first partner, some of others."""
    _slope(demo)
    _any_day(demo)
    _filled(demo)
    _past(demo)
    _others(demo)


def _slope(demo: Demo) -> None:
    """Two waves have gone out, two people have said yes."""
    call, activity = _call(
        demo,
        Told("MP-0001", "坂の上の草を集める人をさがしています",
             "刈った草を袋に入れて、道のわきまで運びます。会員の平均年齢が上がり、坂の上まで"
             "手がまわらなくなりました。休みながら、ゆっくり進めます。",
             "母恋駅前の広場", BOKOI, ["weeding"], 9, 6),
        [("open", -2, "kenji", "")], wave=2, next_wave_at=demo.moment(1, 9),
    )  # fmt: skip
    for n in range(12):
        wave = 1 if n < 8 else 2
        answer = {0: "yes", 3: "no", 5: "yes", 9: "no"}.get(n)
        _ask(demo, call, n, wave=wave, day=-2 if wave == 1 else -1, answer=answer,
             reasons={"source": "person", "distance_m": 300 + 200 * n})  # fmt: skip
        if answer == "yes":
            _sign_up(demo, activity, n)


def _any_day(demo: Demo) -> None:
    call, _none = _call(
        demo,
        Told("MP-0001", "花壇の水やりを手伝ってください",
             "週に一度でもかまいません。じょうろと水は町会で用意します。",
             "母恋南町公園の花壇", PARK, ["flowerbed"], 30, 4, dated=False, strength="light"),
        [("open", -5, "kenji", "")], wave=1, next_wave_at=demo.moment(1, 10),
    )  # fmt: skip
    _ask(demo, call, 14, wave=1, day=-5, answer="yes", words="土曜の午前なら行けます", people=2,
         reasons={"source": "person", "distance_m": 600, "works": ["flowerbed"]})  # fmt: skip
    _ask(demo, call, 15, wave=1, day=-5, answer="no", reasons={"source": "person"})
    _ask(demo, call, 16, wave=1, day=-5, reasons={"source": "person", "distance_m": 1100})


def _filled(demo: Demo) -> None:
    call, _none = _call(
        demo,
        Told("MP-0001", "冬囲いの板を運ぶ人を2人", "倉庫から公園まで、軽トラックで2回運びます。",
             "母恋南町公園", PARK, ["winter_cover"], 21, 2, dated=False, strength="hard"),
        [("open", -8, "kenji", ""), ("filled", -6, "", "")], wave=1, next_wave_at=None,
    )  # fmt: skip
    _ask(demo, call, 18, wave=1, day=-8, answer="yes", people=2, words="平日の夕方なら",
         reasons={"source": "person", "distance_m": 900})  # fmt: skip


def _past(demo: Demo) -> None:
    call, _none = _call(
        demo,
        Told("MP-0001", "側溝の落ち葉あげを手伝ってください", "大人5人で2時間ほどです。",
             "母恋会館の前", BOKOI, ["litter"], -10, 5, dated=False),
        [("open", -40, "kenji", ""), ("filled", -30, "", ""), ("done", -9, "", "")], wave=1,
        next_wave_at=None,
    )  # fmt: skip
    for n in range(20, 25):
        _ask(demo, call, n, wave=1, day=-40, answer="yes", reasons={"source": "person"})
    _call(
        demo,
        Told("MP-0004", "歩道の雪割り", "", "輪西駅前", WANISHI, ["other"], 25, 6, dated=False),
        [("open", -20, "", ""), ("cancelled", -12, "", "雪がとけたので、必要がなくなりました。")],
        wave=1, next_wave_at=None,
    )  # fmt: skip


def _others(demo: Demo) -> None:
    """What citizens and other partners find in the list."""
    _call(
        demo,
        Told("MP-0003", "歩道の花の植えかえ、3人お願いします",
             "道具はそろっています。花の好きな方、はじめての方もどうぞ。",
             "測量山の登り口", TOWER, ["planting", "flowerbed"], 12, 3, partners=False,
             strength="light"),
        [("open", -1, "", "")], wave=0, next_wave_at=demo.moment(1, 9),
    )  # fmt: skip
    _call(
        demo,
        Told("MP-0009", "草刈り機を使える方の応援をお願いします",
             "観光道路の片側500mほどです。草刈り機は用意します。",
             "地球岬の駐車場", TOWER, ["weeding"], 16, 2, dated=False, citizens=False,
             strength="hard", course=True),
        [("open", -3, "", "")], wave=0, next_wave_at=demo.moment(1, 9),
    )  # fmt: skip


def _call(
    demo: Demo, told: Told, way: list[tuple[str, int, str, str]], **columns: Any
) -> tuple[uuid.UUID, uuid.UUID | None]:
    """A call with its life; a dated one with its activity."""
    lon, lat = told.point
    point = f"SRID=4326;POINT({lon} {lat})"
    starts, ends = demo.moment(told.day, 9, 30), demo.moment(told.day, 11, 30)
    born = demo.moment(way[0][1], 9)
    requested_by = demo.account("kenji") if told.partner == "MP-0001" else None
    activity = None
    if told.dated:
        activity = demo.insert(
            "opportunities", title=told.title, partner_id=demo.partner(told.partner), kind="help",
            description=told.what_for, works=told.works, starts_at=starts, ends_at=ends,
            meeting_place=told.place, meeting_point=point, capacity=told.people,
            children_ok=False, empty_handed_ok=True, step_free=False, bring="", safety_notes="",
            state="published", cancel_reason="", sequence=0, strength=told.strength,
            wants_hands=True, created_by=requested_by, created_at=born, updated_at=born,
            published_at=born,
        )  # fmt: skip
    row = {
        "partner_id": demo.partner(told.partner), "opportunity_id": activity, "title": told.title,
        "what_for": told.what_for, "works": told.works, "strength": told.strength,
        "needs_course": told.course, "place": told.place, "point": point,
        "starts_at": starts if told.dated else None, "ends_at": ends if told.dated else None,
        "until_on": None if told.dated else demo.day(told.day), "people_wanted": told.people,
        "to_citizens": told.citizens, "to_partners": told.partners, "section": SECTION,
        "requested_by": requested_by, **columns,
    }  # fmt: skip
    return demo.live(HELP_CALL, row, way), activity


def _ask(
    demo: Demo, call: uuid.UUID, who: int, *, wave: int, day: int, answer: str | None = None,
    reasons: dict[str, Any], people: int = 1, words: str = "",
) -> None:  # fmt: skip
    asked_at = demo.moment(day, 9, 5)
    demo.insert(
        "help_asks", help_call_id=call, account_id=VOLUNTEERS[who].id, wave=wave, reasons=reasons,
        asked_at=asked_at, answer=answer, people=people, words=words,
        answered_at=demo.moment(day, 12 + who % 8) if answer else None,
    )  # fmt: skip


def _sign_up(demo: Demo, activity: uuid.UUID | None, who: int) -> None:
    demo.insert(
        "signups", opportunity_id=activity, account_id=VOLUNTEERS[who].id, people=1,
        created_at=demo.moment(-1, 12),
    )  # fmt: skip
