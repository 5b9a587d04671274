"""The board (質問ひろば): the list, a question, asking one."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.db.base import uuid7
from server.errors import Invalid, NotFound
from server.exchange import board_actions as actions
from server.exchange.board_queries import BoardPost, questions, read_board_filter, thread
from server.exchange.circle import Voice, must_belong, voices
from server.exchange.forms import AnswerForm, QuestionForm
from server.exchange.machine import POST
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.workflow.actions import buttons

_DONE = {"publish": "post.published", "refuse": "post.refused", "hide": "post.hidden"}
_SENT = {"pending": "post.sent", "published": "post.published"}


async def board(request: Request) -> Response:
    """`/board`: questions, the newest first; those without an answer are marked."""
    actor = request.state["actor"]
    must_belong(actor)
    asked = read_board_filter(request.query_params)
    async with unit_of_work(request) as db:
        page = await questions(db, actor, asked)
    return render(request, "exchange/board.html", {"asked": asked, "page": page}, block="results")


def _chosen(actor_voices: tuple[Voice, ...], key: str | None) -> Voice:
    """The voice of the form, or the first one."""
    return next((one for one in actor_voices if one.key == key), actor_voices[0])


async def post_new(request: Request) -> Response:
    """`/board/new`: ask something."""
    actor, city = request.state["actor"], request.state["city"]
    must_belong(actor)
    form = QuestionForm(await read_form(request) if request.method == "POST" else None)
    form.offer(voices(actor))
    if request.method == "POST" and form.validate():
        try:
            voice = _chosen(voices(actor), form.voice.data)
            async with unit_of_work(request) as db:
                state = await actions.write(db, actor, voice, form.writing(), city.rules)
            path = url_for(request, "post", id=form.new_id)
            return go(request, path, _SENT.get(state, "saved"))
        except Invalid as error:
            form.fail(error)
    elif request.method == "GET":
        form.id.data = str(uuid7())
    context = {"form": form, "voices": voices(actor)}
    status = 200 if request.method == "GET" else 422
    return render(request, "exchange/post_new.html", context, status=status)


async def post(request: Request) -> Response:
    """`/board/{id}`: a question with its answers; answer it, or look after it."""
    actor, id = request.state["actor"], request.path_params["id"]
    must_belong(actor)
    sent = await read_form(request) if request.method == "POST" else None
    async with unit_of_work(request) as db:
        posts = await thread(db, actor, id)
    if not posts:
        raise NotFound(_("この書きこみは見つかりません。"))
    if sent is None:
        if posts[0].id != id:
            return go(request, f"{url_for(request, 'post', id=posts[0].id)}#post-{id}")
        return _page(request, posts, AnswerForm(data={"id": str(uuid7())}))
    verb = str(sent.get("verb") or "answer")
    if verb == "answer":
        return await _answer(request, posts, sent)
    return await _look_after(request, posts, verb, sent)


async def _answer(request: Request, posts: tuple[BoardPost, ...], sent: FormData) -> Response:
    actor, rules = request.state["actor"], request.state["city"].rules
    form = AnswerForm(sent)
    form.offer(voices(actor))
    if form.validate():
        try:
            voice = _chosen(voices(actor), form.voice.data)
            async with unit_of_work(request) as db:
                state = await actions.write(db, actor, voice, form.writing(), rules, posts[0])
            return go(request, url_for(request, "post", id=posts[0].id), _SENT.get(state, "saved"))
        except Invalid as error:
            form.fail(error)
    return _page(request, posts, form, 422)


async def _look_after(
    request: Request, posts: tuple[BoardPost, ...], verb: str, sent: FormData
) -> Response:
    """Publish, refuse or hide; from the queue of the centre it goes back there."""
    if verb not in _DONE:
        raise Invalid(_("この操作はありません。"))
    id, comment = request.path_params["id"], str(sent.get("comment") or "").strip()[:1000]
    try:
        async with unit_of_work(request) as db:
            await actions.look_after(db, request.state["actor"], posts, id, verb, comment)
    except Invalid as error:
        form = AnswerForm(data={"id": str(uuid7())})
        return _page(request, posts, form, 422, {id: error.message})
    back = url_for(request, "centre_board") if sent.get("back") == "queue" else None
    return go(request, back or url_for(request, "post", id=posts[0].id), _DONE[verb])


def _page(
    request: Request, posts: tuple[BoardPost, ...], form: AnswerForm, status: int = 200,
    failed: dict[object, str] | None = None,
) -> Response:  # fmt: skip
    actor = request.state["actor"]
    form.offer(voices(actor))
    context = {
        "question": posts[0], "answers": posts[1:], "form": form, "voices": voices(actor),
        "verbs": {one.id: [s.verb for s in buttons(POST, actor, one.stand)] for one in posts},
        "failed": failed or {},
    }  # fmt: skip
    return render(request, "exchange/post.html", context, status=status)
