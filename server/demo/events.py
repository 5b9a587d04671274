"""Kinds of activities, month by month, as they would be announced in Muroran."""

from dataclasses import dataclass
from typing import Final

ROADS: Final = ("national_road", "prefectural_road", "city_road")
CITY_ROADS: Final = ("city_road",)
GREEN: Final = ("park", "city_road")
WATERSIDE: Final = ("beach", "river")
OUTDOORS: Final = (*ROADS, "park", *WATERSIDE)
ANY: Final = (*OUTDOORS, "other")

WINTER_MONTHS: Final = (12, 1, 2, 3)


@dataclass(frozen=True)
class EventSeed:
    """A kind of activity; ``hours`` are start times. ``title`` follows the name of the area, or
    that of the host where the work is not on the area (``by_host``)."""

    title: str
    works: tuple[str, ...]
    kinds: tuple[str, ...]
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    description: str
    bring: str = "軍手、飲みもの、動きやすい服装"
    children_ok: bool = True
    indoor: bool = False
    by_host: bool = False
    weight: int = 2


_OPEN_TO_ALL = "はじめての方も歓迎です。終わったら、おつかれさまの一言で解散します。"

_MEETING = EventSeed(
    "春の準備会", ("other",), ANY, (10, 13, 18), (60, 90),
    "春の活動日を決め、道具の点検をします。お茶を飲みながら、気軽に話しましょう。",
    "筆記用具、上ばき", indoor=True, by_host=True, weight=3,
)  # fmt: skip
_TRAINING = EventSeed(
    "はじめての方の研修会", ("other",), ANY, (10, 13, 18), (60,),
    "安全な歩き方、ごみの分け方、アプリでの記録のしかたを、1時間で学びます。",
    "筆記用具、上ばき", indoor=True, by_host=True,
)  # fmt: skip
_FLOWER_PLAN = EventSeed(
    "花壇の計画づくり", ("flowerbed",), GREEN, (10, 13), (60, 90),
    "今年植える花と並べ方を、写真を見ながら決めます。",
    "筆記用具、上ばき", indoor=True, by_host=True,
)  # fmt: skip
_DRILL = EventSeed(
    "防災訓練のお手伝い", ("other",), (*ROADS, "park"), (9, 10), (90, 120),
    "避難の道を歩き、案内の係をお手伝いします。役割は当日ご説明します。",
    "あたたかい服装、すべりにくい靴", by_host=True,
)  # fmt: skip
_WINTER_WALK = EventSeed(
    "冬の道路のごみ拾い", ("litter",), CITY_ROADS, (10, 13), (30, 45),
    "除雪の終わった歩道だけを、ゆっくり歩きます。吹雪のときは中止します。",
    "あたたかい手袋、すべりにくい靴", weight=1,
)  # fmt: skip
_SANDBOX = EventSeed(
    "砂箱の見回り", ("patrol",), ROADS, (10, 13), (45, 60),
    "すべり止めの砂がたりているかを見て回り、少ない箱を市に知らせます。",
    "あたたかい手袋、すべりにくい靴",
)  # fmt: skip
_COVER_CHECK = EventSeed(
    "冬囲いの点検", ("winter_cover", "patrol"), ("park",), (10, 13), (45, 60),
    "雪の重みで縄がゆるんでいないかを見て、結び直します。",
    "あたたかい手袋、長ぐつ", weight=3,
)  # fmt: skip
_THAW = EventSeed(
    "雪どけ点検", ("patrol",), (*ROADS, "park", *WATERSIDE), (10, 13), (45, 60),
    "雪どけの道を歩き、ごみの多い場所と道のいたみを地図に書きこみます。",
    "長ぐつ、筆記用具", weight=3,
)  # fmt: skip
_TOOLS = EventSeed(
    "道具の手入れ", ("other",), ANY, (10, 13, 18), (60,),
    "火ばさみをみがき、のぼり旗と腕章の数を確かめます。",
    "よごれてもよい服装、上ばき", indoor=True, by_host=True,
)  # fmt: skip

