"""The life of a report of an accident or a near miss (事故・ヒヤリハット)."""

from server.http.i18n import lazy as _l
from server.workflow.machine import Machine, step

ACCIDENT = Machine(
    name="accident",
    noun=_l("事故・ヒヤリハットの報告"),
    table="accidents",
    path="/partner/accidents/{id}",
    states={
        "submitted": _l("報告済"),
        "acknowledged": _l("確認中"),
        "closed": _l("完了"),
    },
    initial=("submitted",),
    waiting=("submitted", "acknowledged"),
    steps=(
        step("acknowledge", _l("確認をはじめる"), "submitted", "acknowledged", "staff",
             tells="partner"),
        step("close", _l("完了にする"), "submitted acknowledged", "closed", "staff", comment=True,
             tells="partner"),
        step("reopen", _l("もう一度ひらく"), "closed", "acknowledged", "staff", comment=True),
    ),
)  # fmt: skip
