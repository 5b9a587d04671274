"""The agreement for both sides: read it, agree to it, print it."""

from starlette.requests import Request
from starlette.responses import Response

from server.agreements.actions import confirm
from server.agreements.forms import ConfirmForm
from server.agreements.pdf import agreement_pdf as make_pdf
from server.agreements.pdf import file_name_header
from server.agreements.queries import AgreementView, agreement_layer, agreement_of
from server.errors import Conflict, Invalid, NotFound
from server.files.queries import FileRef, files_of
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.maps.layers import geojson


async def agreement(request: Request) -> Response:
    """`/agreements/{id}`: the exact text, map and areas; the button for who may agree."""
    return await _page(request)


async def agreement_confirm(request: Request) -> Response:
    """「この内容で合意します」 for one side; another text than the one shown is 409."""
    sent = ConfirmForm(await read_form(request))
    id, actor = request.path_params["id"], request.state["actor"]
    try:
        async with unit_of_work(request) as db:
            view = await confirm(
                db, actor, request.state["city"], id, sent.side.data or "", sent.sha256.data or ""
            )
    except (Conflict, Invalid) as error:
        return await _page(request, error=error.message, status=409)
    notice = "agreement.concluded" if view.agreed_on else "agreement.confirmed"
    return go(request, url_for(request, "agreement", id=id), notice)


async def agreement_pdf(request: Request) -> Response:
    """The agreement to print, made from its frozen document."""
    async with unit_of_work(request) as db:
        view = await agreement_of(db, request.path_params["id"], request.state["actor"])
    if view.document is None:
        raise NotFound(_("この合意は紙で交わしたもので、画面から印刷する文書がありません。"))
    headers = {
        "Content-Disposition": file_name_header(view),
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie",
    }
    return Response(await make_pdf(view), media_type="application/pdf", headers=headers)


async def layer_agreement(request: Request) -> Response:
    """The areas of the agreement for its map."""
    async with unit_of_work(request) as db:
        view = await agreement_of(db, request.path_params["id"], request.state["actor"])

    def card(code: str) -> str:
        return url_for(request, "area_card", code=code)

    return geojson(request, agreement_layer(view, card))


async def _page(request: Request, *, error: str = "", status: int = 200) -> Response:
    id = request.path_params["id"]
    async with unit_of_work(request) as db:
        view = await agreement_of(db, id, request.state["actor"])
        papers = await files_of(db, "agreement", [id]) if view.paper_file_id else {}
    context = {
        "agreement": view,
        "doc": view.document,
        "sides": view.sides_of(request.state["actor"]),
        "paper": _paper(view, papers.get(id, ())),
        "error": error,
    }
    return render(request, "agreements/show.html", context, status=status)


def _paper(view: AgreementView, papers: tuple[FileRef, ...]) -> FileRef | None:
    return next((one for one in papers if one.id == view.paper_file_id), None)
