"""The frozen document: everything a print of the agreement needs, and its fingerprint.

It is built once, confirmed by both sides by its SHA-256, and printed from nothing else, whatever
changes later. Its words are Japanese, whatever language the screen speaks.
"""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from server import labels
from server.agreements.wording import Template, fill
from server.citysettings.queries import City
from server.http import i18n
from server.http.i18n import jarea, jlength, wareki

FORMAT = 1
T = TypeVar("T")


@dataclass(frozen=True)
class Parties:
    """Who agrees. ``partner_code`` is empty for a new partner, who gets one by agreeing."""

    partner_name: str
    representative: str
    title: str
    subject: str
    case_code: str
    partner_code: str = ""


@dataclass(frozen=True)
class Terms:
    """What is agreed, as typed. ``last`` is the last day, None = without end."""

    purpose: str
    partner_role: str
    city_role: str
    forms: tuple[str, ...]
    supports: tuple[str, ...]
    times_per_year: int | None
    season: str
    section: str
    first: dt.date
    last: dt.date | None
    consent_name: bool
    consent_areas: bool
    consent_photos: bool


@dataclass(frozen=True)
class AgreedArea:
    """An area as agreed, with its shape of that day (GeoJSON, lon/lat); metres and m².

    ``new`` ones enter the register, under this id and code, when both have agreed. ``source`` is
    the line of the application that an area came from.
    """

    id: uuid.UUID
    code: str
    name: str
    kind: str
    kind_name: str
    manager: str
    section: str
    length_m: float
    area_m2: float
    geometry: dict[str, Any]
    new: bool = False
    source: str = ""

    @property
    def size(self) -> str:
        """How long it is, or how large."""
        return jarea(self.area_m2) if self.area_m2 else jlength(self.length_m)


@dataclass(frozen=True)
class Piece:
    """A run of words, or (``slot``) a place that is open until both have agreed."""

    text: str
    slot: bool = False


@dataclass(frozen=True)
class Paragraph:
    """A block of the text: ``kind`` is title, heading, item or paragraph."""

    kind: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Document:
    """A document as pages and prints read it."""

    city_name: str
    signatory: str
    partner_name: str
    representative: str
    title: str
    subject_name: str
    case_code: str
    partner_code: str
    occasion: str
    text: tuple[Paragraph, ...]
    areas: tuple[AgreedArea, ...]
    first: dt.date
    last: dt.date | None
    forms: tuple[str, ...]
    supports: tuple[str, ...]
    times: str
    season: str
    consents: tuple[tuple[str, bool], ...]
    section: str
    template_version: int
    plane_srid: int


def in_japanese(work: Callable[[], T]) -> T:
    """Do something with Japanese labels, without touching the language of the request."""

    def run() -> T:
        i18n.use("ja")
        return work()

    return copy_context().run(run)


def build(
    city: City, parties: Parties, terms: Terms, areas: Sequence[AgreedArea], template: Template,
    occasion: str,
) -> dict[str, Any]:  # fmt: skip
    """The document as JSON. The same input gives the same document."""
    return in_japanese(lambda: _build(city, parties, terms, areas, template, occasion))


def _build(
    city: City, parties: Parties, terms: Terms, areas: Sequence[AgreedArea], template: Template,
    occasion: str,
) -> dict[str, Any]:  # fmt: skip
    named = [replace(area, kind_name=str(labels.KINDS[area.kind])) for area in areas]
    values = _values(city, parties, terms, named)
    return {
        "format": FORMAT,
        "city": {"name": city.name, "signatory": city.rules.signatory},
        "partner": {
            "name": parties.partner_name, "representative": parties.representative,
            "title": parties.title, "subject": str(labels.SUBJECTS[parties.subject]),
            "code": parties.partner_code,
        },
        "case": parties.case_code,
        "occasion": occasion,
        "text": fill(template.body, values),
        "template_version": template.version,
        "areas": [_area_json(area) for area in named],
        "period": {
            "first": terms.first.isoformat(),
            "last": terms.last.isoformat() if terms.last else None,
        },
        "forms": [str(labels.FORMS[one]) for one in terms.forms],
        "supports": [str(labels.SUPPORTS[one]) for one in terms.supports],
        "times": values["年間回数"],
        "season": values["活動時期"],
        "consents": {
            "name": terms.consent_name, "areas": terms.consent_areas,
            "photos": terms.consent_photos,
        },
        "section": terms.section,
        "plane_srid": city.plane_srid,
    }  # fmt: skip


