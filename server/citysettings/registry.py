"""Every rule a city decides: key, type, default, bounds, label. Nothing of this is a constant.

A value in the table ``city_settings`` wins over the default here. Most of Muroran's own values are
not known to us, so the defaults are what comparable cities do; staff change them on
``/staff/settings``.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.http.i18n import lazy as _l

MONTH_DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
ORIGIN = r"^https://[a-z0-9.-]+(:[0-9]{1,5})?$"
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
SectionName = Annotated[str, Field(min_length=1, max_length=40)]


class CityRules(BaseModel):
    """The city's rules, typed and bounded; attribute = key in ``city_settings``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    # season and coverage
    season_from: str = Field("04-01", pattern=MONTH_DAY)
    season_to: str = Field("11-30", pattern=MONTH_DAY)
    fresh_days: int = Field(14, ge=1, le=365)
    due_days: int = Field(45, ge=1, le=730)
    # reports
    auto_accept: bool = True
    log_days_back: int = Field(400, ge=7, le=3660)
    # finding
    default_radius_m: int = Field(3_000, ge=200, le=50_000)
    # taking part
    offer_hours: int = Field(24, ge=1, le=168)  # how long a place that became free is held
    checkin_early_minutes: int = Field(60, ge=0, le=720)
    checkin_near_m: int = Field(300, ge=50, le=5_000)
    # help calls
    help_wave_people: int = Field(8, ge=1, le=200)
    help_wave_hours: int = Field(12, ge=1, le=168)
    help_per_month: int = Field(2, ge=0, le=31)
    help_near_m: int = Field(5_000, ge=500, le=50_000)
    # notices
    quiet_from: str = Field("21:00", pattern=CLOCK)
    quiet_to: str = Field("07:00", pattern=CLOCK)
    digest_at: str = Field("07:30", pattern=CLOCK)
    reminder_hours: int = Field(24, ge=1, le=168)
    # public life: sites that may show the list of coming activities in a frame
    embed_origins: tuple[Annotated[str, Field(pattern=ORIGIN)], ...] = Field((), max_length=10)
    # log-ins
    session_days: int = Field(30, ge=1, le=365)
    staff_session_hours: int = Field(12, ge=1, le=72)
    # areas
    import_margin_m: int = Field(500, ge=0, le=20_000)
    # words
    contact: str = Field("室蘭市 地域生活課", max_length=200)
    safety_notes: str = Field(
        "車や自転車に気をつけて、二人以上で行動してください。"
        "暗くなる前に終わり、崖や川べりなど危ない場所には近づかないでください。",
        max_length=1000,
    )
    insurance_notes: str = Field(
        "けがや事故のときの保険については、市の担当へおたずねください。", max_length=1000
    )
    pledge: str = Field(
        "政治活動、宗教活動、営利を目的としません。公序良俗に反する活動をしません。"
        "暴力団とかかわりがありません。",
        max_length=1000,
    )
    privacy_purpose: str = Field(
        "いただいた情報は、まち「ピカ」パートナー事業の連絡、支給・貸出、安全の確保のためだけに使います。",
        max_length=1000,
    )
    # applications and agreements
    signatory: str = Field("室蘭市長", max_length=80)  # who signs for the city
    term_mode: Literal["fiscal_year", "years"] = "fiscal_year"
    term_years: int = Field(2, ge=1, le=10)
    auto_renew: bool = True
    renewal_notice_days: int = Field(60, ge=7, le=365)
    min_group_people: int = Field(2, ge=1, le=100)
    min_times_per_year: int = Field(3, ge=0, le=365)
    min_adult_age: int = Field(18, ge=15, le=20)
    minors_per_adult: int = Field(10, ge=1, le=50)
    # sections (担当課)
    sections: tuple[SectionName, ...] = Field(
        ("地域生活課", "土木課維持係", "環境課"), min_length=1, max_length=40
    )
    section_scheme: SectionName = "地域生活課"
    section_roads: SectionName = "土木課維持係"
    section_places: SectionName = "地域生活課"
    section_waste: SectionName = "環境課"
    section_loans: SectionName = "土木課維持係"
    # supplies and loans
    supply_lead_days: int = Field(3, ge=0, le=60)
    loan_max_days: int = Field(7, ge=1, le=60)
    loan_ahead_days: int = Field(90, ge=1, le=365)
    loan_open_per_partner: int = Field(2, ge=1, le=20)
    loan_course_required: bool = True
    loan_course_years: int = Field(5, ge=1, le=30)
    # pick-ups
    pickup_weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = Field(
        (0, 1, 2, 3, 4), max_length=7
    )  # 0 = Monday
    pickup_on_holidays: bool = False
    pickup_lead_days: int = Field(2, ge=0, le=30)  # working days between the asking and the day
    pickup_cutoff: str = Field("17:15", pattern=CLOCK)  # asked later counts as the next working day
    pickup_capacity: int = Field(10, ge=1, le=500)
    pickup_cancel_until: str = Field("08:30", pattern=CLOCK)
    pickup_refused: str = Field(
        "冷蔵庫、洗濯機、タイヤなどは回収できません。1mを超えるもの、袋に入っていないもの、"
        "一人で持てない重さのものは、先に電話で相談してください。",
        max_length=1000,
    )
    # reports of faults
    fault_near_m: int = Field(50, ge=5, le=1000)
    fault_near_days: int = Field(60, ge=1, le=365)
    fault_urgent: str = Field(
        "倒木や道路の穴など、すぐに危ないものは、ここではなく電話で知らせてください。"
        "事件や事故は110番、火事やけがは119番です。",
        max_length=1000,
    )
    fault_hours: str = Field(
        "お知らせは、平日の8:45から17:15のあいだに職員が見ます。", max_length=300
    )
    # desk
    desk_due_days: int = Field(7, ge=1, le=90)
    # yearly review
    review_from: str = Field("03-01", pattern=MONTH_DAY)
    review_days: int = Field(60, ge=7, le=200)
    hour_value_yen: int = Field(0, ge=0, le=100_000)  # 0 = hours are not put into money


