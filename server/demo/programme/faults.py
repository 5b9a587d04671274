"""The demo's reports of faults: all states, all categories, from people and from partners."""

from server.demo.programme.kit import Demo
from server.faults.machine import FAULT

# category, state, days ago, who (persona or ""), what was seen, where, how many saw the same
REPORTS = (
    ("dumping", "received", 1, "", "タイヤが4本と、古いテレビが捨てられています。", "坂の途中", 2),
    ("damage", "received", 2, "hanako", "公園のベンチの板が割れています。", "すべり台のそば", 0),
    ("danger", "forwarded", 4, "kenji", "歩道に枝が折れてかかっています。", "信号の手前", 1),
    ("dumping", "in_progress", 6, "kenji", "家庭ごみの袋が10個ほど置かれています。", "橋の下", 0),
    ("damage", "in_progress", 9, "", "ガードレールが曲がっています。", "カーブの外側", 3),
    ("other", "received", 0, "", "側溝のふたがずれて、音がします。", "バス停の前", 0),
    ("danger", "done", 12, "hanako", "砂浜に注射針のようなものがありました。", "駐車場の下", 0),
    ("dumping", "done", 15, "kenji", "自転車が2台捨てられていました。", "海岸の入口", 1),
    ("damage", "done", 20, "", "看板が倒れていました。", "展望台", 0),
    ("other", "out_of_scope", 18, "", "となりの家の木の枝が出ています。", "私有地", 0),
    ("dumping", "forwarded", 3, "", "道道ののり面に、畳が捨てられています。", "トンネルの手前", 0),
    ("danger", "received", 1, "toyo", "階段の手すりがぐらぐらします。", "神社の横", 0),
)
WORDS = {
    "forwarded": "場所の管理者に連絡しました。現地を見に行くとのことです。",
    "in_progress": "あさって、職員が見に行きます。",
    "done": "片づけました。知らせてくださり、ありがとうございました。",
    "out_of_scope": "私有地のため、市では手を入れられません。持ち主の方に伝えました。",
}
STEPS = {
    "received": (), "forwarded": ("forwarded",), "in_progress": ("in_progress",),
    "done": ("in_progress", "done"), "out_of_scope": ("out_of_scope",),
}  # fmt: skip


def fill(demo: Demo) -> None:
    """Fill the reports, each near an area."""
    areas = demo.connection.execute(
        "SELECT id, manager, section, ST_AsEWKT(ST_Translate(ST_PointOnSurface(geom),"
        " 0.00004, 0.00003)) FROM areas WHERE retired_on IS NULL ORDER BY code LIMIT 60"
    ).fetchall()
    if not areas:
        return
    for n, (category, state, ago, who, seen, place, others) in enumerate(REPORTS):
        area_id, manager, section, point = areas[n * 5 % len(areas)]
        row = {
            "category": category, "point": point, "place_note": place, "description": seen,
            "manager": manager, "section": section or "地域生活課", "area_id": area_id,
            "partner_id": demo.partner("MP-0001") if who in ("kenji", "toyo") else None,
            "requested_by": demo.account(who) if who else None, "seen_by_others": others,
        }  # fmt: skip
        way = [("received", -ago, who, "")]
        way += [(step, -max(ago - 1 - k, 0), "sato", WORDS[step])
                for k, step in enumerate(STEPS[state])]  # fmt: skip
        demo.live(FAULT, row, way)
