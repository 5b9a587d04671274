"""Pages of help calls: the list, one call, posting one, the centre's list, the signed answer."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.db.context import now
from server.errors import Conflict, Full, Invalid, LoginRequired
from server.helpcalls import actions, helping, queries
from server.helpcalls.asking import reason_words
from server.helpcalls.forms import CallForm, ReplyForm, StepForm, first_values
from server.helpcalls.machine import HELP_CALL
from server.helpcalls.queries import AUDIENCES
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import retry_on_collision, unit_of_work
from server.opportunities.ownareas import own_areas
from server.workflow.actions import buttons
from server.workflow.queries import PastStep, history

NOTICES = {
    "fill": "helpcall.filled",
    "reopen": "helpcall.reopened",
    "finish": "helpcall.finished",
    "cancel": "helpcall.cancelled",
    "wave": "helpcall.asked",
    "yes": "helpcall.yes",
    "no": "helpcall.no",
}


async def help_calls(request: Request) -> Response:
    """`/help-calls`: open calls, the soonest first; ``?for=citizens`` or ``partners``."""
    actor = request.state["actor"]
    wished = request.query_params.get("for", "")
    audience = wished if wished in AUDIENCES else ""
    async with unit_of_work(request) as db:
        today = city_today(db, request.state["city"])
        rows = await queries.open_calls(db, actor, now(db), today, audience)
    inside = bool(actor and (actor.is_partner or actor.is_coordinator))
    context = {"rows": rows, "audience": audience, "inside": inside}
    return render(request, "helpcalls/list.html", context)


async def partner_help_calls(request: Request) -> Response:
    """`/partner/help-calls`: the calls of my partners."""
    async with unit_of_work(request) as db:
        rows = await queries.own_calls(db, request.state["actor"])
    living = [one for one in rows if one.state in ("open", "filled")]
    past = [one for one in rows if one not in living]
    return render(request, "helpcalls/own.html", {"living": living, "past": past})


async def centre_help_calls(request: Request) -> Response:
    """`/centre/help-calls`: all calls with their numbers; ``?state=`` shows those of one state."""
    wished = request.query_params.get("state", "")
    state = wished if wished in HELP_CALL.states else ""
    async with unit_of_work(request) as db:
        rows = await queries.all_calls(db, request.state["actor"], state)
    return render(request, "helpcalls/centre.html", {"rows": rows, "state": state})


async def help_call_new(request: Request) -> Response:
    """`/partner/help-calls/new`: ask for hands; a double send makes one call."""
    actor, city = request.state["actor"], request.state["city"]
    sent = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        areas = await own_areas(db, actor.partner_ids, city_today(db, city))
    wished = request.query_params.get("area")
    form = CallForm(sent) if sent is not None else CallForm(data=first_values(areas, actor, wished))
    form.offer(areas, actor)
    if sent is not None and form.validate():
        try:
            new = form.new(areas, actor, city)
            async with unit_of_work(request) as db:
                await actions.post_call(db, actor, new, city)
            return go(request, url_for(request, "help_call", id=new.id), "helpcall.posted")
        except Invalid as error:
            form.fail(error)
    status = 200 if sent is None else 422
    return render(request, "helpcalls/new.html", {"form": form}, block="form", status=status)


async def help_call(request: Request) -> Response:
    """`/help-calls/{id}`: what, where, when; answering, and the steps of the host and the city."""
    if request.method == "GET":
        return await _call_page(request)
    sent = await read_form(request)
    verb = str(sent.get("verb", ""))
    reply, step = ReplyForm(sent), StepForm(sent)
    form = reply if verb in ("yes", "no") else step
    status = 422
    try:
        if verb not in NOTICES:
            raise Invalid(_("その操作はありません。画面を新しくしてください。"))
        if form.validate():
            await retry_on_collision(lambda: _act(request, verb, reply, step))
            back = sent.get("back") == "centre" and request.state["actor"].is_coordinator
            target = url_for(request, "centre_help_calls") if back else request.url.path
            return go(request, target, NOTICES[verb])
    except Invalid as error:
        form.fail(error)
    except Conflict as error:
        form.form_errors.append(error.message)
        status = 409
    return await _call_page(request, reply, step, verb, status)


async def _act(request: Request, verb: str, reply: ReplyForm, step: StepForm) -> None:
    actor, city, id = request.state["actor"], request.state["city"], request.path_params["id"]
    async with unit_of_work(request) as db:
        call = await queries.call(db, id, actor)
        if actor is None:
            raise LoginRequired(_("この先はログインが必要です。"))
        if verb == "wave":
            await actions.ask_now(db, actor, call, city)
        elif verb in actions.VERBS:
            await actions.take_step(db, actor, call, verb, step.comment.data or "")
        else:
            ask = await helping.volunteer(db, actor, call)
            await helping.answer(db, ask, reply.reply(verb == "yes"), city)
            await actions.follow(db, city, id)


async def _call_page(
    request: Request, reply: ReplyForm | None = None, step: StepForm | None = None,
    verb: str = "", status: int = 200,
) -> Response:  # fmt: skip
    actor, city = request.state["actor"], request.state["city"]
    past: tuple[PastStep, ...] = ()
    async with unit_of_work(request) as db:
        call = await queries.call(db, request.path_params["id"], actor)
        moment, today = now(db), city_today(db, city)
        if call.inside:
            past = await history(db, HELP_CALL, call.id)
    said = {"people": call.my_people, "words": call.my_words}
    context = {
        "call": call, "past": past,
        "reply": reply if verb in ("yes", "no") else ReplyForm(data=said),
        "step": step or StepForm(), "failed": verb,
        "steps": {one.verb: one for one in buttons(HELP_CALL, actor, call.stand)} if actor else {},
        "answerable": call.may_answer(moment, today), "over": call.is_over(moment, today),
        "own": bool(actor and call.partner_id in actor.partner_ids),
    }  # fmt: skip
    return render(request, "helpcalls/detail.html", context, block="case", status=status)


# --- the link in the message: without a log-in, for one person and one call ----------------------


async def help_answer(request: Request) -> Response:
    """`/help-answers/{token}`: GET shows and asks, only POST answers: scanners of mails follow
    links."""
    sent = await read_form(request) if request.method == "POST" else None
    form, status = ReplyForm(sent), 200
    if sent is not None:
        status = 422
        try:
            said = str(sent.get("answer", ""))
            if said not in ("yes", "no"):
                raise Invalid(_("その操作はありません。画面を新しくしてください。"))
            if form.validate():
                await retry_on_collision(lambda: _reply(request, form, said == "yes"))
                return go(request, request.url.path, NOTICES[said])
        except Invalid as error:
            form.fail(error)
        except Full:
            status = 409
        except Conflict as error:
            form.form_errors.append(error.message)
            status = 409
    return await _answer_page(request, form if sent is not None else None, status)


async def _reply(request: Request, form: ReplyForm, yes: bool) -> None:
    city = request.state["city"]
    async with unit_of_work(request) as db:
        ask = await helping.asked_by(db, request.path_params["token"])
        await helping.answer(db, ask, form.reply(yes), city)
        await actions.follow(db, city, ask.call_id)


async def _answer_page(request: Request, form: ReplyForm | None, status: int) -> Response:
    city = request.state["city"]
    async with unit_of_work(request) as db:
        ask = await helping.asked_by(db, request.path_params["token"])
        call = await queries.call(db, ask.call_id, None, known=True)
        moment, today = now(db), city_today(db, city)
    context: dict[str, Any] = {
        "ask": ask, "call": call, "why": reason_words(ask.reasons),
        "form": form or ReplyForm(data={"people": ask.people, "words": ask.words}),
        "answerable": call.may_answer(moment, today), "full": status == 409 and not _said(form),
        "over": call.is_over(moment, today),
    }  # fmt: skip
    page = render(request, "helpcalls/answer.html", context, block="case", status=status)
    page.headers["Referrer-Policy"] = "no-referrer"  # the address opens this answer
    page.headers["X-Robots-Tag"] = "noindex"
    return page


def _said(form: ReplyForm | None) -> bool:
    return bool(form and form.form_errors)
