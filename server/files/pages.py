"""Serving one file to somebody who may see it."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from server.errors import NotFound
from server.files.access import may_see
from server.files.queries import file_row
from server.http.i18n import gettext as _
from server.http.uow import unit_of_work

# A PDF of somebody else's making is never shown inside our pages, and may run nothing.
SANDBOX = "default-src 'none'; sandbox"


async def file(request: Request) -> Response:
    """The bytes of a photo or paper; a stranger's file does not exist."""
    async with unit_of_work(request) as db:
        row = await file_row(db, request.path_params["id"])
        allowed = row and await may_see(db, request.state["actor"], row.owner, row.owner_id)
    if row is None or not allowed:
        raise NotFound(_("ファイルが見つかりません。"))
    try:
        data = await request.state["services"].files.get(str(row.id))
    except FileNotFoundError:
        raise NotFound(_("ファイルが見つかりません。")) from None
    how = "inline" if row.media_type.startswith("image/") else "attachment"
    headers = {
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(row.filename)}",
        "Cache-Control": "private, max-age=86400, immutable",
        "Content-Security-Policy": SANDBOX,
        "Vary": "Cookie",
    }
    return Response(data, media_type=row.media_type, headers=headers)
