"""The wording of the agreement: plain text with places to fill in, and nothing that can run.

A line that begins with ``#`` is a heading (the first one is the title), ``・`` an item of a list,
any other line a paragraph. ``{{団体名}}`` is filled in from a closed list; what is filled in is
never read again, so a partner called ``{{市名}}`` stays just that.

The words here are those of the printed document: Japanese, whatever language the screen speaks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MAX_CHARS = 20_000
DEFAULT_FILE = Path(__file__).with_name("wording.txt")

# Place to fill in → what stands there. The day of agreement is known last of all: it is left open
# in the frozen text, and shown from the record.
PLACES: dict[str, str] = {
    "団体名": "団体の名前(市民個人は氏名)",
    "代表者": "代表者の役職と氏名",
    "協働の主体": "町内会・自治会(町会)、企業・団体など",
    "市名": "市の名前",
    "市の代表": "市を代表する人(設定の画面で決めます)",
    "届出番号": "N-0001 のような番号",
    "目的": "分かち合う目的",
    "団体の役割": "団体が行うこと",
    "市の役割": "市が行うこと",
    "支援": "市の支援の一覧",
    "活動区域": "区域の番号と名前の一覧",
    "区域の数": "区域の数(数字だけ)",
    "年間回数": "年6回、など",
    "活動時期": "活動の時期",
    "期間": "はじまりの日から、おわりの日まで",
    "期間のはじまり": "はじまりの日",
    "期間のおわり": "おわりの日",
    "更新": "更新についての文(設定の画面の決め方に合わせて変わります)",
    "公表": "団体名・区域・写真を公表するかどうか",
    "協働の形態": "事業協力・協定など",
    "担当課": "市の担当課",
    "合意日": "双方が確かめた日(合意のあとに入ります)",
}
OPEN_UNTIL_AGREED = "合意日"
NEEDED = ("団体名", "目的", "団体の役割", "市の役割", "期間")
HEADING, ITEM, PARAGRAPH = "heading", "item", "paragraph"

_PLACE = re.compile(r"[{｛]{2}([^{}｛｝]*)[}｝]{2}")  # names are trimmed; \s* here would be cubic
_STRAY = re.compile(r"[{｛]{2}|[}｝]{2}")
_HEADING = re.compile(r"[#＃]+\s*(.+)")
_ITEM = re.compile(r"[・•*＊-]\s*(.+)")

Part = str | dict[str, str]  # words, or {"slot": name} of what is still open
Block = dict[str, object]  # {"kind": …, "parts": [Part, …]}


@dataclass(frozen=True)
class Fault:
    """Something in a template that cannot be printed. ``line`` counts from 1, 0 = the whole."""

    line: int
    message: str


@dataclass(frozen=True)
class Template:
    """A version of the wording. Version 0 is the program's own, before the city wrote one."""

    version: int
    body: str


@lru_cache
def default_template() -> Template:
    """The wording that comes with the program."""
    return Template(0, DEFAULT_FILE.read_text(encoding="utf-8").strip())


def faults_of(body: str) -> tuple[Fault, ...]:
    """What is wrong with a template, in the order of its lines; empty = it can be used."""
    found = [
        fault for n, line in enumerate(body.split("\n"), 1) for fault in _faults_of_line(n, line)
    ]
    if not _HEADING.match(body.lstrip().split("\n")[0]):
        found.insert(
            0, Fault(1, "1行目は「# まち「ピカ」パートナー合意書」のような題にしてください。")
        )
    used = {name.strip() for name in _PLACE.findall(body)}
    found += [
        Fault(0, f"「{{{{{name}}}}}」がありません。合意書には欠かせません。")
        for name in NEEDED
        if name not in used
    ]
    return tuple(found)


def _faults_of_line(n: int, line: str) -> list[Fault]:
    unknown = [
        Fault(n, f"{n}行目: 「{{{{{name}}}}}」という差しこみはありません。")
        for name in map(str.strip, _PLACE.findall(line))
        if name not in PLACES
    ]
    if _STRAY.search(_PLACE.sub("", line)):
        unknown.append(Fault(n, f"{n}行目: 「{{{{」と「}}}}」の組がそろっていません。"))
    return unknown


def fill(body: str, values: Mapping[str, str]) -> list[Block]:
    """The template with its places filled in, as blocks to be kept as JSON.

    Raises KeyError for an unknown place: a template with faults is never kept.
    """
    lines = (line.strip() for line in body.split("\n"))
    return [_block(line, values) for line in lines if line]


def _block(line: str, values: Mapping[str, str]) -> Block:
    for kind, pattern in ((HEADING, _HEADING), (ITEM, _ITEM)):
        found = pattern.fullmatch(line)
        if found:
            return {"kind": kind, "parts": _parts(found[1], values)}
    return {"kind": PARAGRAPH, "parts": _parts(line, values)}


def _parts(line: str, values: Mapping[str, str]) -> list[Part]:
    """Words and open places in turn. Split once, so filled-in words are never looked at again."""
    parts: list[Part] = []
    for n, piece in enumerate(_PLACE.split(line)):
        if n % 2 == 0:
            filled: Part = piece
        elif piece.strip() == OPEN_UNTIL_AGREED:
            filled = {"slot": OPEN_UNTIL_AGREED}
        else:
            filled = values[piece.strip()]
        if isinstance(filled, str) and parts and isinstance(parts[-1], str):
            parts[-1] += filled
        elif filled:
            parts.append(filled)
    return parts
