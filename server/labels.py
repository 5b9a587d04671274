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

MEMBER_ROLES = {"manager": _l("代表・担当"), "member": _l("メンバー")}
ROLES = {
    "volunteer": _l("ボランティア"),
    "partner": _l("パートナー"),
    "coordinator": _l("市民活動センター"),
    "staff": _l("市の職員"),
    "admin": _l("管理者"),
}
