"""The printed agreement: A4, Japanese fonts embedded, nothing fetched from anywhere."""

from urllib.parse import quote

from markupsafe import Markup
from shapely.geometry import shape

from geo.print_map import PrintArea, PrintPlace, Sheet, print_maps
from server.agreements.document import Document, in_japanese
from server.agreements.queries import AgreementView
from server.http.i18n import gettext as _
from server.http.pdf import to_pdf
from server.http.render import environment
from server.maps.ground import land
from server.maps.places import place_names


async def agreement_pdf(view: AgreementView) -> bytes:
    """The agreement as PDF, from its frozen document and the two confirmations alone.

    The same agreement always gives the same bytes. Raises ValueError without a document.
    """
    document = view.document
    if document is None:
        raise ValueError("there is no document to print")
    return await to_pdf(lambda: in_japanese(lambda: document_html(view, document)))


def document_html(view: AgreementView, document: Document) -> str:
    """The page that is printed."""
    maps = [
        {"labels": one.labels, "svg": Markup(one.svg)}  # noqa: S704 - of our own making, escaped
        for one in print_maps(_print_areas(document), _sheet(document.plane_srid))
    ]
    made = view.agreed_on or view.created_at.date()
    template = environment().get_template("pdf/agreement.html")
    return template.render(agreement=view, doc=document, maps=maps, made=made)


def _print_areas(document: Document) -> list[PrintArea]:
    return [
        PrintArea(str(n), f"{area.code} {area.name}", shape(area.geometry),
                  "joined" if area.new else "place")
        for n, area in enumerate(document.areas, 1)
    ]  # fmt: skip


def _sheet(srid: int) -> Sheet:
    """The ground of the city, with words in the language of the print."""
    places = tuple(PrintPlace(one.name, one.lon, one.lat) for one in place_names().places)
    return Sheet(
        land=land(), srid=srid, source=_("陸地: GSHHG"), north=_("北"), places=places,
        legend={"place": _("活動区域"), "joined": _("この合意で登録する活動区域")},
    )  # fmt: skip


def file_name_header(view: AgreementView) -> str:
    """``Content-Disposition`` with the Japanese name, and a plain one for old programs."""
    code = view.document.case_code if view.document else view.case_code
    name = f"{_('合意書')}_{code}_{view.name[:60]}.pdf"
    return f"inline; filename=\"agreement-{code}.pdf\"; filename*=UTF-8''{quote(name, safe='')}"
