"""The demo's supplies: items and places, the book of the last years, requests in every state."""

import datetime as dt
import uuid
from itertools import count

from server.demo.programme.kit import Demo
from server.http.i18n import fiscal_year
from server.supplies.machine import SUPPLY

PLACES = (
    ("市役所 地域生活課", "幸町1-2(見本)", "平日8:45〜17:15", None),
    ("東町サービスセンター", "東町2-1(見本)", "平日9:00〜17:00", None),
    ("土木センター", "見本町10-3(見本)", "平日8:45〜17:15", "SRID=4326;POINT(140.9935 42.3262)"),
)  # the crew sets out from the one with a point
ITEMS = (
    ("BAG-L", "公用袋(大・45L)", "枚", "bag", 100, 400),
    ("BAG-S", "公用袋(小・30L)", "枚", "bag", 50, 200),
    ("FUEL", "混合燃料", "L", "fuel", 10, 40),
    ("ARM", "腕章", "枚", "armband", 20, None),
    ("GLOVE", "軍手", "双", "other", 30, 60),
    ("TONGS", "火ばさみ", "本", "other", 10, 10),
)
YEARS_BACK = 4
GIVERS = 24  # partners with hand-outs each 年度


def fill(demo: Demo) -> None:
    """Fill items, places, the book and the requests."""
    places = [
        demo.insert(
            "supply_places",
            name=name,
            address=address,
            hours=hours,
            point=point,
            position=n,
            active=True,
        )
        for n, (name, address, hours, point) in enumerate(PLACES)
    ]
    items = {
        code: demo.insert(
            "supply_items", code=code, name=name, unit=unit, category=category, active=True,
            per_request=once, per_year=yearly, position=n,
        )
        for n, (code, name, unit, category, once, yearly) in enumerate(ITEMS)
    }  # fmt: skip
    _past_years(demo, items, places)
    _this_year(demo, items, places)
    _requests(demo, items, places)


def _move(
    demo: Demo, item: uuid.UUID, place: uuid.UUID, amount: float, reason: str, day: dt.date,
    *, note: str = "", partner: uuid.UUID | None = None, request: uuid.UUID | None = None,
) -> None:  # fmt: skip
    demo.insert(
        "stock_moves", item_id=item, place_id=place, quantity=amount, reason=reason,
        moved_on=day, note=note, partner_id=partner, request_id=request,
        by=demo.account("sato"), created_at=demo.moment((day - demo.today).days, 11),
    )  # fmt: skip


def _codes(demo: Demo) -> list[str]:
    rows = demo.connection.execute(
        "SELECT code FROM partners WHERE code < 'MP-0200' ORDER BY code LIMIT %s", (GIVERS,)
    )
    return [str(code) for (code,) in rows]


def _past_years(demo: Demo, items: dict[str, uuid.UUID], places: list[uuid.UUID]) -> None:
    """A delivery each April, hand-outs over the season."""
    this, partners = fiscal_year(demo.today), _codes(demo)
    for year in range(this - YEARS_BACK, this):
        april = dt.date(year, 4, 5)
        for code, amount in (("BAG-L", 2500), ("BAG-S", 180), ("FUEL", 45), ("ARM", 15)):
            _move(demo, items[code], places[0], amount, "delivery", april, note="年度はじめの納品")
        for n, partner in enumerate(partners):
            day = april + dt.timedelta(days=10 + (n * 37 + year) % 190)
            owner = demo.partner(partner)
            bags = -(40 + (n * 13 + year * 7) % 90)
            _move(demo, items["BAG-L"], places[0], bags, "handout", day, partner=owner)
            if n % 3 == 0:
                later = day + dt.timedelta(days=20)
                _move(demo, items["BAG-S"], places[0], -20, "handout", later, partner=owner)
                _move(demo, items["FUEL"], places[0], -(3 + n % 4), "handout", day, partner=owner)
            if n % 8 == 0:
                _move(demo, items["ARM"], places[0], -4, "handout", day, partner=owner)