def _values(
    city: City, parties: Parties, terms: Terms, areas: Sequence[AgreedArea]
) -> dict[str, str]:
    person = parties.subject == "citizen"
    return {
        "団体名": parties.partner_name,
        "代表者": " ".join(filter(None, (parties.title, parties.representative))),
        "協働の主体": str(labels.SUBJECTS[parties.subject]),
        "市名": city.name,
        "市の代表": city.rules.signatory,
        "届出番号": parties.case_code,
        "目的": terms.purpose,
        "団体の役割": terms.partner_role,
        "市の役割": terms.city_role,
        "支援": "、".join(str(labels.SUPPORTS[one]) for one in terms.supports) or "なし",
        "活動区域": "、".join(f"{area.code} {area.name}" for area in areas),
        "区域の数": str(len(areas)),
        "年間回数": f"年{terms.times_per_year}回" if terms.times_per_year else "回数を定めず",
        "活動時期": terms.season or "通年",
        "期間": period_words(terms.first, terms.last),
        "期間のはじまり": wareki(terms.first),
        "期間のおわり": wareki(terms.last) if terms.last else "定めません",
        "更新": _renewal(city),
        "公表": _consents(terms, "氏名" if person else "団体名"),
        "協働の形態": "、".join(str(labels.FORMS[one]) for one in terms.forms),
        "担当課": terms.section,
    }


def period_words(first: dt.date, last: dt.date | None) -> str:
    """``令和8年4月1日から令和9年3月31日まで``."""
    return f"{wareki(first)}から{wareki(last)}まで" if last else f"{wareki(first)}から"


def _renewal(city: City) -> str:
    rules = city.rules
    if not rules.auto_renew:
        return "期間が終わる前に、更新するかどうかを市とパートナーで話し合います。"
    term = "次の3月31日まで" if rules.term_mode == "fiscal_year" else f"{rules.term_years}年間"
    return (
        "期間が終わるまでに市とパートナーのどちらからも申し出がないときは、"
        f"同じ内容で{term}更新し、その後も同じとします。"
    )


def _consents(terms: Terms, name: str) -> str:
    given = ((name, terms.consent_name), ("活動区域", terms.consent_areas),
             ("活動の写真", terms.consent_photos))  # fmt: skip
    return "".join(f"{what}は公表{'します' if yes else 'しません'}。" for what, yes in given)


def _area_json(area: AgreedArea) -> dict[str, Any]:
    return {
        **asdict(area), "id": str(area.id),
        "length_m": round(area.length_m, 1), "area_m2": round(area.area_m2, 1),
    }  # fmt: skip


def fingerprint(document: Mapping[str, Any]) -> str:
    """SHA-256 over the document in one canonical spelling, in hexadecimal."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read(data: Mapping[str, Any]) -> Document | None:
    """What was frozen; None for an agreement of the time before documents were kept."""
    if not data.get("format"):
        return None
    partner, period = data["partner"], data["period"]
    return Document(
        city_name=data["city"]["name"], signatory=data["city"]["signatory"],
        partner_name=partner["name"], representative=partner["representative"],
        title=partner["title"], subject_name=partner["subject"], case_code=data["case"],
        partner_code=partner["code"], occasion=data["occasion"], text=_text(data["text"]),
        areas=tuple(read_area(one) for one in data["areas"]),
        first=dt.date.fromisoformat(period["first"]),
        last=dt.date.fromisoformat(period["last"]) if period["last"] else None,
        forms=tuple(data["forms"]), supports=tuple(data["supports"]), times=data["times"],
        season=data["season"], consents=tuple(data["consents"].items()),
        section=data["section"], template_version=data["template_version"],
        plane_srid=data["plane_srid"],
    )  # fmt: skip


def read_area(data: Mapping[str, Any]) -> AgreedArea:
    """An area as it stands in a document."""
    return AgreedArea(**{**data, "id": uuid.UUID(data["id"])})


def _text(blocks: Sequence[Mapping[str, Any]]) -> tuple[Paragraph, ...]:
    """The blocks; the first heading is the title of the paper."""
    text = []
    for n, block in enumerate(blocks):
        pieces = tuple(
            Piece(part) if isinstance(part, str) else Piece(part["slot"], slot=True)
            for part in block["parts"]
        )
        first = n == 0 and block["kind"] == "heading"
        text.append(Paragraph("title" if first else block["kind"], pieces))
    return tuple(text)
