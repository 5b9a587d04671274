"""The staff's pages of the yearly review: who has written, and the city's own side."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.errors import Invalid
from server.http.forms import nfkc, read_form
from server.http.i18n import gettext as _
from server.http.i18n import jfiscal_year, local
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.labels import SUBJECTS
from server.ledgers.files import csv_answer, csv_text
from server.ledgers.lists import FILE_ROWS
from server.reviews import actions
from server.reviews.forms import ReviewForm
from server.reviews.pages import notice_of
from server.reviews.points import KEYS, POINTS, STAGES
from server.reviews.queries import LIST_ROWS, STANDINGS, Line, look, reviewed, year_summary
from server.reviews.season import read_year, reviewed_years, window_of


async def staff_review(request: Request) -> Response:
    """`/staff/partners/{code}/review`: the city's side; ``?side=partner`` to type in paper."""
    city = request.state["city"]
    sent = await read_form(request) if request.method == "POST" else None
    asked = sent if sent is not None else request.query_params
    by_proxy = asked.get("side") == "partner"
    form, final = ReviewForm(sent), sent is not None and sent.get("verb") == "submit"
    whole = sent is not None and form.validate() and (not final or form.must_be_whole())
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        year = read_year(str(asked.get("year") or ""), today, city.rules)
        seen = await look(db, request.path_params["code"], year, "city")
    if whole and sent is not None:
        try:
            done = await _save(request, form, sent, year)
            path = url_for(request, "staff_review", code=seen.code) + f"?year={year}"
            return go(request, path, notice_of(done, final))
        except Invalid as error:
            form.fail(error)
    if sent is None and seen.mine and not by_proxy:
        form.fill(seen.mine)
    context = {
        "seen": seen, "form": form, "window": window_of(year, city.rules), "points": POINTS,
        "stages": STAGES, "by_proxy": by_proxy,
    }  # fmt: skip
    return render(request, "reviews/staff.html", context, status=200 if sent is None else 422)


async def _save(request: Request, form: ReviewForm, sent: FormData, year: int) -> bool:
    """The city's side, or the partner's from paper; the latter is never read back here."""
    actor, city = request.state["actor"], request.state["city"]
    by_proxy = sent.get("side") == "partner"
    async with unit_of_work(request) as db:
        side = "partner" if by_proxy else "city"
        seen = await look(db, request.path_params["code"], year, side)
        return await actions.save(
            db, actor, seen, form.content(), city.rules, city_today(db, city),
            final=sent.get("verb") == "submit", by_proxy=by_proxy,
        )  # fmt: skip


async def staff_reviews(request: Request) -> Response:
    """`/staff/reviews`: a 年度: who has written, means and gaps; ``?format=csv`` as a file."""
    city, params = request.state["city"], request.query_params
    as_file = params.get("format") == "csv"
    standing = params.get("standing", "")
    standing = standing if standing in STANDINGS else ""
    q = nfkc(params.get("q"))[:60].replace("\x00", "")
    number = params.get("page", "")
    page_number = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 1
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        year = read_year(params.get("year", ""), today, city.rules)
        page = await reviewed(
            db, year, standing=standing, q=q, page=1 if as_file else max(1, page_number),
            rows=FILE_ROWS if as_file else LIST_ROWS,
        )  # fmt: skip
        summary = None if as_file else await year_summary(db, year)
    if as_file:
        return csv_answer(f"reviews-{year}", today, _csv(year, page.rows))
    context = {
        "year": year, "years": reviewed_years(today, city.rules), "page": page, "q": q,
        "summary": summary, "standing": standing, "number": max(1, page_number),
        "page_rows": LIST_ROWS, "window": window_of(year, city.rules), "stages": STAGES,
    }  # fmt: skip
    return render(request, "reviews/staff_list.html", context, block="results")


def _csv(year: int, lines: tuple[Line, ...]) -> bytes:
    labels = [str(point.label) for point in POINTS]
    head = [
        _("年度"), _("番号"), _("パートナー"), _("協働の主体"), _("パートナーの提出日"),
        _("市の提出日"),
        *(_("%(point)s(市)") % {"point": label} for label in labels),
        *(_("%(point)s(パートナー)") % {"point": label} for label in labels),
        _("2段階以上ちがう項目の数"),
    ]  # fmt: skip
    rows = (
        (
            jfiscal_year(year), one.code, one.name, str(SUBJECTS[one.subject]),
            local(one.partner_at).date() if one.partner_at else None,
            local(one.city_at).date() if one.city_at else None,
            *(one.city_scores.get(key, "") for key in KEYS),
            *(one.partner_scores.get(key, "") for key in KEYS),
            one.wide if one.gaps else None,
        )
        for one in lines
    )  # fmt: skip
    return csv_text(head, rows)
