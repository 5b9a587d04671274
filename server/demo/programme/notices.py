"""The demo's notices: inboxes, ways that were chosen, saved searches, and what got stuck."""

from server.demo.programme.kit import Demo

BOKOI, ITANKI = "SRID=4326;POINT(140.9890 42.3169)", "SRID=4326;POINT(141.0010 42.3260)"

# who, kind, days ago, hour, subject, body, path, read, state of the mail, problem
TOLD: tuple[tuple[str, str, int, int, str, str, str, bool, str, str], ...] = (
    ("kenji", "partner", 1, 10, "【まちピカ】支給品の申請: 承認",
     "町会の申請\n\n支給品の申請が「承認」になりました。", "/partner/supplies", False, "sent", ""),
    ("kenji", "announcement", 2, 8, "【まちピカ】夏の草の袋の回収について",
     "草の袋は、ほかのごみと分けて出してください。", "/announcements", False, "sent", ""),
    ("kenji", "reminder", 3, 9, "あしたの活動: 母恋駅まわりのごみ拾い",
     "あした9時からです。集合場所は母恋駅前の広場です。", "/me/signups", True, "sent", ""),
    ("kenji", "signup", 9, 18, "【中止】海岸の清掃", "大雨の予報のため、中止になりました。",
     "/me/signups", True, "sent", ""),
    ("hanako", "nearby", 0, 7, "近くに新しい活動: 花だんの植えかえ",
     "さがしている条件: 母恋駅\n母恋駅前の広場", "/opportunities", False, "sent", ""),
    ("hanako", "offer", 1, 12, "キャンセル待ちの順番が来ました",
     "空いた席を、あなたのために取り置いています。", "/me/signups", False, "sent", ""),
    ("hanako", "help", 5, 17, "お手伝いのお願い: 草刈りの片づけ",
     "近くの団体が、人手をさがしています。", "/help-calls", True, "failed", "smtp 550"),
    ("toyo", "partner", 4, 10, "【まちピカ】草刈り機の貸出: 準備できました",
     "窓口で受けとれます。", "/partner/loans", False, "", ""),
    ("kanae", "announcement", 6, 8, "【まちピカ】合同清掃の日が決まりました",
     "観光道路で行います。", "/announcements", False, "dead", "smtp SMTPConnectTimeoutError"),
)  # fmt: skip


def fill(demo: Demo) -> None:
    """Notices of several kinds and states, the choices of two people, two saved searches."""
    for number, one in enumerate(TOLD):
        _told(demo, number, *one)
    _choices(demo)
    _searches(demo)


def _told(
    demo: Demo, number: int, who: str, kind: str, ago: int, hour: int, subject: str, body: str,
    path: str, read: bool, state: str, problem: str,
) -> None:  # fmt: skip
    moment = demo.moment(-ago, hour)
    account = demo.account(who)
    notice = demo.insert(
        "notices", account_id=account, kind=kind, key=f"demo:{number}", subject=subject, body=body,
        path=path, created_at=moment, read_at=moment if read else None,
    )  # fmt: skip
    if state:
        id = demo.insert(
            "deliveries", notice_id=notice, account_id=account, channel="mail", target="",
            state=state, due_at=moment, attempts=8 if state == "dead" else 1, problem=problem,
            sent_at=moment if state == "sent" else None,
        )  # fmt: skip
        demo.connection.execute("UPDATE deliveries SET digest_id = id WHERE id = %s", [id])


def _choices(demo: Demo) -> None:
    insert = demo.connection.execute
    for who, kind, channel, wanted in (
        ("kenji", "announcement", "push", True), ("kenji", "nearby", "mail", False),
        ("hanako", "announcement", "mail", False),
    ):  # fmt: skip
        insert(
            "INSERT INTO notice_choices (account_id, kind, channel, wanted) VALUES (%s,%s,%s,%s)",
            [demo.account(who), kind, channel, wanted],
        )
    insert(
        "INSERT INTO notice_settings (account_id, rhythm, quiet_from, quiet_to)"
        " VALUES (%s, 'weekly', '20:00', '08:00')",
        [demo.account("kenji")],
    )


def _searches(demo: Demo) -> None:
    since = demo.moment(-20)
    for who, label, point, radius_m, works, weekdays, bands in (
        ("hanako", "母恋駅", BOKOI, 2000, ["litter"], ["7"], ["morning"]),
        ("hanako", "市内すべて", None, 0, ["flowerbed"], [], []),
        ("kenji", "イタンキ浜", ITANKI, 3000, [], ["6", "7"], []),
    ):
        demo.insert(
            "saved_searches", account_id=demo.account(who), label=label, point=point,
            radius_m=radius_m, works=works, weekdays=weekdays, bands=bands, children_ok=False,
            empty_handed_ok=False, step_free=False, created_at=since, told_until=since,
        )  # fmt: skip
