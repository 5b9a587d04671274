"""Reviews of the last 年度 in the demo: both sides, one side, drafts, and none."""

import random
from typing import Any

from server.citysettings.registry import CityRules
from server.demo.programme.kit import Demo
from server.reviews.points import KEYS
from server.reviews.season import window_on

REMARKS = (
    "春の話し合いで、区域と回数をいっしょに決められた。",
    "もう少し早く知らせてもらえると助かる。",
    "袋が足りないとき、すぐに届けてもらえた。",
    "冬のあいだの連絡が少なかった。",
)
COMMENTS = {
    "partner": "活動する人が年々へっています。ほかの団体といっしょに動く日を作りたいです。",
    "city": "回数も記録も計画のとおりでした。人手のことを、市民活動センターといっしょに考えます。",
}
# Who has written, by the last two digits of the partner's code.
BOTH, PARTNER_ONLY, CITY_ONLY, DRAFTS = range(1, 13), range(13, 17), range(17, 19), range(19, 21)


def fill(demo: Demo) -> None:
    """The year under review, and for けんじ's partner the two before it."""
    luck = random.Random(7)  # noqa: S311 - the same demo every day
    year = window_on(demo.today, CityRules()).year
    for number in range(1, 21):
        for side in ("partner", "city"):
            wrote = number in BOTH or number in (PARTNER_ONLY if side == "partner" else CITY_ONLY)
            if wrote or number in DRAFTS:
                _review(demo, luck, number, year, side, done=wrote)
    for before in (year - 1, year - 2):
        for side in ("partner", "city"):
            _review(demo, luck, 1, before, side, done=True)


def _review(
    demo: Demo, luck: random.Random, number: int, year: int, side: str, *, done: bool
) -> None:
    window = window_on(demo.today, CityRules())
    age = window.year - year
    when = (window.opens_on - demo.today).days + luck.randrange(3, 40) - 365 * age
    when = min(when, -1)
    points = KEYS if done else KEYS[:4]
    scores: dict[str, Any] = {key: luck.choice("AAABBBBCC") for key in points}
    if done and number == 1:
        scores["openness"] = "A" if side == "city" else "C"
        scores["roles"] = "B" if side == "city" else "D"
    remarks: dict[str, Any] = {luck.choice(points): luck.choice(REMARKS) for _ in range(2)}
    demo.insert(
        "reviews", partner_id=demo.partner(f"MP-{number:04}"), fiscal_year=year, side=side,
        scores=scores, remarks=remarks, comment=COMMENTS[side] if done else "",
        submitted_at=demo.moment(when, 14) if done else None, created_at=demo.moment(when, 13),
        submitted_by=demo.account("sato") if done and side == "city" else None,
    )  # fmt: skip
