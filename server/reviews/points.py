"""The points of the yearly review (評価): what partner and city each look back on.

The points of the mutual scoring at two stages (planning, doing), and those of the seven principles
(七つの原則) of the city's guideline for co-creation that they leave open. This tuple is the one
place: form, comparison, averages and files follow it.
"""

from dataclasses import dataclass

from server.http.i18n import lazy as _l


@dataclass(frozen=True)
class Point:
    """One point. ``key`` stands in the database; ``ask`` is the question on the form."""

    key: str
    stage: str
    label: str
    ask: str


STAGES = {
    "plan": _l("計画のとき"),
    "doing": _l("活動のとき"),
    "always": _l("一年をとおして"),
}

POINTS: tuple[Point, ...] = (
    Point("aim", "plan", _l("目的・目標の共有"),
          _l("何のために、どこまでやるかを、おたがいに確かめられましたか。")),
    Point("understanding", "plan", _l("相互理解"),
          _l("相手の立場や事情を、わかり合えましたか。")),
    Point("roles", "plan", _l("役割分担"),
          _l("おたがいの強みを生かして、役割を分けられましたか。")),
    Point("equal", "doing", _l("対等な話し合い"),
          _l("対等な立場で、率直に話し合えましたか。")),
    Point("surprises", "doing", _l("予想外への対応"),
          _l("思いがけないことに、いっしょに対応できましたか。")),
    Point("together", "doing", _l("相手任せにしない"),
          _l("相手に任せきりにせず、自分からも動けましたか。")),
    Point("progress", "doing", _l("進み具合の共有"),
          _l("活動の進み具合を、伝え合えましたか。")),
    Point("openness", "always", _l("情報公開・情報共有"),
          _l("活動のようすを、おたがいに、また市民に知らせられましたか。")),
    Point("autonomy", "always", _l("自主・自立"),
          _l("頼りきりにならず、自分たちで考えて続けられましたか。")),
)  # fmt: skip

KEYS = tuple(point.key for point in POINTS)


def gap(one: str, other: str) -> int:
    """Steps between two grades (A to D): 0 for the same."""
    return abs(ord(one) - ord(other))