def read_rules(values: dict[str, object]) -> CityRules:
    """The rules from the table; a value out of bounds is as if it had not been set.

    One bad row must not take every page down; it is logged each time it is read.
    """
    try:
        return CityRules(**values)
    except ValidationError as error:
        bad = {str(problem["loc"][0]) for problem in error.errors()}
        structlog.get_logger("machipika").error("city settings out of bounds", keys=sorted(bad))
        good = {key: value for key, value in values.items() if key not in bad}
        return CityRules(**good)


@dataclass(frozen=True)
class Label:
    """How a rule is called on screen; ``help`` says what it does."""

    label: str
    unit: str = ""
    help: str = ""


@dataclass(frozen=True)
class Group:
    """Rules that stand together on the settings page."""

    slug: str
    title: str
    rules: dict[str, Label]


GROUPS: tuple[Group, ...] = (
    Group("season", _l("活動の季節と地図の色"), {
        "season_from": Label(_l("活動期間のはじまり"), help=_l("月-日。例: 04-01")),
        "season_to": Label(_l("活動期間のおわり"), help=_l("月-日。例: 11-30")),
        "fresh_days": Label(_l("「きれい」とみなす日数"), _l("日")),
        "due_days": Label(
            _l("「そろそろ」とみなす日数"), _l("日"),
            _l("これより長いと「間が空いている」になります。"),
        ),
    }),
    Group("reports", _l("活動報告"), {
        "auto_accept": Label(_l("合意中の区域の報告を自動で確認済みにする")),
        "log_days_back": Label(_l("さかのぼって記録できる日数"), _l("日")),
    }),
    Group("programme", _l("届出と合意"), {
        "signatory": Label(_l("合意書で市を代表する人"), help=_l("役職、または役職と氏名")),
        "term_mode": Label(_l("合意の期間の決め方")),
        "term_years": Label(_l("年数で決めるときの年数"), _l("年")),
        "auto_renew": Label(_l("期間が終わるとき、自動で更新する")),
        "renewal_notice_days": Label(_l("期間の終わりを知らせる日数"), _l("日前")),
        "min_group_people": Label(_l("団体の人数の下限"), _l("人")),
        "min_times_per_year": Label(_l("年間の活動回数の下限"), _l("回")),
        "min_adult_age": Label(_l("ひとりで登録できる年齢"), _l("歳以上")),
        "minors_per_adult": Label(_l("大人一人が見る15歳未満の人数"), _l("人まで")),
    }),
    Group("sections", _l("担当課"), {
        "sections": Label(_l("担当課の一覧"), help=_l("1行に1つ書きます。")),
        "section_scheme": Label(_l("届出・合意の担当課")),
        "section_roads": Label(_l("道路の担当課")),
        "section_places": Label(_l("公園・河川・海浜などの担当課")),
        "section_waste": Label(_l("ごみの回収の担当課")),
        "section_loans": Label(_l("草刈り機の担当課")),
    }),
    Group("supplies", _l("支給と貸出"), {
        "supply_lead_days": Label(_l("支給の申請から受取りまで"), _l("日以上")),
        "loan_max_days": Label(_l("草刈り機を借りられる長さ"), _l("日まで")),
        "loan_ahead_days": Label(_l("草刈り機を予約できる先の日数"), _l("日")),
        "loan_open_per_partner": Label(_l("同時に予約できる台数"), _l("台")),
        "loan_course_required": Label(_l("操作する人に講習を求める")),
        "loan_course_years": Label(_l("講習が有効な年数"), _l("年")),
    }),
    Group("pickups", _l("ごみの回収"), {
        "pickup_weekdays": Label(_l("回収する曜日")),
        "pickup_on_holidays": Label(_l("祝日も回収する")),
        "pickup_lead_days": Label(_l("依頼から回収までの日数"), _l("回収日")),
        "pickup_cutoff": Label(
            _l("その日の受付の締切"),
            help=_l("これより後の依頼は、次の回収日に受け付けたとみなします。"),
        ),
        "pickup_capacity": Label(_l("1日に回収する件数の上限"), _l("件")),
        "pickup_cancel_until": Label(_l("回収日の当日に取り消せる時刻"), _l("まで")),
        "pickup_refused": Label(_l("回収できないものの説明")),
    }),
    Group("faults", _l("情報提供"), {
        "fault_near_m": Label(_l("同じ場所とみなす距離"), "m"),
        "fault_near_days": Label(_l("同じお知らせとみなす日数"), _l("日")),
        "fault_urgent": Label(_l("急ぎのときの案内")),
        "fault_hours": Label(_l("見る時間の案内")),
    }),
    Group("desk", _l("受付と評価"), {
        "desk_due_days": Label(_l("受付に答える目安"), _l("日")),
        "review_from": Label(_l("年度の評価をはじめる日"), help=_l("月-日。例: 03-01")),
        "review_days": Label(_l("年度の評価を書ける日数"), _l("日")),
        "hour_value_yen": Label(
            _l("活動1時間の金額換算"), _l("円"), _l("0のときは金額にしません。")
        ),
    }),
    Group("people", _l("さがす・ログイン"), {
        "default_radius_m": Label(_l("「近く」の初めの範囲"), "m"),
        "session_days": Label(_l("ログインが続く日数"), _l("日")),
        "staff_session_hours": Label(_l("職員のログインが続く時間"), _l("時間")),
        "import_margin_m": Label(_l("市の外とみなす余裕"), "m"),
    }),
    Group("joining", _l("参加・お手伝い・お知らせ"), {
        "offer_hours": Label(_l("空いた席を取り置く時間"), _l("時間")),
        "checkin_early_minutes": Label(_l("受付を始める時刻"), _l("分前")),
        "checkin_near_m": Label(_l("受付で「近くにいる」とみなす距離"), "m"),
        "help_wave_people": Label(_l("お手伝い募集で一度にたずねる人数"), _l("人")),
        "help_wave_hours": Label(_l("次の人たちにたずねるまでの時間"), _l("時間")),
        "help_per_month": Label(_l("一人にたずねる回数の上限"), _l("回/月")),
        "help_near_m": Label(_l("お手伝いをたずねる範囲"), "m"),
        "quiet_from": Label(_l("お知らせを送らない時間のはじまり"), help=_l("例: 21:00")),
        "quiet_to": Label(_l("お知らせを送らない時間のおわり"), help=_l("例: 07:00")),
        "digest_at": Label(_l("まとめたお知らせを送る時刻"), help=_l("例: 07:30")),
        "reminder_hours": Label(_l("活動の前のお知らせ"), _l("時間前")),
        "embed_origins": Label(
            _l("活動の一覧を埋めこめるサイト"), help=_l("1行に1つ。例: https://www.example.jp")
        ),
    }),
    Group("words", _l("案内のことば"), {
        "contact": Label(_l("問い合わせ先")),
        "safety_notes": Label(_l("安全のためのお願い")),
        "insurance_notes": Label(_l("保険の案内")),
        "pledge": Label(_l("届出のときの誓約")),
        "privacy_purpose": Label(_l("個人情報を使う目的")),
    }),
)  # fmt: skip

LABELS: dict[str, Label] = {key: label for group in GROUPS for key, label in group.rules.items()}


def section_for(rules: CityRules, kind: str | None, area_section: str = "") -> str:
    """The section in charge of a place: the area's own, else by its kind."""
    if area_section in rules.sections:
        return area_section
    if kind in ("national_road", "prefectural_road", "city_road"):
        return rules.section_roads
    return rules.section_places if kind else rules.section_scheme
