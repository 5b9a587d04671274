"""Acts of the audit trail in words. An act without words is shown by its code."""

from server.http.i18n import lazy as _l

ACTIONS = {
    "area.create": _l("区域を加えた"),
    "area.edit": _l("区域を直した"),
    "area.import": _l("区域を取りこんだ"),
    "cleanup.log": _l("活動を記録した"),
    "cleanup.edit": _l("記録を直した"),
    "cleanup.withdraw": _l("記録を取り消した"),
    "cleanup.review": _l("記録を確認した"),
    "opportunity.publish": _l("募集を公開した"),
    "opportunity.change": _l("募集を直した"),
    "opportunity.cancel": _l("活動を中止にした"),
    "signup.create": _l("参加を申し込んだ"),
    "signup.cancel": _l("参加を取り消した"),
    "account.create": _l("利用者を登録した"),
    "account.login": _l("ログインした"),
    "account.rename": _l("名前を変えた"),
    "account.logout_everywhere": _l("すべての端末からログアウトした"),
    "role.grant": _l("役割を与えた"),
    "role.revoke": _l("役割を外した"),
}
