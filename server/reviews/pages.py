"""The partner's page of the yearly review (評価)."""

from starlette.requests import Request
from starlette.responses import Response

from server.coverage.care import city_today
from server.errors import Invalid
from server.http.forms import read_form
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work
from server.policy import own_partner
from server.reviews import actions
from server.reviews.forms import ReviewForm
from server.reviews.points import POINTS, STAGES
from server.reviews.queries import look
from server.reviews.season import read_year, window_of


async def partner_review(request: Request) -> Response:
    """`/partner/review`: write the partner's side; both sides side by side once both are there."""
    actor, city = request.state["actor"], request.state["city"]
    sent = await read_form(request) if request.method == "POST" else None
    asked = sent if sent is not None else request.query_params
    partner = own_partner(actor, str(asked.get("partner") or "") or None)
    form, final = ReviewForm(sent), sent is not None and sent.get("verb") == "submit"
    whole = sent is not None and form.validate() and (not final or form.must_be_whole())
    async with unit_of_work(request) as db:
        today = city_today(db, city)
        year = read_year(str(asked.get("year") or ""), today, city.rules)
        seen = await look(db, partner.code, year, "partner")
    if whole:
        try:
            async with unit_of_work(request) as db:
                done = await actions.save(
                    db, actor, seen, form.content(), city.rules, today, final=final
                )
            path = url_for(request, "partner_review") + f"?partner={partner.code}&year={year}"
            return go(request, path, notice_of(done, final))
        except Invalid as error:
            form.fail(error)
    if sent is None and seen.mine:
        form.fill(seen.mine)
    context = {
        "seen": seen, "form": form, "window": window_of(year, city.rules), "points": POINTS,
        "stages": STAGES, "may_write": actions.may_write(actor, seen),
    }  # fmt: skip
    return render(request, "reviews/partner.html", context, status=200 if sent is None else 422)


def notice_of(done: bool, final: bool) -> str:
    """What is said after a review was sent."""
    if not done:
        return "review.already"
    return "review.submitted" if final else "review.draft"
