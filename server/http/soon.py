"""Placeholder while the pages are being built. Must be gone before anything is called done."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response


async def soon(request: Request) -> Response:
    return PlainTextResponse("準備中", 501)
