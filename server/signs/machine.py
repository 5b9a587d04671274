"""The life of a sign (表示板)."""

from server.http.i18n import lazy as _l
from server.workflow.machine import Machine, step

SIGN = Machine(
    name="sign",
    noun=_l("表示板"),
    table="signs",
    path="/partner/signs/{id}",
    states={
        "wished": _l("希望"),
        "naming": _l("名称協議"),
        "installed": _l("設置済"),
        "removed": _l("撤去"),
        "cancelled": _l("取消"),
    },
    initial=("wished",),
    waiting=("wished", "naming"),
    steps=(
        step("discuss", _l("名称を協議する"), "wished", "naming", "staff", tells="partner"),
        step("install", _l("設置した"), "naming", "installed", "staff", tells="partner",
             holds=_l("記載する名称と設置の日がある")),
        step("remove", _l("撤去した"), "installed", "removed", "staff", comment=True,
             tells="partner", holds=_l("撤去の日がある")),
        step("cancel", _l("取り消す"), "wished naming", "cancelled",
             "partner staff system"),
    ),
)  # fmt: skip
