"""A call for hands (お手伝い募集): open, then filled, over or taken back."""

from server.http.i18n import lazy as _l
from server.workflow.machine import Machine, step

HELP_CALL = Machine(
    name="help_call",
    noun=_l("お手伝い募集"),
    table="help_calls",
    path="/help-calls/{id}",
    states={
        "open": _l("募集中"),
        "filled": _l("人数がそろいました"),
        "done": _l("終わりました"),
        "cancelled": _l("取りやめ"),
    },
    initial=("open",),
    steps=(
        step("fill", _l("募集を締め切る"), "open", "filled", "partner staff system",
             holds=_l("手伝う人がそろった、または募った側が締め切った"), tells="partner"),
        step("reopen", _l("もう一度募集する"), "filled", "open", "partner staff system"),
        step("finish", _l("終わりにする"), "open filled", "done", "partner staff system"),
        step("cancel", _l("取りやめる"), "open filled", "cancelled",
             "partner staff system", comment=True,
             holds=_l("募った側が取りやめた、または日時の決まった活動が中止になった")),
    ),
)  # fmt: skip
