"""The rows of the exchange meeting's table: what each counts, in the city's own words and order."""

from dataclasses import dataclass

from server import labels
from server.http.i18n import lazy as _l


@dataclass(frozen=True)
class RowSpec:
    """A row. ``what`` and ``keys`` say which counts of the statement it adds up (no keys = all of
    them); ``key`` names a row of a breakdown, empty = the total. ``additional`` rows stand below
    the city's own list."""

    what: str
    label: str
    unit: str
    key: str = ""
    part: str = ""
    keys: tuple[str, ...] = ()
    how: str = ""
    additional: bool = False


def _parts(
    what: str, label: str, unit: str, parts: dict[str, tuple[str, tuple[str, ...]]]
) -> tuple[RowSpec, ...]:
    return tuple(
        RowSpec(what, label, unit, key=key, part=words, keys=keys)
        for key, (words, keys) in parts.items()
    )


# The city counts parks as one class and everything by the water, and the rest, as another.
AREA_PARTS = {
    "national_road": (labels.KINDS["national_road"], ("national_road",)),
    "prefectural_road": (labels.KINDS["prefectural_road"], ("prefectural_road",)),
    "city_road": (labels.KINDS["city_road"], ("city_road",)),
    "park": (_l("公園"), ("park",)),
    "other": (_l("その他(河川海浜等)"), ("river", "beach", "other")),
}
AREAS, PARTNERS, CENTRE = _l("活動区域数"), _l("団体数"), _l("活センからの支援")

SPECS: tuple[RowSpec, ...] = (
    RowSpec("areas", AREAS, _l("か所"), how=_l(
        "合意の対象になっている区域の数です。年度の終わりの日(3月31日。今の年度はきょう)で数えます。"
        "二つの団体が受け持つ区域も1か所です。休止中の団体の区域は数えません。")),
    *_parts("areas", AREAS, _l("か所"), AREA_PARTS),
    RowSpec("partners", PARTNERS, _l("団体"), how=_l(
        "同じ日に合意の期間の中にある団体と個人の数です。休止中の団体もふくみます。")),
    *_parts("partners", PARTNERS, _l("団体"),
            {code: (words, (code,)) for code, words in labels.SUBJECTS.items()}),
    RowSpec("people", _l("活動者数"), _l("人"), how=_l(
        "その団体の、同じ日の登録人数の合計です。活動に来た人の数(延べ参加者数)ではありません。")),
    RowSpec("loans", _l("草刈り機貸出台数"), _l("台"), how=_l(
        "年度のあいだに貸し出した延べ台数です。予約だけのものは数えません。")),
    RowSpec("fuel", _l("燃料総支給数"), _l("L"), how=_l(
        "在庫の台帳で、年度のあいだにお渡しした燃料から、もどった分を引いた量です。"
        "草刈り機といっしょに渡した燃料もふくみます。")),
    RowSpec("bags", _l("公用袋支給枚数"), _l("枚"), how=_l(
        "在庫の台帳で、年度のあいだにお渡しした公用袋から、もどった分を引いた枚数です。")),
    RowSpec("centre", CENTRE, _l("件"), how=_l(
        "市民活動センター(活セン)が年度のあいだに記録した支援の件数です。")),
    *_parts("centre", CENTRE, _l("件"),
            {code: (words, (code,)) for code, words in labels.CENTRE_SUPPORTS.items()}),
    RowSpec("cleanups", _l("活動回数"), _l("回"), additional=True, how=_l(
        "年度のあいだの、確認済みの活動報告の数です。")),
    RowSpec("participants", _l("延べ参加者数"), _l("人"), additional=True, how=_l(
        "確認済みの活動報告の人数の合計です。同じ人が2回来れば2人と数えます。")),
)  # fmt: skip
