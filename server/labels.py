"""Japanese names of the code lists, in one place for pages, forms, exports and imports.

Keys are the codes stored in the database; order is the order people see.
"""

from server.http.i18n import lazy as _l

SUBJECTS = {
    "citizen": _l("市民個人"),
    "neighbourhood": _l("町内会・自治会(町会)"),
    "npo": _l("市民活動団体(NPO)"),
    "university": _l("大学等"),
    "company": _l("企業・団体"),
    "government": _l("行政"),
}

FORMS = {
    "subsidy": _l("補助"),
    "endorsement": _l("後援"),
    "cohosting": _l("共催"),
    "cooperation": _l("事業協力・協定"),
    "information": _l("情報提供・情報交換"),
    "committee": _l("実行委員会・協議会"),
    "commission": _l("委託"),
    "planning": _l("企画立案・計画策定への参画"),
}

KINDS = {
    "national_road": _l("国道"),
    "prefectural_road": _l("道道"),
    "city_road": _l("市道"),
    "park": _l("公園・緑地"),
    "river": _l("河川"),
    "beach": _l("海浜"),
    "other": _l("その他"),
}

MANAGERS = {
    "state": _l("国"),
    "prefecture": _l("北海道"),
    "city": _l("市"),
    "port": _l("港湾"),
    "other": _l("その他"),
}

WORKS = {
    "litter": _l("ごみ拾い"),
    "weeding": _l("草取り・草刈り"),
    "flowerbed": _l("花壇の手入れ"),
    "planting": _l("植樹"),
    "winter_cover": _l("冬囲い"),
    "patrol": _l("見回り・情報提供"),
    "other": _l("その他"),
}

LITTER_CLASSES = {
    "burnable": _l("燃やせるごみ"),
    "nonburnable": _l("燃やせないごみ"),
    "recyclable": _l("資源物"),
    "grass": _l("草・枝・落ち葉"),
    "bulky": _l("粗大・特殊ごみ"),
    "other": _l("その他"),
}

LITTER_UNITS = {"bag": _l("袋"), "kg": "kg", "m3": "m³", "item": _l("個")}

CLEANUP_STATES = {
    "submitted": _l("提出済み(確認待ち)"),
    "accepted": _l("確認済み"),
    "returned": _l("差戻し(修正のお願い)"),
    "withdrawn": _l("取消し"),
}

CARE_STATES = {
    "fresh": _l("きれい"),
    "due": _l("そろそろ"),
    "overdue": _l("間が空いている"),
    "never": _l("まだ記録なし"),
    "resting": _l("冬の休み"),
    "unassigned": _l("担い手なし"),
}

SUPPORTS = {
    "bags": _l("公用袋"),
    "armbands": _l("腕章"),
    "tools": _l("清掃用具"),
    "mower": _l("草刈り機の貸出"),
    "fuel": _l("燃料"),
    "pickup": _l("集めたごみの回収"),
    "sign": _l("表示板"),
    "insurance": _l("保険の案内"),
    "publicity": _l("活動の広報"),
}

NOTICE_KINDS = {
    "representative": _l("代表者の変更"),
    "name": _l("団体名の変更"),
    "contact": _l("連絡先の変更"),
    "areas": _l("活動区域の変更"),
}

CONTACT_ROLES = {
    "representative": _l("代表者"),
    "contact": _l("連絡責任者"),
    "emergency": _l("緊急連絡先"),
}

OCCASIONS = {"new": _l("新しい合意"), "change": _l("変更の合意"), "renewal": _l("更新の合意")}
CONFIRMED_HOW = {
    "app": _l("画面で確認"),
    "paper": _l("書面で確認"),
    "carried": _l("前の合意による自動更新"),
}

SUPPLY_CATEGORIES = {
    "bag": _l("公用袋"),
    "fuel": _l("燃料"),
    "armband": _l("腕章"),
    "other": _l("その他の支給品"),
}
STOCK_REASONS = {
    "delivery": _l("納品"),
    "handout": _l("お渡し"),
    "return": _l("もどり"),
    "correction": _l("数の訂正"),
}
CENTRE_SUPPORTS = {
    "advice": _l("相談"),
    "matching": _l("団体どうしの引き合わせ"),
    "publicity": _l("広報"),
    "equipment": _l("用具の貸出"),
    "people": _l("人手の応援"),
    "other": _l("その他"),
}
LOAN_CONDITIONS = {"good": _l("使える"), "repair": _l("修理中"), "retired": _l("廃棄")}
LOAN_CHECKS = {
    "good": _l("よい"),
    "dirty": _l("よごれ"),
    "worn": _l("刃の減り・部品の傷み"),
    "broken": _l("破損"),
}
FAULT_CATEGORIES = {
    "dumping": _l("不法投棄"),
    "damage": _l("破損"),
    "danger": _l("危険"),
    "other": _l("その他"),
}
ACCIDENT_KINDS = {
    "injury": _l("けが"),
    "property": _l("物の破損"),
    "near_miss": _l("ヒヤリハット"),
    "other": _l("その他"),
}
SIDES = {"partner": _l("パートナー"), "city": _l("市")}
GRADES = {
    "A": _l("よくできた"),
    "B": _l("できた"),
    "C": _l("あまりできなかった"),
    "D": _l("できなかった"),
}
VOICES = {"partner": _l("パートナー"), "centre": _l("市民活動センター"), "city": _l("市")}
HATS = {
    "person": _l("届け出た人"),
    "partner": _l("パートナー"),
    "other": _l("相手のパートナー"),
    "coordinator": _l("市民活動センター"),
    "staff": _l("市の職員"),
    "admin": _l("管理者"),
    "system": _l("自動"),
}

MEMBER_ROLES = {"manager": _l("代表・担当"), "member": _l("メンバー")}
ROLES = {
    "volunteer": _l("ボランティア"),
    "partner": _l("パートナー"),
    "coordinator": _l("市民活動センター"),
    "staff": _l("市の職員"),
    "admin": _l("管理者"),
}
