"""Announcements: the list, one of them, and sending one after a look at whom it reaches."""

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.base import uuid7
from server.errors import Invalid
from server.exchange import announce_actions
from server.exchange.announce_queries import (
    PAGE_ROWS,
    announcement,
    announcements,
    find_partners,
    reach,
)
from server.exchange.circle import must_belong
from server.exchange.forms import TO, AnnouncementForm
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work


def page_number(request: Request) -> int:
    """The page of a list an address asks for."""
    asked = request.query_params.get("page", "")
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1


async def announcement_list(request: Request) -> Response:
    """`/announcements`: what was sent, the newest first."""
    actor, number = request.state["actor"], page_number(request)
    must_belong(actor)
    async with unit_of_work(request) as db:
        rows = await announcements(db, actor, number)
    context = {"rows": rows[:PAGE_ROWS], "more": len(rows) > PAGE_ROWS, "number": number}
    return render(request, "exchange/announcements.html", context)


async def announcement_page(request: Request) -> Response:
    """`/announcements/{id}`: one announcement; opening it is having read it."""
    actor, id = request.state["actor"], request.path_params["id"]
    must_belong(actor)
    async with unit_of_work(request) as db:
        one = await announcement(db, actor, id)
        if actor.is_partner:
            await announce_actions.note_read(db, actor, id)
    return render(request, "exchange/announcement.html", {"one": one})


async def announcement_new(request: Request) -> Response:
    """`/centre/announcements/new`: write, look at whom it reaches, send."""
    sent = await read_form(request, max_fields=600) if request.method == "POST" else None
    form = AnnouncementForm(sent)
    verb = str(sent.get("verb") or "") if sent is not None else ""
    if sent is None:
        form.start(str(uuid7()), request.query_params.get("partner", ""))
    valid = verb in ("preview", "send") and form.validate()
    if verb == "send" and valid:
        try:
            async with unit_of_work(request) as db:
                today = city_today(db, request.state["city"])
                news = form.news()
                done = await announce_actions.send(db, request.state["actor"], news, today)
            path = url_for(request, "announcement", id=news.id)
            return go(request, path, "announcement.sent" if done else "announcement.already")
        except Invalid as error:
            form.fail(error)
            valid = False
    return await _form_page(request, form, verb, valid=valid)


async def _form_page(
    request: Request, form: AnnouncementForm, verb: str, *, valid: bool
) -> Response:
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        found = await find_partners(db, form.words, form.chosen, today)
        reached = await reach(db, form.news().audience, today) if valid else None
    form.offer(found)
    if reached is not None and reached.partners == 0:
        form.fail(Invalid(_("あてはまるパートナーがありません。"), "to"))
        reached = None
    asks_again = verb in ("find", "edit") or not verb
    context = {"form": form, "reach": reached, "to_words": TO, "found": found}
    status = 200 if asks_again or reached is not None else 422
    return render(request, "exchange/announcement_new.html", context, status=status)
