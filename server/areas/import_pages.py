"""The import screens of staff: choose a file, answer what it does not say, look, apply; export."""

from collections.abc import Callable
from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from server.areas import exporting, import_words
from server.areas import import_records as records
from server.areas.import_forms import ACCEPT, OptionsForm, UploadForm, options_data
from server.areas.import_records import Import, RowPage
from server.errors import Conflict, Invalid
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.i18n import local
from server.http.render import go, is_fragment, render, url_for
from server.http.uow import unit_of_work

TABS = ("all", *import_words.ACTIONS)


async def upload(request: Request) -> Response:
    """Send a file; what was sent before; the register as a file."""
    form, status = UploadForm(), 200
    if request.method == "POST":
        form, sent = await _receive(request)
        if sent:
            async with unit_of_work(request) as db:
                made = await records.create_import(db, request.state["actor"], *sent)
            return go(request, url_for(request, "staff_area_import_preview", id=made))
        status = 422
    async with unit_of_work(request) as db:
        recent = await records.recent_imports(db, request.state["actor"])
    context = {
        "form": form, "recent": recent, "words": import_words, "accept": ACCEPT,
        "formats": exporting.FORMATS, "srids": exporting.SRIDS,
    }  # fmt: skip
    return render(request, "areas/import.html", context, status=status)


async def _receive(request: Request) -> tuple[UploadForm, tuple[str, bytes] | None]:
    """The form, and (name, bytes) of its file if it is in order; the temporary file is closed."""
    try:
        form = UploadForm(await read_form(request, files=("file",)))
        return form, (await form.content() if form.validate() else None)
    finally:
        await request.close()


async def preview(request: Request) -> Response:
    """What a file would do, while it is read and after; POST answers, applies or discards."""
    if request.method == "POST":
        return await _act(request)
    return await _preview(request)


async def _preview(
    request: Request, form: OptionsForm | None = None, status: int = 200, message: str = ""
) -> Response:
    actor, city = request.state["actor"], request.state["city"]
    async with unit_of_work(request) as db:
        found = await records.get_import(db, actor, request.path_params["id"])
        tab, number = _asked(request, found)
        page = RowPage(tab, number, 0, ())
        if found.state in ("ready", "applied"):
            page = await records.row_page(db, found.id, tab, number)
    form = form or OptionsForm(data=options_data(found.options))
    form.offer(found.summary.get("layers", ()), found.summary.get("needs"), city.plane_srid)
    context = {
        "found": found, "page": page, "tabs": TABS, "form": form, "words": import_words,
        "message": message, "swapped": is_fragment(request), "address": _address(request),
    }  # fmt: skip
    return render(request, "areas/import_preview.html", context, block="results", status=status)


def _asked(request: Request, found: Import) -> tuple[str, int]:
    """(tab, page); what stands in the way comes first, if nothing else is asked for."""
    tab, page = request.query_params.get("show", ""), request.query_params.get("page", "1")
    if tab not in TABS:
        tab = "refused" if found.counts.get("refused") else "all"
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    return tab, max(1, number)


def _address(request: Request) -> Callable[[str, int], str]:
    return lambda tab, number: f"{request.url.path}?{urlencode({'show': tab, 'page': number})}"


async def _act(request: Request) -> Response:
    sent = await read_form(request)
    actor, import_id = request.state["actor"], request.path_params["id"]
    act = sent.get("act")
    try:
        if act == "apply":
            async with unit_of_work(request) as db:
                await records.start_apply(db, actor, import_id, str(sent.get("fingerprint", "")))
        elif act == "discard":
            async with unit_of_work(request) as db:
                await records.discard(db, actor, import_id)
            return go(request, url_for(request, "staff_area_import"), "import.discarded")
        elif act == "answer":
            return await _answer(request, OptionsForm(sent))
        else:
            raise Invalid(_("何をするかが読み取れません。前のページに戻ってください。"))
    except Conflict as error:
        return await _preview(request, status=409, message=error.message)
    return go(request, url_for(request, "staff_area_import_preview", id=import_id))


async def _answer(request: Request, form: OptionsForm) -> Response:
    """Read again with what was answered."""
    actor, import_id = request.state["actor"], request.path_params["id"]
    async with unit_of_work(request) as db:
        found = await records.get_import(db, actor, import_id)
        city = request.state["city"]
        form.offer(found.summary.get("layers", ()), found.summary.get("needs"), city.plane_srid)
        if form.validate():
            await records.answer(db, actor, import_id, form.answered())
            return go(request, url_for(request, "staff_area_import_preview", id=import_id))
    return await _preview(request, form, status=422)


async def export(request: Request) -> Response:
    """All areas in force as a file: ``?format=``, ``?srid=``, ``?encoding=``."""
    asked = request.query_params
    name, srid = asked.get("format", "geojson"), asked.get("srid", "4326")
    if name not in exporting.FORMATS:
        raise Invalid(_("この形式では書き出せません。"), "format")
    async with unit_of_work(request) as db:
        rows = await exporting.load_rows(db)
    number = int(srid) if srid in {str(known) for known in exporting.SRIDS} else 0
    encoding = asked.get("encoding", "auto")
    body = await to_thread.run_sync(exporting.export, rows, name, number, encoding)
    form = exporting.FORMATS[name]
    day = local(request.state["services"].clock())
    headers = {
        "Content-Disposition": f'attachment; filename="areas-{day:%Y%m%d}{form.suffix}"',
        "Cache-Control": "no-store",
    }
    media = form.media.replace("utf-8", "Shift_JIS") if encoding == "cp932" else form.media
    return Response(body, media_type=media, headers=headers)