_FIRST = EventSeed(
    "春いちばんのごみ拾い", ("litter",), (*ROADS, "park"), (9, 10), (45, 60, 90),
    "雪の下から出てきたごみを、みんなで集めます。" + _OPEN_TO_ALL, weight=4,
)  # fmt: skip
_LITTER = EventSeed(
    "ごみ拾い", ("litter",), OUTDOORS, (8, 9, 10), (45, 60, 60, 90),
    "集まった人から出発して、ゆっくり歩きます。" + _OPEN_TO_ALL, weight=4,
)  # fmt: skip
_MORNING = EventSeed(
    "朝の30分ごみ拾い", ("litter",), (*ROADS, "park"), (6, 7), (30,),
    "仕事や学校の前の30分だけです。途中で帰ってもかまいません。", weight=3,
)  # fmt: skip
_SHORE = EventSeed(
    "海と川をまもる清掃", ("litter",), WATERSIDE, (8, 9, 10), (60, 90, 120),
    "流れついたものを手で拾います。波や水の様子を見て、場所を決めます。",
    "長ぐつ、ぬれてもよい手袋、飲みもの", weight=6,
)  # fmt: skip
_ISLAND = EventSeed(
    "島の清掃", ("litter",), ("other",), (9,), (120, 180),
    "渡船で渡ります。船の都合で、申込みのない方は乗れません。",
    "長ぐつ、飲みもの、帽子、弁当", children_ok=False, weight=8,
)  # fmt: skip
_FLOWERS = EventSeed(
    "花の植え付け", ("flowerbed", "planting"), GREEN, (9, 10, 13), (60, 90),
    "マリーゴールドなどの苗を植えます。土にさわるのがはじめての方もどうぞ。",
    "よごれてもよい服装、あれば移植ごて",
)  # fmt: skip
_TREES = EventSeed(
    "植樹と名札づくり", ("planting",), CITY_ROADS, (9, 10), (90, 120),
    "道ぞいに苗木を植え、名札をつけます。", "長ぐつ、軍手", weight=1,
)  # fmt: skip
_WEEDING = EventSeed(
    "草取り", ("weeding", "litter"), (*ROADS, "park", "river"), (6, 7, 8), (60, 90),
    "暑くなる前に、歩道のふちと植えますの草を取ります。",
    "軍手、帽子、飲みもの、あれば鎌", weight=3,
)  # fmt: skip
_WATERING = EventSeed(
    "花壇の水やりと花がら摘み", ("flowerbed",), GREEN, (7, 8, 17), (30, 45),
    "水をやり、終わった花を摘みます。短い時間の活動です。", "帽子、飲みもの",
)  # fmt: skip
_LEAVES = EventSeed(
    "落ち葉集め", ("litter", "weeding"), (*ROADS, "park"), (9, 10, 13), (60, 90),
    "側溝がつまらないように、落ち葉を集めます。", "軍手、あれば熊手", weight=3,
)  # fmt: skip
_TIDY = EventSeed(
    "花壇の片付け", ("flowerbed",), GREEN, (10, 13), (60,),
    "終わった花を抜き、来年のために土を返します。", "軍手、長ぐつ",
)  # fmt: skip
_WRAP = EventSeed(
    "冬囲いづくり", ("winter_cover",), ("park", "city_road"), (10, 13), (60, 90),
    "雪で枝が折れないように、縄とこもで木を囲います。結び方はお教えします。",
    "軍手、あたたかい服装", weight=3,
)  # fmt: skip

_WINTER = (_MEETING, _TRAINING, _FLOWER_PLAN, _DRILL, _WINTER_WALK, _SANDBOX, _COVER_CHECK, _TOOLS)
_BY_MONTH: Final = {
    12: _WINTER,
    1: _WINTER,
    2: _WINTER,
    3: (_MEETING, _TRAINING, _FLOWER_PLAN, _DRILL, _WINTER_WALK, _THAW, _TOOLS),
    4: (_FIRST, _LITTER, _SHORE, _ISLAND),
    5: (_LITTER, _SHORE, _ISLAND, _FLOWERS, _TREES, _MORNING),
    6: (_LITTER, _SHORE, _ISLAND, _FLOWERS, _WEEDING, _MORNING),
    7: (_LITTER, _SHORE, _ISLAND, _WEEDING, _WATERING, _MORNING),
    8: (_LITTER, _SHORE, _ISLAND, _WEEDING, _WATERING, _MORNING),
    9: (_LITTER, _SHORE, _ISLAND, _WEEDING, _TREES, _MORNING),
    10: (_LITTER, _SHORE, _LEAVES, _TIDY, _TREES),
    11: (_LITTER, _SHORE, _LEAVES, _TIDY, _WRAP),
}

LONG_TITLE_WINTER: Final = (
    "母恋・輪西・中島・東町 四つの地区が集まって、春の活動の地図をつくり、道具を手入れし、"
    "新しい仲間をむかえる交流のつどい"
)
LONG_TITLE: Final = (
    "母恋・輪西・中島・東町 四つの地区が集まって、駅から海までの道をいっしょに歩き、"
    "ごみを拾い、地図にまとめる合同清掃"
)
LONG_DESCRIPTION: Final = (
    "ふだんは別々に活動している団体が集まります。お一人でも、ご家族でも参加できます。"
)


def fitting(month: int, kind: str, name: str, closed_in_winter: bool) -> tuple[EventSeed, ...]:
    """The activities that fit the month on an area of that kind and name; never empty."""
    made = tuple(
        seed
        for seed in _BY_MONTH[month]
        if kind in seed.kinds
        and (seed.indoor or not closed_in_winter or month not in WINTER_MONTHS)
        and ("flowerbed" not in seed.works or kind == "park" or name.endswith("通"))
    )
    return made or (_TOOLS,)
