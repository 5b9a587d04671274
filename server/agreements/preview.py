"""The wording filled in with a sample, before it is kept."""

import datetime as dt
import uuid

from server.agreements.document import (
    AgreedArea,
    Document,
    Parties,
    Terms,
    build,
    in_japanese,
    read,
)
from server.agreements.wording import Template
from server.citysettings.queries import City
from server.http.i18n import gettext as _


def preview_of(city: City, body: str) -> Document | None:
    """How an agreement with a made-up partner would read. The body must have no faults."""
    return in_japanese(lambda: _sample(city, body))


def _sample(city: City, body: str) -> Document | None:
    parties = Parties(
        _("見本町会"), _("見本 太郎"), _("会長"), "neighbourhood", "N-0000", "MP-0000"
    )
    terms = Terms(
        purpose=_("まちをきれいに保ち、だれもが愛着をもてるまちを、いっしょにつくります。"),
        partner_role=_("活動区域で、ごみ拾い、草取り・草刈りをします。"),
        city_role=_("活動に必要なものを、できる範囲で支給・貸出します。"),
        forms=("cooperation",), supports=("bags", "armbands"), times_per_year=6,
        season=_("4月から11月まで"), section=city.rules.section_scheme,
        first=dt.date(2026, 4, 1), last=dt.date(2027, 3, 31), consent_name=True,
        consent_areas=True, consent_photos=False,
    )  # fmt: skip
    here = {"type": "Point", "coordinates": list(city.centre)}
    area = AgreedArea(
        id=uuid.UUID(int=0), code="A-0000", name=_("見本公園"), kind="park", kind_name="",
        manager="city", section=city.rules.section_places, length_m=0, area_m2=1200, geometry=here,
    )  # fmt: skip
    return read(build(city, parties, terms, [area], Template(0, body), "new"))
