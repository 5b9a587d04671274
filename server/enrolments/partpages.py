"""The parts of the form, one short page each: saved one at a time, with gaps if need be."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.enrolments import actions, areapages
from server.enrolments.forms import FORMS, PartForm, fitted, sent_uuid
from server.enrolments.pages import about, home_of
from server.enrolments.parts import after, papers_of, part_of
from server.enrolments.queries import Case, case_of
from server.errors import Invalid, NotFound
from server.files.actions import is_sent, keep_paper, remove
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work


async def application_edit(request: Request) -> Response:
    """One part of the form. ``?check=1`` shows what is missing in it."""
    sent = None
    try:
        if request.method == "POST":
            sent = await read_form(request, files=("paper",))
        if request.path_params["part"] == "areas":
            return await areapages.areas(request, sent)
        return await _part(request, sent)
    finally:
        await request.close()


async def _part(request: Request, sent: FormData | None) -> Response:
    actor, slug = request.state["actor"], request.path_params["part"]
    async with unit_of_work(request) as db:
        case = await case_of(db, request.path_params["id"], actor, lock=sent is not None)
        if part_of(case.subject, slug) is None:
            raise NotFound(_("ページが見つかりません。"))
        actions.require(actions.may_edit(actor, case))
        if sent is not None:
            return await _save(request, db, case, sent)
    form = fitted(FORMS[slug].filled(case.answers), case.subject, _adult(request))
    return _page(request, case, form, check=request.query_params.get("check") == "1")


def _adult(request: Request) -> int:
    age: int = request.state["city"].rules.min_adult_age
    return age


async def _save(request: Request, db: Any, case: Case, sent: FormData) -> Response:
    """Keep the part, with its attachment, and go on."""
    actor, slug = request.state["actor"], request.path_params["part"]
    form = fitted(FORMS[slug](sent), case.subject, _adult(request))
    if not form.validate():
        return _page(request, case, form, status=422)
    await actions.save_part(db, actor, case, slug, form.into(case.answers))
    gone = sent_uuid(sent.get("remove_paper"))
    if gone in [paper.id for paper in case.papers]:
        await remove(db, actor, gone, "enrolment")
    try:
        await _attach(request, db, case, sent)
    except Invalid as error:  # the words are kept, the paper is not
        return _page(request, case, form, status=422, paper_error=error.message)
    return go(request, _next(request, case, sent), "application.saved")


async def _attach(request: Request, db: Any, case: Case, sent: FormData) -> None:
    paper: Any = sent.get("paper")
    if not is_sent(paper):
        if "attach" in sent:
            raise Invalid(_("ファイルを選んでください。"), "paper")
        return
    kinds = papers_of(case.subject, by_proxy=case.by_proxy)
    kind = sent.get("paper_kind")
    if not kinds or len(case.papers) >= actions.MAX_PAPERS:
        raise Invalid(_("これより多くの書類はつけられません。"), "paper")
    await keep_paper(
        db, request.state["services"].files, request.state["actor"], owner="enrolment",
        owner_id=case.id, upload=paper, purpose=str(kind) if kind in kinds else "other",
    )  # fmt: skip


def _next(request: Request, case: Case, sent: FormData) -> str:
    """Where the button leads: on, out, or back here after an attachment."""
    slug = request.path_params["part"]
    if "later" in sent:
        return home_of(request, case)
    if "attach" in sent or "remove_paper" in sent:
        return url_for(request, "application_edit", id=case.id, part=slug) + "#papers"
    following = after(case.subject, slug)
    if following is None:
        return url_for(request, "application_submit", id=case.id)
    return url_for(request, "application_edit", id=case.id, part=following.slug)


def _page(
    request: Request, case: Case, form: PartForm, *, status: int = 200, check: bool = False,
    paper_error: str = "",
) -> Response:  # fmt: skip
    slug, shown = request.path_params["part"], about(request, case)
    if check:
        for gap in shown["gaps"]:
            if gap.part == slug:
                form.fail(Invalid(gap.message, gap.field))
    papers_here = slug == ("group" if case.is_group else "people")
    context = {
        **shown, "form": form, "part": part_of(case.subject, slug), "paper_error": paper_error,
        "paper_kinds": papers_of(case.subject, by_proxy=case.by_proxy) if papers_here else {},
    }  # fmt: skip
    return render(request, "enrolments/part.html", context, status=status)
