"""The life of a report of a fault or of dumped rubbish (情報提供)."""

from server.http.i18n import lazy as _l
from server.workflow.machine import Machine, step

FAULT = Machine(
    name="fault",
    noun=_l("情報提供"),
    table="faults",
    path="/faults/{id}",
    states={
        "received": _l("受付"),
        "forwarded": _l("管理者へ連絡"),
        "in_progress": _l("対応中"),
        "done": _l("対応済"),
        "out_of_scope": _l("対象外"),
    },
    initial=("received",),
    waiting=("received", "forwarded", "in_progress"),
    steps=(
        step("forward", _l("管理者へ連絡する"), "received in_progress", "forwarded", "staff",
             tells="person partner", words=_l("その場所の管理者へ連絡しました。")),
        step("start", _l("対応をはじめる"), "received forwarded", "in_progress", "staff",
             tells="person partner"),
        step("finish", _l("対応を終える"), "received forwarded in_progress", "done", "staff",
             comment=True, tells="person partner"),
        step("decline", _l("対象外にする"), "received forwarded", "out_of_scope", "staff",
             comment=True, tells="person partner"),
        step("reopen", _l("もう一度ひらく"), "done out_of_scope", "in_progress", "staff",
             comment=True, tells="person partner"),
    ),
)  # fmt: skip
