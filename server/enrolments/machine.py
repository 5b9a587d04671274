"""The life of an enrolment (届出から満了・辞退・解消まで) and of a notice of change (変更届)."""

from server.http.i18n import lazy as _l
from server.workflow.machine import Machine, step

LIVE = ("active", "changing", "paused", "renewal")  # under an agreement
OVER = ("rejected", "expired", "withdrawn", "cancelled")

ENROLMENT = Machine(
    name="enrolment",
    noun=_l("届出・合意"),
    table="enrolments",
    path="/applications/{id}",
    states={
        "draft": _l("下書き"),
        "submitted": _l("届出済"),
        "checking": _l("確認中"),
        "returned": _l("差戻し"),
        "rejected": _l("不承認"),
        "agreed": _l("合意済"),
        "active": _l("活動中"),
        "changing": _l("変更手続中"),
        "paused": _l("休止中"),
        "renewal": _l("更新待ち"),
        "expired": _l("満了"),
        "withdrawn": _l("辞退"),
        "cancelled": _l("解消"),
    },
    initial=("draft",),
    waiting=("submitted", "checking", "changing", "renewal"),
    steps=(
        step("submit", _l("届け出る"), "draft returned", "submitted", "person partner staff",
             holds=_l("必須の項目と区域がそろい、誓約と同意がある")),
        step("take_up", _l("確認をはじめる"), "submitted", "checking", "staff",
             tells="person", words=_l("届出の確認(協議・現地確認)をはじめました。")),
        step("send_back", _l("差し戻す"), "submitted checking", "returned", "staff", comment=True,
             tells="person", words=_l("届出に直してほしいところがあります。"
                                        "直して、もう一度送ってください。")),
        step("reject", _l("不承認にする"), "submitted checking", "rejected", "staff", comment=True,
             tells="person"),
        step("agree", _l("合意する"), "checking", "agreed", "person partner staff",
             holds=_l("合意書を団体と市の両方が確認した"), tells="person partner",
             words=_l("合意書の取交しが終わりました。")),
        step("begin", _l("活動をはじめる"), "agreed", "active", "staff system",
             holds=_l("合意の期間がはじまっている"), tells="partner"),
        step("ask_change", _l("変更を届け出る"), "active", "changing", "partner staff",
             holds=_l("活動区域の変更届がある")),
        step("finish_change", _l("変更の手続きを終える"), "changing", "active",
             "partner staff system", holds=_l("変更の合意ができた、または変更届が終わった"),
             tells="partner"),
        step("pause", _l("休止する"), "active", "paused", "partner staff", comment=True,
             holds=_l("休止のはじまりの日がある"), tells="partner"),
        step("resume", _l("再開する"), "paused", "active", "partner staff",
             holds=_l("合意の期間が残っている"), tells="partner"),
        step("await_renewal", _l("更新の時期にする"), "active paused", "renewal", "staff system",
             holds=_l("期間の終わりが近い"), tells="partner",
             words=_l("合意の期間の終わりが近づきました。続けるかどうかを、画面からお知らせください。")),
        step("renew", _l("更新する"), "renewal", "active", "partner staff system",
             holds=_l("次の期間の合意がある"), tells="partner", words=_l("合意を更新しました。")),
        step("expire", _l("満了にする"), "active changing paused renewal", "expired",
             "staff system", holds=_l("合意の期間が終わった"), tells="partner"),
        step("withdraw", _l("辞退する"), "draft submitted checking returned agreed active changing "
             "paused renewal", "withdrawn", "person partner staff", comment=True,
             tells="person partner"),
        step("dissolve", _l("合意を解消する"), "agreed active changing paused renewal", "cancelled",
             "staff", comment=True, tells="partner"),
    ),
)  # fmt: skip

NOTICE = Machine(
    name="notice",
    noun=_l("変更届"),
    table="change_notices",
    path="/partner/notices/{id}",
    states={
        "submitted": _l("届出済"),
        "returned": _l("差戻し"),
        "accepted": _l("受理"),
        "withdrawn": _l("取下げ"),
    },
    initial=("submitted",),
    waiting=("submitted",),
    steps=(
        step("accept", _l("受理する"), "submitted", "accepted", "staff", tells="partner",
             holds=_l("変更後の内容が台帳に書かれる")),
        step("send_back", _l("差し戻す"), "submitted", "returned", "staff", comment=True,
             tells="partner"),
        step("resubmit", _l("直して送る"), "returned", "submitted", "partner staff"),
        step("withdraw", _l("取り下げる"), "submitted returned", "withdrawn",
             "partner staff system"),
    ),
)  # fmt: skip
