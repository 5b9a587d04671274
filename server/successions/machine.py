"""Handing an area on (引き継ぎ): offered, tried for a season, handed over."""

from server.http.i18n import lazy as _l
from server.workflow.machine import Machine, step

SUCCESSION = Machine(
    name="succession",
    noun=_l("区域の引き継ぎ"),
    table="successions",
    path="/successions/{id}",
    states={
        "offered": _l("引き継ぎ先をさがしています"),
        "trial": _l("お試し中"),
        "handed_over": _l("引き継ぎ済み"),
        "withdrawn": _l("取下げ"),
    },
    initial=("offered",),
    waiting=("offered", "trial"),
    steps=(
        step("start_trial", _l("お試しをはじめる"), "offered", "trial", "staff",
             holds=_l("手をあげたパートナーから一つ選び、期間を決めた"), tells="partner other"),
        step("stop_trial", _l("お試しをやめる"), "trial", "offered",
             "partner other staff system", comment=True, tells="partner other"),
        step("hand_over", _l("引き継ぐ"), "trial", "handed_over", "staff",
             holds=_l("相手に合意の期間がある"), tells="partner other"),
        step("withdraw", _l("取り下げる"), "offered", "withdrawn",
             "partner staff system", tells="partner"),
    ),
)  # fmt: skip
