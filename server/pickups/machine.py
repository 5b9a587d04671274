"""The life of a request to take filled bags away (回収依頼)."""

from server.http.i18n import lazy as _l
from server.workflow.machine import Machine, step

PICKUP = Machine(
    name="pickup",
    noun=_l("回収依頼"),
    table="pickups",
    path="/partner/pickups/{id}",
    states={
        "requested": _l("依頼"),
        "accepted": _l("受付"),
        "scheduled": _l("回収日決定"),
        "collected": _l("回収済"),
        "partly": _l("一部回収"),
        "refused": _l("回収不可"),
        "cancelled": _l("取消"),
    },
    initial=("requested",),
    waiting=("requested", "accepted", "scheduled"),
    steps=(
        step("accept", _l("受け付ける"), "requested", "accepted", "staff"),
        step("schedule", _l("回収日を決める"), "requested accepted", "scheduled", "staff system",
             holds=_l("回収する日で、その日の上限に空きがある"), tells="partner person",
             words=_l("回収の日が決まりました。")),
        step("put_back", _l("日を決め直す"), "scheduled", "accepted", "staff",
             tells="partner person"),
        step("collect", _l("回収した"), "scheduled", "collected", "staff",
             holds=_l("回収した日がある")),
        step("collect_part", _l("一部を回収した"), "scheduled", "partly", "staff", comment=True,
             tells="partner person"),
        step("refuse", _l("回収できない"), "requested accepted scheduled", "refused", "staff",
             comment=True, tells="partner person"),
        step("cancel", _l("取り消す"), "requested accepted scheduled", "cancelled",
             "person partner staff", holds=_l("回収日の当日は決められた時刻まで")),
    ),
)  # fmt: skip
