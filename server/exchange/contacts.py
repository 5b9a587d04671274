"""Finding private contact data in what people write, so that none of it is shown on the board.

Pure text in, findings out. People write numbers full-width, with spaces, in kanji, or with の
between the groups; all of that is read as the number it is. Dates, times, amounts, area and partner
codes are not numbers to call.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from server.http.i18n import lazy as _l

KINDS = {
    "email": _l("メールアドレス"),
    "phone": _l("電話番号"),
    "line": _l("LINEのID"),
    "social": _l("SNSのアカウント"),
}


@dataclass(frozen=True)
class Contact:
    """A finding. ``kind`` is a key of ``KINDS``; ``text`` as it was written."""

    kind: str
    text: str


# What people type is written as patterns: it is matched, and never said to anybody.
_KANJI_DIGITS = str.maketrans(re.compile("〇零一二三四五六七八九").pattern, "00123456789")
_ZERO_SIGNS = re.compile(r"(?<=\d)[○◯oO](?=[-\s\d○◯oO])|[○◯](?=\d)")
_DASHES = re.compile(r"[‐‑‒–—―−ー﹣－ｰ〜~_]")  # typed for a hyphen
_DATES = re.compile(
    r"(?<!\d)(?:1[89]|2[01])\d\d\s*[-/.年]\s*(?:0?[1-9]|1[0-2])\s*[-/.月]\s*"
    r"(?:0?[1-9]|[12]\d|3[01])(?!\d)日?"
)

_SEP = re.compile(r"[\s\-.,/・()\[\]の]").pattern
_NUMBER = re.compile(rf"(?<!\d)(?:\+\s?81|0)(?:{_SEP}{{0,3}}\d){{8,11}}(?!\d)")
_SAID_NUMBER = re.compile(
    r"(?:tel|telephone|でんわ|電話|携帯|ケータイ|ファクス|ファックス|fax|[☎☏📞📱])"
    r"[^\d\n]{0,6}(\d{2,4}[\s-]?\d{4})(?!\d)",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}\s*(?:@|\(at\)|\[at\]|\sat\s|アット(?:マーク)?)\s*"
    r"[A-Za-z0-9-]+(?:\s*(?:\.|\(dot\)|\[dot\]|\sdot\s|ドット)\s*[A-Za-z0-9-]+)+",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"(?<![A-Za-z])LINE\s*(?:の|@)?\s*(?:ID|アイディー?)\s*(?:は|が|[:=→])?\s*[「『\"']?"
    r"@?[A-Za-z0-9._-]{3,}"
    r"|(?<!オン)(?:ライン|らいん)\s*の?\s*(?:ID|アイディー?)\s*(?:は|が|[:=→])?\s*[「『\"']?"
    r"@?[A-Za-z0-9._-]{3,}"
    r"|(?<![A-Za-z])LINE\s*[:=→は]\s*@?(?=[A-Za-z0-9._-]*[0-9._@-])[A-Za-z0-9._-]{4,}"
    r"|(?<![A-Za-z])LINE\s*[:=→は]?\s*@[A-Za-z0-9._-]{3,}"
    r"|(?:line\.me|lin\.ee)/\S+",
    re.IGNORECASE,
)
_SOCIAL = re.compile(
    r"(?<![A-Za-z0-9.-])(?:[a-z0-9-]+\.)*(?:twitter\.com|x\.com|instagram\.com|facebook\.com"
    r"|fb\.(?:com|me)|threads\.(?:net|com)|tiktok\.com|discord\.(?:gg|com)|t\.me|wa\.me"
    r"|bsky\.app|youtube\.com/(?:@|c/|channel/|user/)|m\.me|messenger\.com|snapchat\.com"
    r"|mixi\.jp|kakao\.com)/?[A-Za-z0-9@][^\s、。」)]*"
    r"|(?:インスタ(?:グラム)?|Instagram|ツイッター|Twitter|旧?X|フェイスブック|Facebook|TikTok"
    r"|Threads|ディスコード|Discord)\s*の?\s*(?:ID|アカウント)?\s*(?:は|が|[:=→(])?\s*"
    r"@[A-Za-z0-9._]{3,}",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Full-width letters, kanji digits and all kinds of hyphens as ordinary ones.

    A hyphen stands between digits only: the long vowel of ごみセンター stays one.
    """
    flat = unicodedata.normalize("NFKC", text).translate(_KANJI_DIGITS)
    flat = _ZERO_SIGNS.sub("0", flat)
    return re.sub(rf"(?<=\d)\s*{_DASHES.pattern}\s*(?=\d)", "-", flat)


def find_contacts(text: str, allowed: str = "") -> tuple[Contact, ...]:
    """Contact data in ``text``, in the order of ``KINDS``, each kind's first finding first.

    ``allowed`` is text whose numbers and addresses may stand: the city's own office.
    """
    flat, known = plain(text), plain(allowed)
    numbers = {_digits(one) for one in _numbers(known)}
    mails = {_squeezed(one.group()) for one in _EMAIL.finditer(known)}
    found = [
        Contact("email", one.group().strip())
        for one in _EMAIL.finditer(flat)
        if _squeezed(one.group()) not in mails
    ]
    found += [
        Contact("phone", one.strip())
        for one in _numbers(flat)
        if not any(number.endswith(_digits(one)) for number in numbers)
    ]
    found += [Contact("line", one.group().strip()) for one in _LINE.finditer(flat)]
    found += [Contact("social", one.group().strip()) for one in _SOCIAL.finditer(flat)]
    return tuple(dict.fromkeys(found))


def _numbers(flat: str) -> Iterator[str]:
    """What reads as a number to call. Days are taken out first: 2026-04-12 is none."""
    dateless = _DATES.sub(_blank, flat)
    for match in _NUMBER.finditer(dateless):
        if _is_phone(match.group()):
            yield match.group()
    for match in _SAID_NUMBER.finditer(_NUMBER.sub(_blank, dateless)):
        yield match.group(1)  # a local number, without its area code


def _blank(match: re.Match[str]) -> str:
    return "#" * len(match.group())


def _digits(number: str) -> str:
    """The digits as dialled inside the country."""
    bare = re.sub(r"\D", "", number)
    if number.lstrip().startswith("+"):
        bare = "0" + bare.removeprefix("81").removeprefix("0")
    return bare


def _is_phone(number: str) -> bool:
    """Whether digits and groups are those of a Japanese number, and not a row of small counts."""
    digits = _digits(number)
    groups = [part for part in re.split(r"\D+", number) if part]
    even = len({len(part) for part in groups}) == 1 and len(groups[0]) <= 2
    if re.fullmatch(r"0[5-9]0\d{8}", digits):  # mobile and IP telephones
        return len(groups) <= 5 or even
    if re.fullmatch(r"(?:0120|0570|0990)\d{6}|0800\d{7}", digits):
        return len(groups) <= 4 or even
    if not re.fullmatch(r"0[1-9]\d{8}", digits):
        return False
    single = all(len(part) == 1 for part in groups)
    return len(groups) == 1 or single or (len(groups) <= 4 and len(groups[-1]) == 4)


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text).lower()
