"""Notices of change (変更届): write one, read one, answer one. Partners and staff alike."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.enrolments import notices
from server.enrolments.life_forms import CommentForm
from server.enrolments.life_queries import case_of_code
from server.enrolments.life_rows import CaseNow
from server.enrolments.machine import NOTICE
from server.enrolments.notice_forms import FORMS, AreasForm, NoticeForm, differences
from server.enrolments.notice_queries import Facts, Notice, facts_of, find_areas, notice_of
from server.errors import Invalid, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.policy import Actor, own_partner
from server.workflow.actions import buttons
from server.workflow.queries import PastStep, history


@dataclass(frozen=True)
class Desk:
    """What a notice is written against."""

    case: CaseNow
    facts: Facts
    today: dt.date


async def _desk(db: Any, request: Request, code: str, *, lock: bool = False) -> Desk:
    case = await case_of_code(db, code, lock=lock)
    today = city_today(db, request.state["city"])
    return Desk(case, await facts_of(db, case.partner_id, today), today)


async def _offer(db: Any, form: NoticeForm, facts: Facts) -> None:
    """Give the form of areas its choices: own ones, found ones, and those chosen before."""
    if isinstance(form, AreasForm):
        words = form.search.data or ""
        found = await find_areas(db, words, form.chosen) if words or form.chosen else ()
        form.offer(facts.areas, found)


def _form_of(kind: str, sent: FormData | None) -> NoticeForm:
    if kind not in FORMS:
        raise NotFound(_("この変更届はありません。"))
    return FORMS[kind](sent)


async def notice_new(request: Request) -> Response:
    """`/partner/notices/new/{kind}`: the partner tells of a change."""
    sent = await read_form(request) if request.method == "POST" else None
    asked = (sent if sent is not None else request.query_params).get("partner")
    code = own_partner(request.state["actor"], str(asked) if asked else None).code
    return await _write(request, code, sent, by_proxy=False)


async def staff_notice_new(request: Request) -> Response:
    """`/staff/partners/{code}/notices/new/{kind}`: staff write it for the partner (代理入力)."""
    sent = await read_form(request) if request.method == "POST" else None
    return await _write(request, request.path_params["code"], sent, by_proxy=True)


async def _write(request: Request, code: str, sent: FormData | None, *, by_proxy: bool) -> Response:
    kind = request.path_params["kind"]
    form = _form_of(kind, sent)
    finding = sent is not None and sent.get("verb") == "find"
    async with unit_of_work(request) as db:
        desk = await _desk(db, request, code)
        notices.checked_kind(kind, desk.case.subject)
        if sent is None:
            form.start(code, desk.facts, desk.today)
        await _offer(db, form, desk.facts)
    if sent is not None and not finding and form.validate():
        try:
            id = await _file(request, code, form)
            return go(request, url_for(request, "notice", id=id), "notice.filed")
        except Invalid as error:
            form.fail(error)
    context = {
        "form": form, "case": desk.case, "facts": desk.facts, "kind": kind,
        "layout": "staff" if by_proxy else "public", "by_proxy": by_proxy,
        "searched": finding or bool(form.data.get("search")),
    }  # fmt: skip
    status = 200 if sent is None or finding else 422
    return render(request, "programme/notice_form.html", context, status=status)


async def _file(request: Request, code: str, form: NoticeForm) -> uuid.UUID:
    actor, rules = request.state["actor"], request.state["city"].rules
    async with unit_of_work(request) as db:
        desk = await _desk(db, request, code, lock=True)
        return await notices.file(
            db, actor, desk.case, form.kind, form.new_id(), form.draft(desk.facts),
            section=rules.section_scheme, today=desk.today,
        )  # fmt: skip


# --- one notice ----------------------------------------------------------------------------------


async def notice(request: Request) -> Response:
    """`/partner/notices/{id}`: what changes, where it stands; the answer, or the correction."""
    sent = await read_form(request) if request.method == "POST" else None
    if sent is None:
        return await _notice_page(request)
    verb = str(sent.get("verb") or "")
    if verb in ("resubmit", "find"):
        return await _correct(request, sent, finding=verb == "find")
    if verb == "send_back":
        return await _send_back(request, sent)
    if verb not in ("accept", "withdraw"):
        raise Invalid(_("この操作はありません。"))
    actor, id = request.state["actor"], request.path_params["id"]
    async with unit_of_work(request) as db:
        if verb == "accept":
            today = city_today(db, request.state["city"])
            await notices.accept(db, actor, id, today)
        else:
            await notices.take_back(db, actor, id)
    done = "notice.accepted" if verb == "accept" else "notice.taken_back"
    return go(request, url_for(request, "notice", id=id), done)


async def _send_back(request: Request, sent: FormData) -> Response:
    form = CommentForm(sent)
    if not form.validate():
        return await _notice_page(request, comment_form=form)
    actor, id = request.state["actor"], request.path_params["id"]
    async with unit_of_work(request) as db:
        await notices.send_back(db, actor, id, form.comment.data or "")
    return go(request, url_for(request, "notice", id=id), "notice.returned")


async def _correct(request: Request, sent: FormData, *, finding: bool) -> Response:
    actor, id = request.state["actor"], request.path_params["id"]
    async with unit_of_work(request) as db:
        found = await notice_of(db, id, actor)
        today = city_today(db, request.state["city"])
        facts = await facts_of(db, found.partner_id, today)
        form = _form_of(found.kind, sent)
        await _offer(db, form, facts)
    if not finding and form.validate():
        try:
            async with unit_of_work(request) as db:
                await notices.resubmit(db, actor, id, form.draft(facts), today)
            return go(request, url_for(request, "notice", id=id), "notice.filed")
        except Invalid as error:
            form.fail(error)
    return await _notice_page(request, form=form, status=200 if finding else 422)


async def _notice_page(
    request: Request, *, form: NoticeForm | None = None, comment_form: CommentForm | None = None,
    status: int | None = None,
) -> Response:  # fmt: skip
    actor: Actor = request.state["actor"]
    async with unit_of_work(request) as db:
        found = await notice_of(db, request.path_params["id"], actor)
        steps = await history(db, NOTICE, found.id)
        verbs = {step.verb for step in buttons(NOTICE, actor, found.stand())}
        if form is None and "resubmit" in verbs:
            form = await _filled(db, request, found)
    own = found.partner_id in actor.partner_ids
    context = {
        "notice": found, "history": steps, "verbs": verbs, "form": form,
        "returned_with": _returned_with(steps),
        "comment_form": comment_form or CommentForm(),
        "differences": differences(found.kind, found.before, found.after),
        "layout": "public" if own else "staff", "own": own,
        "searched": form is not None and bool(form.data.get("search")),
    }  # fmt: skip
    if status is None:
        status = 200 if comment_form is None else 422
    return render(request, "programme/notice.html", context, status=status)


async def _filled(db: Any, request: Request, found: Notice) -> NoticeForm:
    """The form with what was filed, to be corrected."""
    facts = await facts_of(db, found.partner_id, city_today(db, request.state["city"]))
    form = _form_of(found.kind, None)
    form.fill(found.after)
    form.effective_on.data, form.reason.data = found.effective_on, found.reason
    await _offer(db, form, facts)
    return form


def _returned_with(steps: Sequence[PastStep]) -> str:
    """What the city wrote when it sent the notice back last."""
    return next((step.comment for step in steps if step.verb == "send_back"), "")
