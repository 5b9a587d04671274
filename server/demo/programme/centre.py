"""What the citizens' activity centre did for partners in the demo, over six 年度."""

import random

from server.demo.programme.kit import Demo
from server.supplies.models import SUPPORT_KINDS

WORDS = {
    "advice": ("人手が足りないという相談を受けた。", "代表の引き継ぎの相談を受けた。",
               "活動の記録のしかたを、いっしょに確かめた。"),
    "matching": ("となりの区域の団体と引き合わせた。", "会社のボランティアの日に、町会を紹介した。",
                 "高校のボランティア部を、海岸の清掃に紹介した。"),
    "publicity": ("広報紙に活動を載せた。", "掲示板に募集のちらしをはった。"),
    "equipment": ("のぼりとベストを貸し出した。", "一輪車を貸し出した。"),
    "people": ("花壇の植えかえに、登録ボランティアが5人参加した。", "草刈りに職員が加わった。"),
    "other": ("合同清掃の打ち合わせの場所を用意した。",),
}  # fmt: skip
YEARS, PER_YEAR = 6, 14


def fill(demo: Demo) -> None:
    """The log, with the most in the last two years."""
    luck = random.Random(11)  # noqa: S311 - the same demo every day
    for year in range(YEARS):
        for line in range(PER_YEAR - year):
            kind = luck.choice(SUPPORT_KINDS)
            day = demo.day(-365 * year - luck.randrange(1, 330))
            code = f"MP-{luck.randrange(1, 24):04}"
            demo.insert(
                "centre_supports", on_day=day, kind=kind,
                partner_id=demo.partner(code) if line % 4 else None,
                description=luck.choice(WORDS[kind]), by=demo.account("kanae"),
                created_at=demo.moment((day - demo.today).days, 16),
            )  # fmt: skip
