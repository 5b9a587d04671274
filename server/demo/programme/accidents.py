"""The demo's accidents and near misses."""

from server.accidents.machine import ACCIDENT
from server.demo.programme.kit import Demo

# kind, state, days ago, hurt, place, what happened, what was done
REPORTS = (
    ("near_miss", "submitted", 3, 0, "公園の階段", "ぬれた階段で足をすべらせた。けがはなかった。",
     "階段の作業をやめて、滑りにくい靴を使うことにした。"),
    ("injury", "acknowledged", 16, 1, "歩道の植えこみ", "枝で手の甲をすりむいた。",
     "水で洗い、病院でみてもらった。軍手を厚いものに替える。"),
    ("property", "closed", 48, 0, "駐車場のわき", "草刈りの小石がはねて、車の窓にひびが入った。",
     "作業を止めて、持ち主と市に連絡した。保険の手続きをした。"),
)  # fmt: skip


def fill(demo: Demo) -> None:
    """Fill the reports of MP-0001."""
    partner = demo.partner("MP-0001")
    area = demo.value("SELECT area_id FROM agreement_areas WHERE partner_id = %s LIMIT 1", partner)
    for kind, state, ago, hurt, place, what, done in REPORTS:
        row = {
            "partner_id": partner, "area_id": area, "kind": kind, "place_note": place,
            "happened_at": demo.moment(-ago - 1, 10, 20), "people_hurt": hurt,
            "description": what, "measures": done, "section": "地域生活課",
            "requested_by": demo.account("kenji"),
        }  # fmt: skip
        way = [("submitted", -ago, "kenji", "")]
        if state != "submitted":
            way.append(("acknowledged", -ago + 1, "sato", ""))
        if state == "closed":
            way.append(("closed", -ago + 6, "sato", "保険の手続きが終わったことを確かめました。"))
        demo.live(ACCIDENT, row, way)
