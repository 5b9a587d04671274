"""`/me/preferences`: what somebody would like to do, where and when."""

from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from geo.gazetteer import Place
from server.errors import Invalid
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, is_fragment, render, url_for
from server.http.uow import unit_of_work
from server.maps.places import place_names
from server.matching import actions, queries
from server.matching.actions import Home, coarse_home
from server.matching.forms import PreferencesForm, filled, free_grid, words_of
from server.opportunities import search

NAMED_WITHIN_M = search.NAMED_WITHIN_M
TEMPLATE = "matching/preferences.html"


async def preferences(request: Request) -> Response:
    """`/me/preferences`: one screen, everything optional; saving, forgetting, town names."""
    actor = request.state["actor"]
    if request.method == "POST":
        return await _change(request)
    async with unit_of_work(request) as db:
        kept = await queries.wishes_of(db, actor.account_id)
    return _page(request, filled(kept), kept)


async def _change(request: Request) -> Response:
    values = await read_form(request)
    act = values.get("act", "")
    if act == "suggest" and is_fragment(request):
        typed = words_of(values, "place")
        return render(request, TEMPLATE, _suggested(typed), block="suggestions")
    if act == "delete":
        async with unit_of_work(request) as db:
            await actions.forget(db, request.state["actor"])
        return go(request, url_for(request, "my_preferences"), "preferences.deleted")
    return await _save(request, values)


async def _save(request: Request, values: FormData) -> Response:
    actor, form = request.state["actor"], PreferencesForm(values)
    if form.validate():
        try:
            home = _home(request, form)
            async with unit_of_work(request) as db:
                await actions.save(
                    db, actor, form.wishes(), home=home, forget_home=bool(form.forget_home.data)
                )
            return go(request, url_for(request, "my_preferences"), "preferences.saved")
        except Invalid as error:
            form.fail(error)
    async with unit_of_work(request) as db:
        kept = await queries.wishes_of(db, actor.account_id)
    return _page(request, form, kept, 422)


def _home(request: Request, form: PreferencesForm) -> Home | None:
    """The chosen place made coarse: on the map or by position, else by name; None = unchanged."""
    city = request.state["city"]
    if form.lon.data or form.lat.data:
        point = search.position(form.lon.data or "", form.lat.data or "")
        if point is None:
            raise Invalid(
                _("場所を読み取れませんでした。駅や町の名前でさがしてください。"), "place"
            )
        home = coarse_home(city, *point, _("選んだ場所"))
        # Named after the middle of the cell: the name nearest to the exact spot would tell more.
        near = place_names().nearest(home.lon, home.lat, max_m=NAMED_WITHIN_M)
        return replace(home, label=_("%(place)sの近く") % {"place": near.name}) if near else home
    typed = form.picked.data or form.place.data or ""
    if not typed:
        return None
    place = search.exact(place_names(), typed)
    if place is None:
        raise Invalid(_not_clear(typed), "place")
    return coarse_home(city, place.lon, place.lat, _("%(place)sの近く") % {"place": place.name})


def _not_clear(typed: str) -> str:
    if place_names().search(typed):
        return _("あてはまる場所がいくつかあります。下から選んでください。")
    return _("この名前の場所は見つかりませんでした。駅や町、公園の名前でお試しください。")


def _suggested(typed: str) -> dict[str, Any]:
    found: list[Place] = place_names().search(typed) if typed else []
    return {"typed": typed, "suggested": found}


def _page(
    request: Request, form: PreferencesForm, kept: queries.Wishes | None, status: int = 200
) -> Response:
    typed = form.place.data or "" if form.place.errors else ""
    context = {"form": form, "kept": kept, "grid": free_grid(form), **_suggested(typed)}
    return render(request, TEMPLATE, context, status=status)
