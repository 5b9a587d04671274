"""Staff prepare agreements, attach signed papers and keep the wording."""

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from server.agreements.actions import confirm_on_paper, prepare
from server.agreements.drafting import Draft, draft_of
from server.agreements.forms import AreaRow, PaperForm, ProposalForm, WordingForm, area_rows
from server.agreements.preview import preview_of
from server.agreements.queries import AgreementView, agreement_of
from server.agreements.texts import save_version, template_in_use, versions
from server.agreements.wording import PLACES, faults_of
from server.errors import Conflict, Invalid
from server.http.forms import read_form
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work

MOST_FIELDS = 1500  # six a row, for as many areas as a partner may come to hold


async def staff_agreement_new(request: Request) -> Response:
    """Prepare the proposal of a case, or edit it; filled in from what is known."""
    if request.method == "GET":
        draft = await _draft(request)
        form = ProposalForm(data=draft.start)
        return _proposal_page(request, draft, form, _rows(draft, None))
    sent = await read_form(request, max_fields=MOST_FIELDS)
    form = ProposalForm(sent)
    try:
        draft = await _draft(request, form.codes)
    except Invalid as error:
        draft = await _draft(request)
        form.fail(error)
        return _proposal_page(request, draft, form, _rows(draft, sent), status=422)
    rows = _rows(draft, sent)
    _offer_sections(request, form, draft)
    checked = [row.check() for row in rows]
    if not form.validate() or not all(checked):
        return _proposal_page(request, draft, form, rows, status=422)
    try:
        id = await _save(request, form, rows)
    except (Invalid, Conflict) as error:
        return _refused(request, draft, form, rows, error)
    return go(request, url_for(request, "agreement", id=id), "agreement.prepared")


async def _save(request: Request, form: ProposalForm, rows: list[AreaRow]) -> object:
    chosen = [row.area() for row in rows if row.use.data]
    async with unit_of_work(request) as db:
        return await prepare(
            db, request.state["actor"], request.state["city"], request.path_params["id"],
            form.seen.data or "", form.terms(), chosen,
        )  # fmt: skip


async def _draft(request: Request, codes: tuple[str, ...] = ()) -> Draft:
    id = request.path_params["id"]
    async with unit_of_work(request) as db:
        return await draft_of(db, request.state["actor"], request.state["city"], id, codes)


def _rows(draft: Draft, sent: FormData | None) -> list[AreaRow]:
    return area_rows(draft.candidates, sent, draft.before, draft.ticked)


def _offer_sections(request: Request, form: ProposalForm, draft: Draft) -> None:
    known = str(draft.start.get("section") or "")
    form.offer_sections([*request.state["city"].rules.sections, known])


def _refused(
    request: Request, draft: Draft, form: ProposalForm, rows: list[AreaRow],
    error: Invalid | Conflict,
) -> Response:  # fmt: skip
    if isinstance(error, Conflict):
        form.form_errors.append(error.message)
        return _proposal_page(request, draft, form, rows, status=409)
    form.fail(error)
    return _proposal_page(request, draft, form, rows, status=422)


def _proposal_page(
    request: Request, draft: Draft, form: ProposalForm, rows: list[AreaRow], status: int = 200
) -> Response:
    _offer_sections(request, form, draft)
    context = {"draft": draft, "case": draft.case, "form": form, "rows": rows}
    return render(request, "agreements/edit.html", context, block="form", status=status)


# --- on paper -------------------------------------------------------------------------------------


async def staff_agreement_paper(request: Request) -> Response:
    """Attach the signed paper, and note which sides have signed it."""
    if request.method == "GET":
        view = await _view(request)
        open_sides = [side for side in ("partner", "city") if getattr(view, side) is None]
        form = PaperForm(data={"sha256": view.sha256, "sides": open_sides if view.is_open else []})
        return _paper_page(request, view, form)
    try:
        return await _keep_paper(request, await read_form(request, files=("paper",)))
    finally:
        await request.close()  # the scan


async def _keep_paper(request: Request, sent: FormData) -> Response:
    form = PaperForm(sent)
    view = await _view(request)
    if not form.validate():
        return _paper_page(request, view, form, status=422)
    upload = sent.get("paper")
    try:
        async with unit_of_work(request) as db:
            done = await confirm_on_paper(
                db, request.state["actor"], request.state["city"],
                request.state["services"].files, view.id, sides=form.sides.data or (),
                day=form.day.data, upload=upload if isinstance(upload, UploadFile) else None,
                sha256=form.sha256.data or "",
            )  # fmt: skip
    except Invalid as error:
        form.fail(error)
        return _paper_page(request, view, form, status=422)
    except Conflict as error:
        form.form_errors.append(error.message)
        return _paper_page(request, view, form, status=409)
    notice = "agreement.concluded" if done.agreed_on else "agreement.paper"
    return go(request, url_for(request, "agreement", id=view.id), notice)


async def _view(request: Request) -> AgreementView:
    async with unit_of_work(request) as db:
        return await agreement_of(db, request.path_params["id"], request.state["actor"])


def _paper_page(
    request: Request, view: AgreementView, form: PaperForm, status: int = 200
) -> Response:
    form.paper.flags.required = view.paper_file_id is None
    context = {"agreement": view, "form": form}
    return render(request, "agreements/paper.html", context, block="form", status=status)


# --- the wording ----------------------------------------------------------------------------------


async def staff_agreement_text(request: Request) -> Response:
    """The wording of the agreement: edit it, see it filled in, save it as a new version."""
    if request.method == "GET":
        return await _wording_page(request, None)
    sent = await read_form(request)
    form = WordingForm(sent)
    if not form.validate() or faults_of(form.body.data or "") or "save" not in sent:
        return await _wording_page(request, form, asked=True)
    try:
        async with unit_of_work(request) as db:
            await save_version(
                db, request.state["actor"], int(form.seen.data or -1), form.body.data or "",
                form.note.data or "",
            )  # fmt: skip
    except Conflict as error:
        form.form_errors.append(error.message)
        return await _wording_page(request, form, status=409)
    return go(request, url_for(request, "staff_agreement_text"), "agreement.text_saved")


async def _wording_page(
    request: Request, form: WordingForm | None, *, asked: bool = False, status: int = 200
) -> Response:
    async with unit_of_work(request) as db:
        used = await template_in_use(db)
        past = await versions(db)
    form = form or WordingForm(data={"body": used.body, "seen": str(used.version)})
    faults = faults_of(form.body.data or "")
    if faults and asked:
        form.body.errors = [*form.body.errors, *(fault.message for fault in faults)]
    preview = None if faults else preview_of(request.state["city"], form.body.data or "")
    if asked and form.errors:
        status = 422
    context = {"form": form, "used": used, "past": past, "preview": preview, "places": PLACES,
               "faults": faults, "asked": asked}  # fmt: skip
    return render(request, "agreements/wording.html", context, block="wording", status=status)