def _this_year(demo: Demo, items: dict[str, uuid.UUID], places: list[uuid.UUID]) -> None:
    """Deliveries of this 年度 to all places, a correction, a return."""
    days = max((demo.today - dt.date(fiscal_year(demo.today), 4, 1)).days, 0)
    first = demo.day(-days)
    deliveries = {"BAG-L": 2600, "BAG-S": 400, "FUEL": 60, "ARM": 40, "GLOVE": 200, "TONGS": 25}
    for n, place in enumerate(places):
        for code, amount in deliveries.items():
            _move(demo, items[code], place, amount // (n + 1), "delivery", first, note="納品")
    for n, partner in enumerate(_codes(demo)[7:]):
        day = first + dt.timedelta(days=(n * 13) % (days + 1))
        owner, bags = demo.partner(partner), -(50 + (n * 17) % 80)
        _move(demo, items["BAG-L"], places[n % 2], bags, "handout", day, partner=owner)
        if n % 3 == 0:
            _move(demo, items["FUEL"], places[0], -(2 + n % 5), "handout", day, partner=owner)
    _move(demo, items["GLOVE"], places[1], -3, "correction", demo.today, note="数え直し")
    back = demo.partner("MP-0002")
    _move(demo, items["ARM"], places[0], 2, "return", demo.today, partner=back, note="余った分")


def _requests(demo: Demo, items: dict[str, uuid.UUID], places: list[uuid.UUID]) -> None:
    """Requests in every state; some of けんじ's町会."""
    made = count()
    asked = ("requested", -2, "kenji", "")
    granted = ("approved", -1, "sato", "")

    def request(
        code: str, wanted: int, way: list[tuple[str, int, str, str]], lines: dict[str, int],
        *, purpose: str, place: int = 0, proxy: bool = False,
    ) -> None:  # fmt: skip
        state, on, *_rest = way[-1]
        at_end = {"handed_on": demo.day(on)} if state == "handed_over" else {}
        row = {
            "partner_id": demo.partner(code), "place_id": places[place], "by_proxy": proxy,
            "wanted_on": demo.day(wanted), "purpose": purpose, "people": 10 + next(made),
            "section": "地域生活課", "requested_by": None if proxy else demo.account("kenji"),
        }  # fmt: skip
        id = demo.live(SUPPLY, row, way, **at_end)
        for item, amount in lines.items():
            given = amount if state in ("approved", "handed_over") else None
            demo.insert(
                "supply_lines", request_id=id, item_id=items[item], asked=amount, granted=given,
                handed=given if state == "handed_over" else None,
            )  # fmt: skip
            if state == "handed_over":
                _move(demo, items[item], places[place], -amount, "handout", demo.day(on),
                      partner=demo.partner(code), request=id)  # fmt: skip

    summer = [("requested", -20, "kenji", ""), ("approved", -18, "sato", "")]
    request("MP-0001", -15, [*summer, ("handed_over", -15, "sato", "")],
            {"BAG-L": 80, "ARM": 6}, purpose="町内いっせい清掃")  # fmt: skip
    request("MP-0001", 5, [asked, granted], {"BAG-L": 40, "FUEL": 5}, purpose="歩道の草刈り")
    request("MP-0001", 12, [asked], {"BAG-S": 30, "GLOVE": 10}, purpose="子ども会のごみ拾い")
    called_off = [("requested", -40, "kenji", ""), ("cancelled", -38, "kenji", "")]
    request("MP-0001", -30, called_off, {"BAG-L": 20}, purpose="雨で中止")
    request("MP-0003", 3, [("requested", -6, "sato", "")], {"BAG-L": 100, "TONGS": 6},
            purpose="工場のまわりの清掃", place=1, proxy=True)  # fmt: skip
    request("MP-0004", 8, [("requested", -1, "sato", "")], {"BAG-L": 60}, purpose="海岸の清掃",
            place=2, proxy=True)  # fmt: skip
    request("MP-0005", 2, [("requested", -4, "sato", ""), ("approved", -3, "sato", "")],
            {"BAG-L": 50, "BAG-S": 20}, purpose="公園の清掃", proxy=True)  # fmt: skip
    request("MP-0006", -3, [("requested", -12, "sato", ""),
                            ("rejected", -10, "sato", "火ばさみは、今年度の分が終わりました。")],
            {"TONGS": 10}, purpose="川べりの清掃", proxy=True)  # fmt: skip
    request("MP-0007", -8, [("requested", -9, "sato", ""), ("approved", -8, "sato", ""),
                            ("handed_over", -8, "sato", "")], {"BAG-L": 70}, purpose="通学路の清掃",
            place=1, proxy=True)  # fmt: skip
