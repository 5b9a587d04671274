"""Words of area files: headings, kinds and managers, in the spellings cities use."""

import unicodedata
from collections.abc import Mapping, Sequence

TARGETS = ("code", "name", "name_kana", "kind", "manager", "section")

KIND_LABELS: Mapping[str, str] = {
    "national_road": "国道",
    "prefectural_road": "道道",
    "city_road": "市道",
    "park": "公園・緑地",
    "river": "河川",
    "beach": "海浜",
    "other": "その他",
}
MANAGER_LABELS: Mapping[str, str] = {
    "state": "国",
    "prefecture": "道",
    "city": "市",
    "port": "港湾",
    "other": "その他",
}

_KIND_WORDS = {
    "national_road": "国道 一般国道 直轄国道",
    "prefectural_road": "道道 北海道道 都道府県道 県道 府道 都道 主要道道 一般道道",
    "city_road": "市道 市町村道 町道 村道",
    "park": "公園・緑地 公園 緑地 都市公園 広場 緑道",
    "river": "河川 川",
    "beach": "海浜 海岸 浜 砂浜 浜辺",
    "other": "その他 他",
}
_MANAGER_WORDS = {
    "state": "国 国土交通省 北海道開発局 開発局 開発建設部 室蘭開発建設部",
    "prefecture": "道 北海道 都道府県 県 府 都 建設管理部 室蘭建設管理部",
    "city": "市 室蘭市 市町村 町 村",
    "port": "港湾 港湾管理者 港湾部 港湾局 室蘭港",
    "other": "その他 他 民間 その他民間",
}
# Best first: the first heading found in the file wins. The plain "id" comes last, because GIS
# programs number features by it and renumber them at the next export.
_HEADINGS = {
    "code": "code area_code external_id ext_id 区域番号 活動区域番号 区域コード 番号 コード "
    "整理番号 管理番号 no id",
    "name": "name area_name 名称 区域名 活動区域名 区域名称 活動区域 路線名 公園名 title",
    "name_kana": "name_kana kana 名称カナ 名称フリガナ フリガナ ふりがな カナ かな 区域名カナ "
    "区域名フリガナ ヨミ よみ 読み yomi",
    "kind": "kind area_kind 区分 種別 種類 区域区分 区域種別 category type",
    "manager": "manager 管理者 管理主体 管理者区分 管理者名 owner",
    "section": "section 担当課 担当部署 所管課 担当 所管 担当係",
}
GEOMETRY_HEADINGS = {
    "wkt": "wkt wkt_geom geometry geom the_geom 図形 ジオメトリ 形状 地物",
    "lon": "lon lng long longitude 経度",
    "lat": "lat latitude 緯度",
    "x": "x easting east x座標",
    "y": "y northing north y座標",
}
# The columns of our own exports, in this order: data for other programs, so never translated.
EXPORT_HEADINGS = (
    "区域番号", "名称", "フリガナ", "区分", "管理者", "担当課", "延長m", "面積m2"
)  # fmt: skip
SURVEY_HEADINGS = frozenset({"x座標", "y座標"})

_DROPPED = str.maketrans("", "", " _-・.()[]/:、,")
_SHAPEFILE_HEADING_BYTES = 9  # of 10; a cut character may have taken the last ones


def fold(text: str) -> str:
    """Comparable form: NFKC, lower case, without blanks and joining signs."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_DROPPED)


def _table(words: Mapping[str, str]) -> dict[str, str]:
    return {fold(word): code for code, line in words.items() for word in [code, *line.split(" ")]}


_KINDS = _table(_KIND_WORDS)
_MANAGERS = _table(_MANAGER_WORDS)


def read_kind(text: str) -> str | None:
    """The kind code for a code or Japanese word in any width, or None."""
    return _KINDS.get(fold(text))


def read_manager(text: str) -> str | None:
    """The manager code for a code or Japanese word in any width, or None."""
    return _MANAGERS.get(fold(text))


def pick_heading(fields: Sequence[str], words: str, *, cut: bool = False) -> str | None:
    """The first of `words` that is a heading in `fields`. `cut`: headings may be shortened."""
    folded = {fold(f): f for f in reversed(fields)}
    for word in words.split(" "):
        wanted = fold(word)
        if wanted in folded:
            return folded[wanted]
        if not cut:
            continue
        for have, original in folded.items():
            long_enough = len(original.encode()) >= _SHAPEFILE_HEADING_BYTES
            if wanted.startswith(have) and (long_enough or _is_cut_cp932(original, have, wanted)):
                return original
    return None


def _is_cut_cp932(original: str, have: str, wanted: str) -> bool:
    """CP932 headings are cut at 5 full-width characters, which are 10 bytes there."""
    return len(have) < len(wanted) and len(original.encode("cp932", "replace")) >= (
        _SHAPEFILE_HEADING_BYTES
    )


def match_columns(
    fields: Sequence[str], field_map: Mapping[str, str], *, cut: bool = False
) -> dict[str, str]:
    """Target → column of the file. The user's `field_map` beats the guess; "" means none."""
    columns: dict[str, str] = {}
    for target in TARGETS:
        chosen = field_map.get(target)
        if chosen is None:
            chosen = pick_heading(fields, _HEADINGS[target], cut=cut) or ""
        if chosen and chosen in fields:
            columns[target] = chosen
    return columns
