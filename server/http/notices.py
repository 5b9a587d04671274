"""Short messages shown once after a write. The cookie carries only the key, never text."""

from server.http.i18n import lazy as _l

NOTICES: dict[str, tuple[str, str]] = {
    "welcome": ("success", _l("ログインしました。")),
    "goodbye": ("info", _l("ログアウトしました。")),
    "login.again": (
        "warning",
        _l(
            "コードが使えなくなりました。もう一度メールアドレスを入れて、新しいコードを受け取ってください。"
        ),
    ),
    "saved": ("success", _l("保存しました。")),
    "signup.done": ("success", _l("参加の申込みができました。")),
    "signup.already": ("info", _l("すでに申し込んでいます。")),
    "signup.cancelled": ("info", _l("参加を取り消しました。")),
    "opportunity.published": ("success", _l("活動の募集を公開しました。")),
    "opportunity.saved": ("success", _l("活動の募集を直しました。")),
    "opportunity.cancelled": ("info", _l("活動を中止にしました。申し込んだ人に知らせます。")),
    "cleanup.saved": ("success", _l("記録を直しました。")),
    "cleanup.withdrawn": ("info", _l("記録を取り消しました。")),
    "cleanup.reviewed": ("success", _l("確認の結果を保存しました。")),
    "area.created": ("success", _l("活動区域を登録しました。")),
    "area.saved": ("success", _l("活動区域を直しました。前の形も残っています。")),
    "import.discarded": ("info", _l("取りこまずに終わりました。台帳は変わっていません。")),
}
