"""What partners write under their reports, by season and by kind of place."""

from typing import Final

ANYWHERE: Final = (
    "たばこの吸いがらと飲みものの容器が多かったです。",
    "前回より少なくなりました。続けてきたかいがあります。",
    "通りがかりの方から「ありがとう」と声をかけていただきました。",
    "はじめての方が参加してくださいました。",
    "弁当の容器がまとめて捨てられていました。",
    "いつもの道を一周しました。けがはありません。",
    "風が強かったので、早めに終わりました。",
    "中学生が手伝ってくれて、予定より早く終わりました。",
    "袋がたりなくなりました。次回は多めに用意します。",
    "腕章を着けていたので、車の方がゆっくり走ってくれました。",
)
SPRING: Final = (
    "雪の下からたくさん出てきました。春はやはり多いです。",
    "雪どけのあとの道に砂が残っています。",
    "桜が咲きはじめ、気持ちよく歩けました。",
)
SUMMER: Final = (
    "暑くなる前の朝に行いました。水分をこまめにとりました。",
    "草がのびて、ごみが見えにくくなっています。",
    "朝霧の中での活動でした。車に気をつけました。",
)
AUTUMN: Final = (
    "落ち葉が多く、側溝のふたの上を中心に集めました。",
    "日が短くなってきたので、30分早く始めました。",
    "冬の前の仕上げをしました。",
)
SHORE: Final = (
    "漂着したロープと発泡スチロールが目立ちました。",
    "小さなプラスチックを中心に、手で拾いました。",
    "波が高かったので、上の方だけにしました。",
)
PARK: Final = (
    "遊具のまわりにガラスの破片はありませんでした。",
    "ベンチのまわりに菓子の袋が多かったです。",
    "花壇のまわりの草も取りました。",
)
LATE: Final = "遅くなりましたが、まとめて報告します。"
RETURNED: Final = "子どもの人数が参加人数と合わないようです。ご確認をお願いします。"
WITHDRAWN: Final = "日付をまちがえて登録したため、取り消しました。"
NEXT_PLANS: Final = (
    "来月も同じ場所で行います。",
    "次は反対側の歩道を歩きます。",
    "次は草取りもします。軍手を持ってきてください。",
)


def for_month(month: int) -> tuple[str, ...]:
    """Notes that fit the month, besides those that always fit."""
    if month <= 5:
        return SPRING
    return SUMMER if month <= 8 else AUTUMN


def for_kind(kind: str) -> tuple[str, ...]:
    """Notes that fit the kind of area."""
    return {"beach": SHORE, "park": PARK}.get(kind, ())
