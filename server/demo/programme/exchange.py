"""The demo's exchange: announcements, meetings of several years, the board."""

import datetime as dt
import uuid
from typing import Any

from server.demo.programme.kit import Demo
from server.exchange.machine import MEETING, POST
from server.http.i18n import fiscal_year

CODES = tuple(f"MP-{n:04}" for n in range(1, 24))

# title, body, by the centre, days ago, how many partners have read it
NEWS: tuple[tuple[str, str, bool, int, int], ...] = (
    ("夏の草の袋の回収について", "草の袋は、ほかのごみと分けて出してください。\n"
     "雨にぬれると重くなり、運べないことがあります。置き場所には、できれば覆いをしてください。",
     False, 2, 4),
    ("合同清掃の日が決まりました", "今年の合同清掃は、観光道路で行います。\n"
     "参加できる団体は、活動の募集のページから人数を入れてください。軍手と袋は用意します。",
     True, 9, 11),
    ("腕章を新しくしました", "ごみを捨てる人がへったという声が多かった腕章を、新しくしました。\n"
     "使う団体は、支給の申請から申し込んでください。", False, 41, 20),
    ("活動の記録のお願い", "冬のあいだに、昨年度の記録の書きもれを確かめてください。",
     True, 150, 23),
)  # fmt: skip

AGENDA = """活動の数字(活動区域、団体、活動者、草刈り機、燃料、公用袋、活センの支援)
パートナーどうしの連携の例
観光道路の清掃
合同清掃の報告と、来年の案
各課からのお知らせ"""

# (key, question or None, title, body, voice, code, life, days ago)
POSTS: tuple[tuple[str, str | None, str, str, str, str, str, int], ...] = (
    ("grass", None, "刈った草は、どこまで乾かせばよいですか",
     "公園の草を袋に入れると、とても重くなります。みなさんはどうしていますか。",
     "partner", "MP-0001", "published", 12),
    ("grass-1", "grass", "",
     "刈った日は広げておいて、次の日の朝に袋へ入れています。半分くらいの重さになります。",
     "partner", "MP-0003", "published", 11),
    ("grass-2", "grass", "",
     "一人で持てる重さなら、そのまま出してかまいません。雨の日は避けてください。",
     "city", "", "published", 10),
    ("snow", None, "雪どけのあとの一斉清掃を、いっしょにしませんか",
     "線路ぞいは一つの団体では終わりません。となりの区域の方と日を合わせたいです。",
     "partner", "MP-0004", "published", 30),
    ("snow-1", "snow", "", "よい案です。市民活動センターで、日を合わせる場を作ります。",
     "centre", "", "published", 28),
    ("children", None, "子ども会といっしょのとき、気をつけることは何ですか",
     "来月、はじめて子どもたちと海岸を歩きます。", "partner", "MP-0008", "published", 5),
    ("meeting", None, "会社だけ、市民だけの集まりも開いてほしい",
     "立場が同じだと、話しやすいことがあります。", "partner", "MP-0012", "published", 70),
    ("bins", None, "吸いがらの多い場所を教えてください",
     "今年は吸いがらに力を入れたいと思います。", "partner", "MP-0001", "pending", 0),
    ("flowers", None, "花の苗は、いつ配られますか", "植える人を集める日を決めたいです。",
     "partner", "MP-0002", "pending", 1),
    ("snow-2", "snow", "", "うちも参加したいです。10人くらい出せます。",
     "partner", "MP-0001", "pending", 1),
    ("sale", None, "清掃用品を安く売っています", "まとめて買うとお得です。",
     "partner", "MP-0015", "refused", 20),
    ("old", None, "去年の合同清掃の集合場所はどこでしたか", "今年も同じですか。",
     "partner", "MP-0006", "hidden", 60),
)  # fmt: skip
WHY = {
    "refused": "商品の宣伝にあたるため、掲載しません。",
    "hidden": "日が過ぎたため、下げました。",
}


def fill(demo: Demo) -> None:
    """News, three meetings (held, last year's, the coming one as a draft or announced), posts."""
    for title, body, by_centre, ago, read in NEWS:
        _news(demo, title, body, by_centre, -ago, read)
    _meetings(demo)
    _board(demo)


