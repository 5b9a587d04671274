"""Pages as PDF: laid out in a thread, one after the other, fetching nothing from anywhere."""

from collections.abc import Callable

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

_PRINTING = CapacityLimiter(1)  # each takes seconds of a processor


async def to_pdf(make_html: Callable[[], str]) -> bytes:
    """A self-contained page as tagged PDF. ``make_html`` runs in the thread too, for its maps.

    Only ``data:`` addresses are read; the same page always gives the same bytes.
    """
    return await run_sync(lambda: _write(make_html()), limiter=_PRINTING)


def _write(html: str) -> bytes:
    from weasyprint import HTML  # noqa: PLC0415 - a second to import
    from weasyprint.urls import URLFetcher  # noqa: PLC0415

    page = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=("data",)))
    content: bytes = page.write_pdf(pdf_tags=True)
    return content
