"""The life of a request for supplies (支給の申請)."""

from server.http.i18n import lazy as _l
from server.workflow.machine import Machine, step

SUPPLY = Machine(
    name="supply",
    noun=_l("支給の申請"),
    table="supply_requests",
    path="/partner/supplies/{id}",
    states={
        "requested": _l("申請"),
        "approved": _l("承認"),
        "handed_over": _l("受渡し済"),
        "rejected": _l("却下"),
        "cancelled": _l("取消"),
    },
    initial=("requested",),
    waiting=("requested", "approved"),
    steps=(
        step("approve", _l("承認する"), "requested", "approved", "staff", tells="partner",
             holds=_l("お渡しする数が決まっている"),
             words=_l("支給の申請を承認しました。受渡し場所で受け取ってください。")),
        step("reject", _l("却下する"), "requested approved", "rejected", "staff", comment=True,
             tells="partner"),
        step("hand_over", _l("お渡しした"), "approved", "handed_over", "staff",
             holds=_l("受渡し場所に在庫がある")),
        step("cancel", _l("取り消す"), "requested approved", "cancelled",
             "partner staff system"),
    ),
)  # fmt: skip
