"""The demo's mowers: machines, operators, loans of the last years, running and overdue ones."""

import datetime as dt
import uuid
from typing import Any

from psycopg.types.range import DateRange

from server.demo.programme.kit import Demo
from server.http.i18n import fiscal_year
from server.loans.machine import LOAN

UNITS = (
    ("K-01", "肩掛け式刈払機", "good", ""),
    ("K-02", "肩掛け式刈払機", "good", ""),
    ("K-03", "背負い式刈払機", "good", "重いので、二人で運びます。"),
    ("K-04", "自走式草刈機", "good", ""),
    ("K-05", "肩掛け式刈払機", "repair", "刃の軸が曲がっています。"),
)
PEOPLE = (
    ("MP-0001", "見本 けんた", "刈払機取扱作業者安全衛生教育", -400),
    ("MP-0001", "見本 みどり", "刈払機取扱作業者安全衛生教育", -2200),  # over five years ago
    ("MP-0002", "見本 まもる", "刈払機取扱作業者安全衛生教育", -700),
    ("MP-0003", "見本 いさむ", "社内の講習", -300),
    ("MP-0004", "見本 かおる", "刈払機取扱作業者安全衛生教育", -900),
)
YEARS_BACK = 4


def fill(demo: Demo) -> None:
    """Fill machines, people, past and running loans."""
    place = demo.value("SELECT id FROM supply_places ORDER BY position DESC LIMIT 1")
    units = {
        code: demo.insert(
            "loan_units", code=code, name=name, place_id=place, condition=condition, note=note
        )
        for code, name, condition, note in UNITS
    }
    people = [
        (
            code,
            demo.insert(
                "partner_operators", partner_id=demo.partner(code), name=name, course=course,
                course_on=demo.day(on),
            ),
        )
        for code, name, course, on in PEOPLE
    ]  # fmt: skip
    _past(demo, units, people)
    _now(demo, units, dict(reversed(people)))


def _row(
    demo: Demo, unit: uuid.UUID, code: str, first: int, days: int, operator: uuid.UUID | None,
    **more: Any,
) -> dict[str, Any]:  # fmt: skip
    return {
        "unit_id": unit, "partner_id": demo.partner(code), "operator_id": operator,
        "period": DateRange(demo.day(first), demo.day(first + days)), "purpose": "草刈り",
        "section": "土木課維持係", "check_note": "", "requested_by": demo.account("kenji"), **more,
    }  # fmt: skip


def _past(demo: Demo, units: dict[str, uuid.UUID], people: list[tuple[str, uuid.UUID]]) -> None:
    """A dozen loans each summer, all returned."""
    this = fiscal_year(demo.today)
    for year in range(this - YEARS_BACK, this):
        for n in range(10 + year % 4):
            code, operator = people[n % len(people)]
            day = dt.date(year, 5, 10) + dt.timedelta(days=n * 12)
            first, days = (day - demo.today).days, 2 + n % 4
            row = _row(demo, units[f"K-0{1 + n % 4}"], code, first, days, operator, out_on=day)
            way = [("reserved", first - 9, "", ""), ("out", first, "sato", ""),
                   ("returned", first + days - 1, "sato", "")]  # fmt: skip
            demo.live(LOAN, row, way, returned_on=demo.day(first + days - 1), checked="good")


def _now(demo: Demo, units: dict[str, uuid.UUID], people: dict[str, uuid.UUID]) -> None:
    """Returned, damaged, out, overdue, reserved, called off."""
    mine, area = people["MP-0001"], demo.value(
        "SELECT a.id FROM areas a JOIN agreement_areas g ON g.area_id = a.id "
        "WHERE g.partner_id = %s ORDER BY a.code LIMIT 1", demo.partner("MP-0001")
    )  # fmt: skip
    done = _row(demo, units["K-01"], "MP-0001", -25, 4, mine, out_on=demo.day(-25), area_id=area,
                fuel_litres=3)  # fmt: skip
    demo.live(LOAN, done, [("reserved", -35, "kenji", ""), ("out", -25, "sato", ""),
                           ("returned", -23, "sato", "刃を取りかえました。")],
              returned_on=demo.day(-23), checked="worn", check_note="刃を取りかえました。",
              period=DateRange(demo.day(-25), demo.day(-22)))  # fmt: skip
    broken = _row(demo, units["K-05"], "MP-0004", -14, 3, people["MP-0004"], out_on=demo.day(-14))
    demo.live(LOAN, broken, [("reserved", -20, "", ""), ("out", -14, "sato", ""),
                             ("damaged", -12, "sato", "石に当たり、刃の軸が曲がった。")],
              returned_on=demo.day(-12), checked="broken",
              check_note="石に当たり、刃の軸が曲がった。")  # fmt: skip
    late = _row(demo, units["K-02"], "MP-0002", -9, 4, people["MP-0002"], out_on=demo.day(-9))
    demo.live(LOAN, late, [("reserved", -12, "", ""), ("out", -9, "sato", "")])
    out = _row(demo, units["K-03"], "MP-0003", -1, 5, people["MP-0003"], out_on=demo.day(-1))
    demo.live(LOAN, out, [("reserved", -8, "", ""), ("out", -1, "sato", "")])
    soon = _row(demo, units["K-01"], "MP-0001", 4, 3, mine, area_id=area, purpose="歩道の草刈り")
    demo.live(LOAN, soon, [("reserved", -3, "kenji", "")])
    other = _row(demo, units["K-04"], "MP-0004", 6, 2, None, by_proxy=True, requested_by=None)
    demo.live(LOAN, other, [("reserved", -1, "sato", "")])
    gone = _row(demo, units["K-04"], "MP-0001", 10, 2, None)
    demo.live(LOAN, gone, [("reserved", -6, "kenji", ""), ("cancelled", -5, "kenji", "")])
