"""What is said about files and rows, in Japanese: what is wrong, and what to do about it.

``{name}`` in a sentence is filled from the detail of the finding; a missing one is left out.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geo import crs
from geo.files import TARGETS
from server.http.i18n import lazy as _l
from server.labels import KINDS, MANAGERS

# Why a whole file is refused (FileError codes of geo.files, and our own at the end).
FILE_ERRORS: dict[str, tuple[str, str]] = {
    "unknown_format": (
        _l("読み取れる形式のファイルではありません。"),
        _l("GeoJSON、Shapefile(zip)、GeoPackage、KML、CSV のどれかで保存しなおしてください。"),
    ),
    "empty_file": (_l("ファイルが空です。"), _l("中身のあるファイルを選んでください。")),
    "broken": (
        _l("ファイルがこわれていて、最後まで読めません。"),
        _l("もとのソフトで開いて、もう一度書き出してください。"),
    ),
    "too_large": (
        _l("ファイルが大きすぎます。"),
        _l("50MBまでです。区域だけを書き出すか、分けてください。"),
    ),
    "too_many_features": (
        _l("行の数が多すぎます。"),
        _l("一度に取りこめるのは{max_features}行までです。分けてください。"),
    ),
    "too_many_vertices": (
        _l("図形の点の数が多すぎます。"),
        _l("1つの区域は20,000点まで、ファイル全体では200万点までです。線を簡略化してください。"),
    ),
    "zip_bomb": (
        _l("zipを広げると、大きくなりすぎます。"),
        _l("Shapefileの部品だけを入れて、zipを作りなおしてください。"),
    ),
    "zip_path": (
        _l("zipの中に、使えない名前のファイルがあります。"),
        _l("Shapefileの部品だけを入れて、zipを作りなおしてください。"),
    ),
    "zip_encrypted": (
        _l("zipにパスワードがかかっています。"),
        _l("パスワードなしで作りなおしてください。"),
    ),
    "zip_entries": (
        _l("zipの中のファイルが多すぎます。"),
        _l("Shapefileの部品だけを入れて、zipを作りなおしてください。"),
    ),
    "no_shapefile_in_zip": (
        _l("zipの中にShapefile(.shp)もKMLもありません。"),
        _l(".shp .dbf .shx .prj をまとめてzipにしてください。"),
    ),
    "several_shapefiles": (
        _l("zipの中に、名前で区別できないShapefileがいくつもあります。"),
        _l("1つだけを入れるか、名前を変えてください。"),
    ),
    "xml_entities": (
        _l("KMLの中に、危険な書き方(DOCTYPE)があります。"),
        _l("もとのソフトで、KMLをもう一度書き出してください。"),
    ),
    "unreadable_encoding": (
        _l("文字コードがわからず、文字を読み取れません。"),
        _l("UTF-8 か CP932(Shift_JIS)で保存しなおしてください。"),
    ),
    "no_geometry_column": (
        _l("図形の列が見つかりません。"),
        _l("CSVには WKT の列か、経度・緯度(または X座標・Y座標)の列が要ります。"),
    ),
    "no_layer": (
        _l("読み取れるレイヤーがありません。"),
        _l("線か面のレイヤーが入っているか、確かめてください。"),
    ),
    "unknown_crs": (
        _l("選んだ座標系を使えません。"),
        _l("別の座標系(EPSG番号)を選んでください。"),
    ),
    "mixed_crs": (
        _l("1つのファイルに、ちがう座標系の行がまざっています。"),
        _l("座標系をそろえて保存しなおしてください。"),
    ),
    "timeout": (
        _l("読み取りに時間がかかりすぎたので、やめました。"),
        _l("ファイルを分けるか、線を簡略化してください。"),
    ),
    "memory": (
        _l("読み取りにメモリーがかかりすぎたので、やめました。"),
        _l("ファイルを分けるか、線を簡略化してください。"),
    ),
    "crashed": (
        _l("ファイルを読み取れませんでした。"),
        _l("もとのソフトで開いて、もう一度書き出してください。"),
    ),
    "interrupted": (
        _l("読み取りが途中で止まりました。"),
        _l("もう一度、ファイルを送ってください。"),
    ),
    "database": (
        _l("台帳に書きこめない内容がありました。何も変えていません。"),
        _l("区域の形と名前を確かめて、もう一度送ってください。"),
    ),
    "internal": (
        _l("うまくいきませんでした。何も変えていません。"),
        _l("もう一度送ってもだめなときは、管理者に知らせてください。"),
    ),
}

# What is said about one row. The second sentence says what to do; empty = nothing needs doing.
ROW_FINDINGS: dict[str, tuple[str, str]] = {
    "empty_geometry": (_l("図形がありません。"), _l("図形を描いてから書き出してください。")),
    "broken_geometry": (_l("図形を読み取れません。"), _l("図形を描きなおしてください。")),
    "unsupported_type": (
        _l("線でも面でもない図形です({type})。"),
        _l("区域は線か面で描いてください。"),
    ),
    "points_dropped": (
        _l("線や面のほかに点がまざっています。"),
        _l("「自動で直す」を選ぶと、点を除きます。"),
    ),
    "too_many_vertices": (
        _l("図形の点が多すぎます({count}点)。"),
        _l("{max_vertices}点までに簡略化してください。"),
    ),
    "not_finite": (_l("座標が数になっていません。"), _l("座標を確かめてください。")),
    "zero_length": (_l("長さも広さもない図形です。"), _l("図形を描きなおしてください。")),
    "self_crossing": (
        _l("面の線が自分と交わっています。"),
        _l("「自動で直す」を選ぶか、形を直してください。"),
    ),
    "swapped_lonlat": (
        _l("緯度と経度が逆のようです。"),
        _l("「自動で直す」を選ぶと、入れかえます。"),
    ),
    "outside": (
        _l("市の外にあります(経度{lon} 緯度{lat})。"),
        _l("座標系と場所を確かめてください。"),
    ),
    "partly_outside": (_l("一部が市の外に出ています。"), ""),
    "missing_name": (_l("名称がありません。"), _l("「名称」の列を埋めてください。")),
    "unknown_kind": (
        _l("区分「{value}」がわかりません。"),
        _l("国道・道道・市道・公園・緑地・河川・海浜・その他のどれかにしてください。"),
    ),
    "unknown_manager": (
        _l("管理者「{value}」がわかりません。"),
        _l("国・道・市・港湾・その他のどれかにしてください。"),
    ),
    "duplicate_code": (
        _l("{first_row}行目と同じ番号です。"),
        _l("1つの区域は1行にまとめてください。"),
    ),
    "duplicate_geometry": (_l("{first_row}行目と同じ図形です。"), ""),
    "text_too_long": (
        _l("文字が長すぎます({chars}文字)。"),
        _l("200文字までにしてください。"),
    ),
    "text_cut": (_l("もとのファイルで、文字が途中で切れています。"), ""),
    "unreadable_text": (
        _l("読めない文字があります。"),
        _l("「読み方を変える」で文字コードを選びなおしてください。"),
    ),
    "control_characters": (_l("見えない制御文字を取り除きます。"), ""),
    "formula_text": (_l("表計算ソフトが式とみなす文字で始まっています。"), ""),
    # ours, from the comparison with the register
    "name_too_long": (
        _l("名称が長すぎます({chars}文字)。"),
        _l("{max_chars}文字までにしてください。"),
    ),
    "code_too_big": (_l("区域番号 {area} は大きすぎます。"), _l("6けたまでにしてください。")),
    "duplicate_target": (
        _l("{first_row}行目と同じ区域を指しています。"),
        _l("1つの区域は1行にまとめてください。"),
    ),
    "same_name_in_file": (
        _l("番号のない行で、区分と名称が同じものがほかにもあります。"),
        _l("「区域番号」か「番号」の列を付けて、区別できるようにしてください。"),
    ),
    "ambiguous": (
        _l("区分と名称が同じ区域がいくつもあります({codes})。"),
        _l("「区域番号」の列を付けてください。"),
    ),
    "number_taken": (
        _l("この番号は、別の場所の {area}「{name}」のものです。"),
        _l(
            "同じ区域なら「区域番号」の列に {area} と書いてください。"
            "別の区域なら番号を変えてください。"
        ),
    ),
    "retired": (
        _l("{area} は廃止した区域です。"),
        _l("この行を除くか、区域の編集で廃止を取り消してください。"),
    ),
    "same_name": (_l("同じ区分と名称の区域がもうあります({codes})。別の区域として作ります。"), ""),
}

# What is said about the file as a whole.
FILE_NOTES: dict[str, str] = {
    "axes_swapped": _l("X(北)とY(東)の順になっているので、入れかえて読みました。"),
    "crs_assumed": _l("座標系が書かれていないので、緯度経度とみなしました。"),
    "crs_overridden": _l("ファイルには「{stated}」とありますが、選んだ座標系で読みました。"),
    "old_datum": _l("古い測地系({datum})です。数mのずれが残ることがあります。"),
    "encoding_guessed": _l("文字コードを {encoding} と判断しました。"),
    "extension_mismatch": _l("拡張子({suffix})と中身がちがうので、中身のとおりに読みました。"),
}

NOTICES: dict[str, str] = {
    "changed": _l(
        "確かめているあいだに、台帳が変わりました。まだ何も取りこんでいません。"
        "新しい内容を確かめて、もう一度選んでください。"
    ),
    "interrupted": _l("取りこみが途中で止まりました。何も変えていません。もう一度選んでください。"),
}

FIELDS: dict[str, str] = {
    "code": _l("区域番号"),
    "name": _l("名称"),
    "name_kana": _l("フリガナ"),
    "kind": _l("区分"),
    "manager": _l("管理者"),
    "section": _l("担当課"),
    "source_ref": _l("もとの番号"),
    "geometry": _l("図形"),
}

ACTIONS: dict[str, str] = {
    "refused": _l("取りこめない"),
    "create": _l("新しく作る"),
    "change": _l("変える"),
    "same": _l("変わらない"),
}

STATES: dict[str, str] = {
    "queued": _l("順番を待っています"),
    "reading": _l("読み取っています"),
    "asking": _l("教えてください"),
    "ready": _l("確認待ち"),
    "applying": _l("取りこんでいます"),
    "applied": _l("取りこみ済み"),
    "failed": _l("取りこめませんでした"),
}

FORMATS: dict[str, str] = {
    "geojson": "GeoJSON",
    "shapefile": "Shapefile",
    "gpkg": "GeoPackage",
    "kml": "KML",
    "kmz": "KMZ",
    "csv": "CSV",
}


@dataclass(frozen=True)
class Said:
    """A remark in words. ``advice`` may be empty."""

    text: str
    advice: str
    severity: str = "refuse"


def _fill(sentence: str, detail: Mapping[str, Any]) -> str:
    known = {key: f"{v:,}" if isinstance(v, int) else str(v) for key, v in detail.items()}
    return str(sentence).format_map(defaultdict(str, known))


def file_error(code: str, detail: Mapping[str, Any]) -> Said:
    """Why a file was refused."""
    text, advice = FILE_ERRORS.get(code, FILE_ERRORS["internal"])
    return Said(_fill(text, detail), _fill(advice, detail))


def row_finding(found: Mapping[str, Any]) -> Said:
    """A remark on a row, as kept in the preview."""
    code, detail = found["code"], found["detail"]
    if code == "unknown_kind" and not detail.get("value"):
        text, advice = _l("区分がありません。"), ROW_FINDINGS[code][1]
    elif code == "unknown_manager" and not detail.get("value"):
        text, advice = _l("管理者がありません。"), ROW_FINDINGS[code][1]
    elif code == "outside" and "lon" not in detail:
        text, advice = _l("市の外にあります。"), ROW_FINDINGS[code][1]
    else:
        text, advice = ROW_FINDINGS[code]
    return Said(_fill(text, detail), _fill(advice, detail), found["severity"])


def file_note(found: Mapping[str, Any]) -> str:
    """A remark on the whole file."""
    return _fill(FILE_NOTES[found["code"]], found["detail"])


def field_value(field: str, value: str) -> str:
    """A value as people call it: kinds and managers by their names."""
    names = {"kind": KINDS, "manager": MANAGERS}.get(field, {})
    return str(names.get(value, value))


def columns_read(columns: Mapping[str, str]) -> str:
    """``名称 ← road_name、区分``: what was found under which heading."""
    names = ((str(FIELDS[target]), heading) for target, heading in columns.items())
    return "、".join(name if name == heading else f"{name} ← {heading}" for name, heading in names)


def columns_missing(columns: Mapping[str, str]) -> str:
    """What the file has no column for."""
    return "、".join(str(FIELDS[target]) for target in TARGETS if target not in columns)


def crs_choices(plane_srid: int) -> dict[str, str]:
    """Coordinate systems to choose from: the city's plane first, then degrees, then the rest."""
    zone = crs.plane_zone_from_srid(plane_srid)
    first = {str(plane_srid): _zone(zone)} if zone else {}
    zones = {str(srid): _zone(number) for number, srid in crs.JGD2011_PLANE.items()}
    old = crs.JGD2000_PLANE.get(zone or 0)
    return {
        **first,
        str(crs.JGD2011): _l("緯度経度 JGD2011・JGD2024 (EPSG:6668)"),
        str(crs.WGS84): _l("緯度経度 WGS84 (EPSG:4326)"),
        **({str(old): _old_zone(zone, old)} if zone and old else {}),
        **zones,
        str(crs.JGD2000): _l("緯度経度 JGD2000 (EPSG:4612)"),
        str(crs.WEB_MERCATOR): _l("ウェブ地図の座標 (EPSG:3857)"),
    }


def _old_zone(number: int, srid: int) -> str:
    text = _l("平面直角座標 {zone}系 JGD2000 (EPSG:{srid})")
    return str(text).format(zone=number, srid=srid)


def _zone(number: int) -> str:
    srid = crs.JGD2011_PLANE[number]
    return str(_l("平面直角座標 {zone}系 (EPSG:{srid})")).format(zone=number, srid=srid)


ENCODINGS = {"utf-8": "UTF-8", "cp932": "CP932 (Shift_JIS)", "utf-16": "UTF-16", "euc-jp": "EUC-JP"}
