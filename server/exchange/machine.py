"""The life of a post on the board (質問・回答) and of the exchange meeting (情報交換会)."""

from server.http.i18n import lazy as _l
from server.workflow.machine import Machine, step

POST = Machine(
    name="post",
    noun=_l("情報交換の書きこみ"),
    table="posts",
    path="/board/{id}",
    states={
        "pending": _l("確認待ち"),
        "published": _l("公開"),
        "refused": _l("掲載しない"),
        "hidden": _l("非表示"),
    },
    initial=("pending",),
    waiting=("pending",),
    steps=(
        step("publish", _l("公開する"), "pending hidden", "published", "coordinator staff",
             tells="person"),
        step("refuse", _l("掲載しない"), "pending", "refused", "coordinator staff", comment=True,
             tells="person"),
        step("hide", _l("非表示にする"), "published", "hidden", "person coordinator staff",
             comment=True, tells="person"),
    ),
)  # fmt: skip

MEETING = Machine(
    name="meeting",
    noun=_l("情報交換会"),
    table="meetings",
    path="/meetings/{id}",
    states={
        "draft": _l("下書き"),
        "published": _l("案内中"),
        "held": _l("開催済"),
        "cancelled": _l("中止"),
    },
    initial=("draft",),
    waiting=(),
    steps=(
        step("publish", _l("案内を出す"), "draft", "published", "coordinator staff"),
        step("hold", _l("開催済にする"), "published", "held", "coordinator staff",
             holds=_l("開催の時刻を過ぎている")),
        step("call_off", _l("中止にする"), "draft published", "cancelled", "coordinator staff",
             comment=True),
    ),
)  # fmt: skip
