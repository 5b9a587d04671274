"""The demo's activities of other kinds: drafts, a series, a joint cleanup, the city's meetings."""

import datetime as dt
import uuid
from typing import Any

from server.demo.programme.kit import Demo

SATURDAY, SUNDAY = 5, 6
KIRAN, KIRAN_POINT = "生涯学習センターきらん", "SRID=4326;POINT(141.0190 42.3510)"
WEEKS = 8
BEACH, STREET = "A-0020", "A-0001"

# (days from now, hour, title, kind, forms, description, capacity, by the city)
MEETINGS = (
    (12, 18, "見本町会 夏祭り実行委員会", "festival", ["committee"],
     "出店と、あとかたづけの分担を決めます。", 20, False),
    (19, 13, "防災訓練(初期消火と担架)", "training", ["cohosting"],
     "水消火器と、毛布の担架をためします。", 60, False),
    (16, 18, "まちづくり協議会", "council", ["committee"],
     "通学路の花壇と、冬の見守りについて話します。", 30, True),
    (23, 18, "パブリックコメント説明会(景観計画の案)", "briefing", ["planning"],
     "案のあらましを話し、意見の出し方を案内します。", 80, True),
    (33, 14, "まち「ピカ」パートナー 情報交換会", "exchange", ["information"],
     "それぞれの活動と、こまりごとを話します。", 60, True),
)  # fmt: skip


def fill(demo: Demo) -> None:
    """Fill drafts, meetings, the series and the joint cleanup of MP-0001."""
    for row in MEETINGS:
        _meeting(demo, *row)
    _drafts(demo)
    _series(demo)
    _joint(demo)


def _activity(demo: Demo, starts: dt.datetime, hours: float, **columns: Any) -> uuid.UUID:
    made = demo.moment(-6, 20)
    state = columns.pop("state", "published")
    return demo.insert(
        "opportunities",
        **{
            "partner_id": demo.partner("MP-0001"), "starts_at": starts,
            "ends_at": starts + dt.timedelta(hours=hours), "works": ["litter"],
            "meeting_place": "母恋駅前の広場", "meeting_point": "SRID=4326;POINT(140.989 42.3169)",
            "capacity": 20, "children_ok": True, "empty_handed_ok": True, "step_free": False,
            "description": "", "bring": "軍手、飲み物", "safety_notes": "", "state": state,
            "published_at": None if state == "draft" else made, "cancel_reason": "",
            "sequence": 0, "created_by": demo.account("kenji"), "created_at": made,
            "updated_at": made, **columns,
        },
    )  # fmt: skip


def _meeting(
    demo: Demo, days: int, hour: int, title: str, kind: str, forms: list[str], description: str,
    capacity: int, by_city: bool,
) -> None:  # fmt: skip
    host = {"partner_id": None, "created_by": demo.account("sato")} if by_city else {}
    _activity(
        demo, demo.moment(days, hour), 1.5, title=title, kind=kind, forms=forms, works=["other"],
        description=description, capacity=capacity, meeting_place=KIRAN, meeting_point=KIRAN_POINT,
        step_free=True, bring="", deadline_at=demo.moment(days - 2, 17), strength="light",
        languages=["ja", "easy"], **host,
    )  # fmt: skip


def _next(demo: Demo, weekday: int, after: int) -> int:
    """So many days from today is that weekday, at least ``after`` days on."""
    return after + (weekday - demo.day(after).weekday()) % 7


def _drafts(demo: Demo) -> None:
    days = _next(demo, SUNDAY, 30)
    _activity(demo, demo.moment(days, 9), 2, title="浜の流木ひろい(下書き)", state="draft",
              area_id=demo.area(BEACH), meeting_place="", strength="hard",
              works=["litter", "other"])  # fmt: skip
    _activity(demo, demo.moment(days + 7, 9), 1.5, title="雪どめの花壇じまい(下書き)",
              kind="flowerbed", works=["winter_cover"], state="draft")  # fmt: skip
    _activity(demo, demo.moment(days, 13), 3, title="港まつり あとかたづけ(下書き)", state="draft",
              partner_id=None, created_by=demo.account("sato"), capacity=100,
              kind="joint", forms=["cohosting"])  # fmt: skip


def _series(demo: Demo) -> None:
    """Every second Saturday morning; one day is off, one was postponed by a day."""
    first = _next(demo, SATURDAY, 4)
    series = demo.insert(
        "opportunity_series", partner_id=demo.partner("MP-0001"),
        rrule=f"FREQ=WEEKLY;INTERVAL=2;COUNT={WEEKS}", first_on=demo.day(first),
        exceptions=[demo.day(first + 28)], created_by=demo.account("kenji"),
        created_at=demo.moment(-6, 20),
    )  # fmt: skip
    for n in range(WEEKS):
        days = first + 14 * n
        if n == 2:  # the day that is left out
            continue
        late = n == 1
        row: dict[str, Any] = {
            "title": "土曜の朝の歩道そうじ", "series_id": series, "occurrence_on": demo.day(days),
            "area_id": demo.area(STREET), "wants_hands": n == 0, "min_people": 4,
            "postponed_from": demo.moment(days, 7) if late else None, "sequence": int(late),
        }  # fmt: skip
        _activity(demo, demo.moment(days + late, 7), 1, **row)


def _joint(demo: Demo) -> None:
    """Three partners and three areas; one of those asked has not answered yet."""
    days = _next(demo, SUNDAY, 18)
    id = _activity(
        demo, demo.moment(days, 9), 2, title="合同清掃 まちを一周", kind="joint",
        forms=["cohosting"], area_id=demo.area(STREET), capacity=80, guardian="accompany",
        min_people=10, deadline_at=demo.moment(days - 3, 17), works=["litter", "weeding"],
        languages=["ja", "en"], description="町会と会社と学校で、歩道をひとまわりします。",
    )  # fmt: skip
    for code, answered in (("MP-0002", True), ("MP-0003", True), ("MP-0004", False)):
        demo.insert(
            "opportunity_hosts", opportunity_id=id, partner_id=demo.partner(code),
            invited_at=demo.moment(-5, 12), accepted_at=demo.moment(-4, 19) if answered else None,
        )  # fmt: skip
    for code in ("A-0002", "A-0003"):
        demo.insert("opportunity_areas", opportunity_id=id, area_id=demo.area(code))
    slots = (("受付", "reception", 4, False), ("草刈り機班", "mower", 6, True),
             ("ごみ拾い班", "litter", 60, False))  # fmt: skip
    for position, (label, role, capacity, course) in enumerate(slots):
        demo.insert(
            "opportunity_slots", opportunity_id=id, position=position, label=label, role=role,
            capacity=capacity, needs_course=course,
        )  # fmt: skip
