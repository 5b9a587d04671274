"""Areas handed on in the demo: some look for somebody, one is being tried, one search is over."""

import datetime as dt
import uuid
from typing import Any

from psycopg.types.range import DateRange

from server.demo.programme.kit import Demo
from server.successions.machine import SUCCESSION

ROADS, SCHEME = "土木課維持係", "地域生活課"
# The eastern part of the first partner's pavement, as somebody draws it with a finger.
EAST = "SRID=4326;LINESTRING(140.9965 42.3190, 140.9983 42.3203, 140.9994 42.3213)"
TRIAL_DAYS = 150


def fill(demo: Demo) -> None:
    """Offers in every state that somebody meets."""
    _offered(demo)
    _tried(demo)
    _given_up(demo)


def _offered(demo: Demo) -> None:
    first = _offer(
        demo, "MP-0001", "A-0025", -12, "歩道が長く、東のほうまで手がまわらなくなりました。"
        "東側だけでも、近くの方にお願いできると助かります。",
        part=EAST, part_note="輪西側の坂の上から先", requested_by=demo.account("kenji"),
        until_on=demo.day(140),
    )  # fmt: skip
    _hand(demo, first, "MP-0004", -9, "となりの区域です。月に一度なら続けられます。")
    _hand(demo, first, "MP-0011", -4, "会員が近くに住んでいます。まずはお試しからお願いします。")
    _offer(
        demo, "MP-0004", "A-0027", -5, "役員が交代し、担当できる人が減りました。"
        "草刈りのない時期だけでもかまいません。",
    )  # fmt: skip
    tourist_road = _offer(
        demo, "MP-0009", "A-0022", -30, "平均年齢が高くなり、坂の上の作業がむずかしくなりました。"
        "苗木の手入れのしかたは、会員がいっしょに教えます。",
        until_on=demo.day(120),
    )  # fmt: skip
    _hand(demo, tourist_road, "MP-0001", -20, "地球岬へ行く道なので、町会で手伝えます。")
    _offer(demo, "MP-0003", "A-0054", -2, "公園のそばの会員が引っ越しました。", section=SCHEME)


def _tried(demo: Demo) -> None:
    """The first partner's park is tried by the next one along the tourist road."""
    other, first, last = demo.partner("MP-0009"), demo.day(-20), demo.day(TRIAL_DAYS)
    days = DateRange(first, last)
    park = _offer(
        demo, "MP-0001", "A-0056", -45, "歩道の区域に集中したいので、公園を引き継いでくれる方を"
        "さがしています。",
        way=[("trial", -20, "sato", "秋までお試しをして、話し合いで決めましょう。")],
        section=SCHEME, requested_by=demo.account("kenji"), other_partner_id=other, trial=days,
    )  # fmt: skip
    _hand(demo, park, "MP-0009", -40, "花壇の手入れなら得意です。")
    _hold_on_trial(demo, other, demo.area("A-0056"), first, last)


def _given_up(demo: Demo) -> None:
    _offer(
        demo, "MP-0005", "A-0046", -60, "人が足りませんでした。",
        way=[("withdrawn", -35, "", "新しい会員が入ったので、続けることにしました。")],
    )  # fmt: skip


def _offer(
    demo: Demo, partner: str, area: str, day: int, reason: str, *,
    way: list[tuple[str, int, str, str]] | None = None, section: str = ROADS, **columns: Any,
) -> uuid.UUID:  # fmt: skip
    at_end = {key: columns.pop(key) for key in ("other_partner_id", "trial") if key in columns}
    row = {
        "partner_id": demo.partner(partner), "area_id": demo.area(area), "reason": reason,
        "section": section, "part_note": "", **columns,
    }  # fmt: skip
    who = "kenji" if partner == "MP-0001" else ""
    return demo.live(SUCCESSION, row, [("offered", day, who, ""), *(way or [])], **at_end)


def _hand(demo: Demo, offer: uuid.UUID, partner: str, day: int, message: str) -> None:
    demo.insert(
        "succession_hands", succession_id=offer, partner_id=demo.partner(partner),
        message=message, created_at=demo.moment(day, 19),
    )  # fmt: skip


def _hold_on_trial(
    demo: Demo, partner: uuid.UUID, area: uuid.UUID, first: dt.date, last: dt.date
) -> None:
    """The rows under the other partner's agreements that let it log there."""
    rows = demo.connection.execute(
        "SELECT id, period * daterange(%s, %s) FROM agreements "
        "WHERE partner_id = %s AND agreed_on IS NOT NULL AND period && daterange(%s, %s)",
        (first, last, partner, first, last),
    ).fetchall()
    for agreement, period in rows:
        demo.insert(
            "agreement_areas", agreement_id=agreement, partner_id=partner, area_id=area,
            period=period, trial=True,
        )  # fmt: skip
