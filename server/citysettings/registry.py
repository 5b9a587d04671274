"""Every rule a city decides: key, type, default, bounds, label. Nothing of this is a constant.

A value in the table ``city_settings`` wins over the default here.
"""

from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.http.i18n import lazy as _l

MONTH_DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"


class CityRules(BaseModel):
    """The city's rules, typed and bounded; attribute = key in ``city_settings``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    season_from: str = Field("04-01", pattern=MONTH_DAY)
    season_to: str = Field("11-30", pattern=MONTH_DAY)
    fresh_days: int = Field(14, ge=1, le=365)
    due_days: int = Field(45, ge=1, le=730)
    auto_accept: bool = True
    log_days_back: int = Field(400, ge=7, le=3660)
    default_radius_m: int = Field(3_000, ge=200, le=50_000)
    session_days: int = Field(30, ge=1, le=365)
    staff_session_hours: int = Field(12, ge=1, le=72)
    import_margin_m: int = Field(500, ge=0, le=20_000)
    contact: str = Field("室蘭市 地域生活課", max_length=200)
    safety_notes: str = Field(
        "車や自転車に気をつけて、二人以上で行動してください。"
        "暗くなる前に終わり、崖や川べりなど危ない場所には近づかないでください。",
        max_length=1000,
    )


def read_rules(values: dict[str, object]) -> CityRules:
    """The rules from the table; a value out of bounds is as if it had not been set.

    One bad row must not take every page down; it is logged each time it is read.
    """
    try:
        return CityRules(**values)
    except ValidationError as error:
        bad = {str(problem["loc"][0]) for problem in error.errors()}
        structlog.get_logger("machipika").error("city settings out of bounds", keys=sorted(bad))
        return CityRules(**{key: value for key, value in values.items() if key not in bad})


@dataclass(frozen=True)
class Label:
    """How a rule is called on screen."""

    label: str
    unit: str = ""


LABELS: dict[str, Label] = {
    "season_from": Label(_l("活動期間のはじまり")),
    "season_to": Label(_l("活動期間のおわり")),
    "fresh_days": Label(_l("「きれい」とみなす日数"), _l("日")),
    "due_days": Label(_l("「そろそろ」とみなす日数"), _l("日")),
    "auto_accept": Label(_l("合意中の区域の報告を自動で確認済みにする")),
    "log_days_back": Label(_l("さかのぼって記録できる日数"), _l("日")),
    "default_radius_m": Label(_l("「近く」の初めの範囲"), "m"),
    "session_days": Label(_l("ログインが続く日数"), _l("日")),
    "staff_session_hours": Label(_l("職員のログインが続く時間"), _l("時間")),
    "import_margin_m": Label(_l("市の外とみなす余裕"), "m"),
    "contact": Label(_l("問い合わせ先")),
    "safety_notes": Label(_l("安全のためのお願い")),
}
