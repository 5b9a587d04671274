"""Pages of words: how to take part, what happens with personal data, accessibility."""

from starlette.requests import Request
from starlette.responses import Response

from server.http.render import render


async def help_page(request: Request) -> Response:
    """使い方, in plain Japanese."""
    return render(request, "info/help.html")


async def privacy(request: Request) -> Response:
    """What is kept about people, why and how long."""
    return render(request, "info/privacy.html")


async def accessibility(request: Request) -> Response:
    """What was tested, what is known to be hard, and whom to tell."""
    return render(request, "info/accessibility.html")
