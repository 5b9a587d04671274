"""Text of area files: which encoding, and what of it may pass into the database."""

import codecs
import re
import unicodedata

from geo.files.model import FileError, Finding, finding

# What a user may choose, and what a .cpg file may say.
ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "65001": "utf-8",
    "cp932": "cp932",
    "932": "cp932",
    "ansi932": "cp932",
    "oem932": "cp932",
    "windows-31j": "cp932",
    "ms932": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-16-be": "utf-16-be",
    "euc-jp": "euc_jp",
    "euc_jp": "euc_jp",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
}
MAX_TEXT_CHARS = 200
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF32_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_SAMPLE_BYTES = 4096
# Controls, line and paragraph separators, and marks that turn the reading direction around.
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_KANA_WITH_MARK = re.compile("[\u3040-\u30ff][\u3099\u309a]")
_PLAIN = re.compile(r"[0-9A-Za-z\u3041-\u3096\u30a1-\u30ff\u4e00-\u9fff]*")  # most cells
_FORMULA_STARTS = ("=", "+", "-", "@")


def known_encoding(name: str) -> str | None:
    """Python's name for an encoding this project reads, or None."""
    return ENCODINGS.get(name.strip().lower().replace(" ", ""))


def asked_encoding(name: str | None) -> str | None:
    """The user's choice, checked. Raises FileError(unreadable_encoding) for others."""
    if not name:
        return None
    codec = known_encoding(name)
    if codec is None:
        raise FileError("unreadable_encoding", asked=name[:40])
    return codec


def decode_text(data: bytes, asked: str | None = None) -> tuple[str, str]:
    """(text without BOM, encoding). Tries BOM, UTF-16 by its NULs, UTF-8, then CP932.

    Raises FileError(unreadable_encoding).
    """
    if data.startswith(_UTF32_BOMS):
        raise FileError("unreadable_encoding", looks_like="utf-32")
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return _strict(data[len(bom) :], codec), codec
    chosen = asked_encoding(asked)
    if chosen:
        return _strict(data, chosen), chosen
    sample = data[:_SAMPLE_BYTES]
    for first, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        if sample[first::2].count(0) > len(sample) // 16 and not sample[1 - first :: 2].count(0):
            return _strict(data, codec), codec
    for codec in ("utf-8", "cp932"):
        try:
            return data.decode(codec), codec
        except UnicodeDecodeError:
            continue
    raise FileError("unreadable_encoding")


def _strict(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise FileError("unreadable_encoding", asked=codec, byte=error.start) from None


def decode_fixed(raw: bytes, codec: str) -> tuple[str, bool]:
    """(text, cut) for a field of fixed width: half a character at the end is dropped."""
    decoder = codecs.getincrementaldecoder(codec)("replace")
    text = decoder.decode(raw, final=False)
    return text, bool(decoder.getstate()[0])


def clean_text(text: str, target: str) -> tuple[str, list[Finding]]:
    """(text fit for the database, findings). Kanji are never normalised: 髙 﨑 𠮷 survive.

    Kana get their voicing marks joined (files from a Mac have them apart).
    """
    if len(text) <= MAX_TEXT_CHARS and _PLAIN.fullmatch(text):
        return text, []
    findings = []
    if len(text) > MAX_TEXT_CHARS:
        findings.append(finding("text_too_long", column=target, chars=len(text)))
        text = text[:MAX_TEXT_CHARS]
    whole = text.encode("utf-8", "replace").decode()  # lone surrogates from "\ud800" in JSON
    if whole != text or "\ufffd" in text:
        findings.append(finding("unreadable_text", column=target))
    cleaned = _UNWANTED.sub(" ", whole).strip()
    if _UNWANTED.search(whole.strip().replace("\r\n", " ").replace("\n", " ").replace("\t", " ")):
        findings.append(finding("control_characters", column=target))
    cleaned = _KANA_WITH_MARK.sub(lambda m: unicodedata.normalize("NFC", m[0]), cleaned)
    cleaned = re.sub(r"\s+", " ", cleaned)
    if cleaned.startswith(_FORMULA_STARTS):
        findings.append(finding("formula_text", column=target))
    return cleaned, findings


def clean_kana(text: str) -> str:
    """フリガナ in full-width katakana, from hiragana, half width or mixed."""
    wide = unicodedata.normalize("NFKC", text)
    return "".join(chr(ord(c) + 0x60) if "\u3041" <= c <= "\u3096" else c for c in wide)


def as_text(value: object) -> str:
    """A cell as text: 12.0 from a numeric column is "12", nothing is ""."""
    if value is None or value != value:  # NaN is the empty cell of numeric columns
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
