"""Demo mode only: log in with one tap, read the mails that would have been sent.

Without demo mode these routes do not exist (``routes.rows``), and the settings refuse demo mode in
production.
"""

import re

from starlette.requests import Request
from starlette.responses import Response

from server.accounts import actions, queries
from server.accounts.forms import local_path
from server.accounts.pages import arrive, own_cookie, session_length
from server.demo.personas import HANAKO, KANAE, KANRI, KENJI, SATO
from server.errors import Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import render
from server.http.sessions import replace_session
from server.http.uow import unit_of_work

WHO = {
    "volunteer": HANAKO,
    "partner": KENJI,
    "coordinator": KANAE,
    "staff": SATO,
    "admin": KANRI,
}


async def demo_login(request: Request) -> Response:
    """Become one of the sample people."""
    sent = await read_form(request)
    persona = WHO.get(str(sent.get("role", "")))
    if persona is None:
        raise Invalid(_("この役割の見本はありません。"))
    async with unit_of_work(request) as db:
        account = await queries.account_by_email(db, persona.email or "")
        if account is None:
            raise NotFound(_("見本のデータがまだ入っていません。"))
        actions.may_enter(account)
        lasts = session_length(request, account)
        token = await replace_session(db, own_cookie(request), account.id, lasts)
    return arrive(request, account, token, local_path(str(sent.get("next", ""))))


def veiled(address: str) -> str:
    """An address as the open demo may show it: samples whole, real ones without the name.

    Somebody may try the demo with their own address, and the outbox is open to all.
    """
    if address.endswith("@example.jp"):
        return address
    return re.sub(r"(?<=^.)[^@]*(?=@)", "…", address)


async def demo_outbox(request: Request) -> Response:
    """The newest mails, with their text."""
    async with unit_of_work(request) as db:
        mails = await queries.newest_mails(db)
    return render(request, "demo/outbox.html", {"mails": mails, "veiled": veiled})
