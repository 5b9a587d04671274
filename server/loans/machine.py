"""The life of a loan of a mower (草刈り機の貸出). Overdue (期限超過) is computed, not a state."""

from server.http.i18n import lazy as _l
from server.workflow.machine import Machine, step

LOAN = Machine(
    name="loan",
    noun=_l("草刈り機の貸出"),
    table="loans",
    path="/partner/loans/{id}",
    states={
        "reserved": _l("予約"),
        "out": _l("貸出中"),
        "returned": _l("返却済"),
        "damaged": _l("破損"),
        "cancelled": _l("取消"),
    },
    initial=("reserved",),
    waiting=("reserved", "out"),
    steps=(
        step("hand_out", _l("貸し出す"), "reserved", "out", "staff",
             holds=_l("操作する人が決まり、講習の条件を満たす。機械が使える")),
        step("take_back", _l("返却を受ける"), "out", "returned", "staff",
             holds=_l("返却の日と点検の結果がある"), tells="partner"),
        step("report_damage", _l("破損で返却を受ける"), "out", "damaged", "staff", comment=True,
             tells="partner"),
        step("cancel", _l("取り消す"), "reserved", "cancelled",
             "partner staff system", tells="partner"),
    ),
)  # fmt: skip