def _news(
    demo: Demo, title: str, body: str, by_centre: bool, day: int, read: int, **more: Any
) -> None:
    who = demo.account("kanae" if by_centre else "sato")
    id = demo.insert(
        "announcements", title=title, body=body, audience={}, by_centre=by_centre,
        created_by=who, created_at=demo.moment(day, 9), sent_at=demo.moment(day, 9), **more,
    )  # fmt: skip
    for place, code in enumerate(reversed(CODES)):  # けんじ's partner reads last
        at = demo.moment(day, 12 + place % 8) if place < read else None
        demo.insert(
            "announcement_recipients", announcement_id=id, partner_id=demo.partner(code), read_at=at
        )


def _meetings(demo: Demo) -> None:
    year = fiscal_year(demo.today)
    for before in (1, 2):
        day = (dt.date(year - before + 1, 2, 17) - demo.today).days
        _held(demo, year - before, day, 31 - 4 * before)
    _coming(demo, year, 24)


def _meeting(demo: Demo, year: int, day: int, title: str) -> dict[str, Any]:
    return {
        "fiscal_year": year, "title": title, "starts_at": demo.moment(day, 13, 30),
        "ends_at": demo.moment(day, 15), "place": "見本生涯学習センター 2階", "agenda": AGENDA,
        "minutes": "", "section": "", "requested_by": demo.account("kanae"),
    }  # fmt: skip


def _held(demo: Demo, year: int, day: int, groups: int) -> None:
    """A meeting of a year gone by, with who came."""
    row = _meeting(demo, year, day, f"情報交換会({year}年度)")
    row["minutes"] = "いろいろな立場の話が聞けてよかった。腕章があると、ごみを捨てる人がへる。"
    way = [("draft", day - 60, "kanae", ""), ("published", day - 40, "kanae", ""),
           ("held", day, "kanae", "")]  # fmt: skip
    id = demo.live(MEETING, row, way)
    for place, code in enumerate(CODES[:groups]):
        people = 1 + place % 2
        _reply(demo, id, code, people, day - 20, attended=None if place % 9 == 5 else people)


def _coming(demo: Demo, year: int, day: int) -> None:
    """The next meeting: announced, with the first replies."""
    row = _meeting(demo, year, day, f"情報交換会({year}年度)")
    way = [("draft", -20, "kanae", ""), ("published", -6, "kanae", "")]
    id = demo.live(MEETING, row, way)
    lines = ("情報交換会をひらきます。", row["title"], row["place"], "人数をお返事ください。")
    body = "\n\n".join(lines)
    _news(demo, row["title"], body, True, -6, 9, id=id)
    for place, code in enumerate(CODES[1:12]):
        note = "車いすの人が1人います。" if place == 2 else ""
        _reply(demo, id, code, 0 if place in (4, 7) else 1 + place % 3, -5, note=note)


def _reply(
    demo: Demo, meeting: uuid.UUID, code: str, people: int, day: int, *,
    attended: int | None = None, note: str = "",
) -> None:  # fmt: skip
    demo.insert(
        "meeting_replies", meeting_id=meeting, partner_id=demo.partner(code), people=people,
        note=note, attended=attended, created_at=demo.moment(day, 10),
        replied_by=demo.account("kenji" if code == "MP-0001" else "kanae"),
    )  # fmt: skip


def _board(demo: Demo) -> None:
    ids: dict[str, uuid.UUID] = {}
    who = {"partner": "kenji", "centre": "kanae", "city": "sato"}
    for key, question, title, body, voice, code, state, ago in POSTS:
        mine = voice != "partner" or code == "MP-0001"
        row = {
            "answers": ids[question] if question else None, "title": title, "body": body,
            "voice": voice, "partner_id": demo.partner(code) if code else None,
            "section": {"city": "土木課維持係", "centre": ""}.get(voice, "地域生活課"),
            "requested_by": demo.account(who[voice]) if mine else None,
        }  # fmt: skip
        way = [("pending", -ago, who[voice] if mine else "", "")]
        if state in ("published", "hidden"):
            way.append(("published", -ago, who[voice] if voice != "partner" else "kanae", ""))
        if state in WHY:
            way.append((state, -ago + 1, "kanae", WHY[state]))
        ids[key] = demo.live(POST, row, way)
