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

OPPORTUNITY_KINDS = {
    "cleanup": _l("清掃"),
    "joint": _l("合同清掃"),
    "help": _l("お手伝い"),
    "flowerbed": _l("花壇づくり"),
    "training": _l("防災訓練・講習"),
    "festival": _l("祭り・実行委員会"),
    "council": _l("まちづくり協議会"),
    "briefing": _l("パブリックコメント説明会"),
    "exchange": _l("情報交換会"),
    "other": _l("その他の活動"),
}
STRENGTHS = {"light": _l("軽い"), "normal": _l("ふつう"), "hard": _l("体力がいる")}
GUARDIANS = {
    "none": _l("子どもだけでもよい"),
    "accompany": _l("15歳未満は大人といっしょに"),
    "consent": _l("15歳未満は保護者の同意がいる"),
}
SLOT_ROLES = {
    "any": _l("どなたでも"),
    "reception": _l("受付"),
    "litter": _l("ごみ拾い班"),
    "mower": _l("草刈り機班"),
    "planting": _l("花・植樹班"),
    "guide": _l("案内・交通整理"),
    "other": _l("その他"),
}
LANGUAGES = {
    "ja": _l("日本語"),
    "easy": _l("やさしい日本語"),
    "en": "English",
    "zh": _l("中文"),
    "ko": "한국어",
    "vi": "Tiếng Việt",
}
TRAVELS = {"walk": _l("徒歩"), "bicycle": _l("自転車"), "car": _l("車")}
COMPANIES = {
    "alone": _l("ひとり"),
    "family": _l("家族"),
    "school": _l("学校"),
    "company": _l("会社"),
    "group": _l("なかま・団体"),
}
PERSON_TOOLS = {
    "mower_course": _l("草刈り機の講習済み"),
    "mower": _l("草刈り機がある"),
    "chainsaw_course": _l("チェーンソーの講習済み"),
    "truck": _l("軽トラックがある"),
    "tongs": _l("トングがある"),
    "first_aid": _l("救急の講習済み"),
}
BANDS = {"morning": _l("午前"), "afternoon": _l("午後"), "evening": _l("夕方")}
NOTICE_TOPICS = {
    "signup": _l("申し込んだ活動の変更・中止"),
    "reminder": _l("活動の前のお知らせ"),
    "offer": _l("キャンセル待ちの順番"),
    "help": _l("お手伝いのお願い"),
    "nearby": _l("近くの新しい活動"),
    "partner": _l("パートナーの手続き"),
    "announcement": _l("市と活センからのお知らせ"),
}
CHECKIN_HOWS = {
    "qr": _l("画面のコード"),
    "printed": _l("印刷したコード"),
    "list": _l("主催者の一覧"),
    "walk_in": _l("飛び入り"),
}
CHANNELS = {"mail": _l("メール"), "push": _l("この端末への通知"), "line": "LINE"}
DELIVERY_STATES = {
    "waiting": _l("送る前"),
    "sent": _l("送った"),
    "failed": _l("届かない宛先"),
    "dead": _l("あきらめた"),
    "dropped": _l("送らない"),
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
