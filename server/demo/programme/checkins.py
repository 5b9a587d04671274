"""The demo's attendances: what はなこ and her company-mates took part in since last year, one
certificate, and an activity of けんじ's that people are arriving at today."""

import datetime as dt
import uuid

from server.demo.model import at
from server.demo.personas import VOLUNTEERS
from server.demo.programme.kit import Demo
from server.http.i18n import fiscal_year

COMPANY = "MP-0017"
TITLES = (
    "歩道の落ち葉ひろい", "公園の花だんの植えかえ", "海岸のごみ拾い", "通学路の草取り",
    "春の一斉清掃", "駅前のごみ拾い", "川ぞいの草刈りと清掃",
)  # fmt: skip
PAST_DAYS = (9, 23, 51, 79, 121, 205, 247, 296)
CODE = "MACHPKA23456"  # 見本 of a code people can type


def fill(demo: Demo) -> None:
    """Past activities with who came, the certificate of last year, and today's desk."""
    company = demo.partner(COMPANY)
    done = [_past(demo, number, days, company) for number, days in enumerate(PAST_DAYS)]
    _certificate(demo, done)
    _today(demo, company)


def _activity(
    demo: Demo, title: str, starts: dt.datetime, hours: float, capacity: int, number: int
) -> uuid.UUID:
    area = f"A-{1 + number * 3:04}"
    return demo.insert(
        "opportunities", title=title, partner_id=demo.partner("MP-0001"), area_id=demo.area(area),
        description="", works=["litter"], starts_at=starts,
        ends_at=starts + dt.timedelta(hours=hours), meeting_place="見本会館の前",
        meeting_point=demo.value(
            "SELECT ST_AsEWKT(ST_PointOnSurface(geom)) FROM areas WHERE code = %s", area
        ),
        capacity=capacity, children_ok=True, empty_handed_ok=True, step_free=False, bring="",
        safety_notes="", state="published", cancel_reason="", sequence=0,
        created_at=starts - dt.timedelta(days=20), updated_at=starts - dt.timedelta(days=20),
    )  # fmt: skip


def _signup(
    demo: Demo, activity: uuid.UUID, account: uuid.UUID, people: int, when: dt.datetime,
    company: uuid.UUID | None,
) -> uuid.UUID:  # fmt: skip
    return demo.insert(
        "signups",
        opportunity_id=activity,
        account_id=account,
        people=people,
        created_at=when,
        for_partner_id=company,
    )


def _arrival(demo: Demo, activity: uuid.UUID, when: dt.datetime, **columns: object) -> None:
    demo.insert("attendances", opportunity_id=activity, arrived_at=when, created_at=when, **columns)


def _past(demo: Demo, number: int, days: int, company: uuid.UUID) -> dict[str, object]:
    """An activity that はなこ came to, with some others; told as a certificate tells it."""
    day, title, hours = demo.day(-days), TITLES[number % len(TITLES)], 1 + number % 3 / 2
    starts = at(day, 9)
    activity = _activity(demo, title, starts, hours, 30, number)
    early = starts - dt.timedelta(minutes=12)
    people = [demo.account("hanako"), *(v.id for v in VOLUNTEERS[number : number + 5])]
    for place, account in enumerate(people):
        firm = company if place % 3 == 1 else None
        brought = 1 + (place + number) % 2
        signup = _signup(demo, activity, account, brought, starts - dt.timedelta(days=6), firm)
        if place != 4:  # one stays away each time
            _arrival(
                demo, activity, early + dt.timedelta(minutes=3 * place), signup_id=signup,
                account_id=account, for_partner_id=firm, people=brought,
                how=("qr", "printed", "list")[place % 3],
                near=True if place % 3 == 0 else None,
                minutes=45 if place == 3 else None,
            )  # fmt: skip
    _arrival(demo, activity, starts, people=2 + number % 3, how="walk_in")
    return {
        "date": day.isoformat(), "title": title, "host": demo.value(
            "SELECT name FROM partners WHERE code = 'MP-0001'"),
        "people": 1 + number % 2, "minutes": round(hours * 60),
    }  # fmt: skip


def _certificate(demo: Demo, done: list[dict[str, object]]) -> None:
    """はなこ's certificate of the fiscal year of her latest activity."""
    year = fiscal_year(demo.day(-PAST_DAYS[0]))
    first, last = dt.date(year, 4, 1), dt.date(year + 1, 3, 31)
    within = [one for one in done if str(one["date"]) >= first.isoformat()]
    city = str(demo.value("SELECT name FROM municipality"))
    demo.insert(
        "certificates", code=CODE, account_id=demo.account("hanako"), from_on=first, to_on=last,
        content={
            "name": "見本はなこ", "city": city, "signatory": f"{city}長",
            "activities": sorted(within, key=lambda one: str(one["date"])),
        },
        issued_at=demo.moment(-3),
    )  # fmt: skip


def _today(demo: Demo, company: uuid.UUID) -> None:
    """Today's activity, all day long: some have come, some are on their way."""
    starts = demo.moment(0, 8)
    activity = _activity(demo, "きょうの一斉清掃", starts, 12, 40, 2)
    people = [v.id for v in VOLUNTEERS[8:17]] + [demo.account("hanako")]
    for place, account in enumerate(people):
        firm = company if place in (1, 2) else None
        signup = _signup(demo, activity, account, 1 + place % 3, demo.moment(-4), firm)
        if place in (0, 2, 3, 6):
            _arrival(
                demo, activity, starts - dt.timedelta(minutes=10 - place), signup_id=signup,
                account_id=account, for_partner_id=firm, people=1 + place % 3,
                how="qr" if place % 2 else "list", near=True if place == 3 else None,
            )  # fmt: skip
    _arrival(demo, activity, starts, people=3, how="walk_in")
