"""Reading what somebody is looking for, and what of it may stand in an address."""

import datetime as dt

import pytest

from server.maps.places import place_names
from server.opportunities import search
from server.opportunities.search import Parsed, parse

NUL = "\x00"


def read(**values: str) -> Parsed:
    return parse(values, place_names(), 3_000)


def test_nothing_asked_is_everything_soonest_first() -> None:
    wanted = read().search
    assert (wanted.where, wanted.sort, wanted.page, wanted.query()) == (None, "soon", 1, "")


def test_a_named_place_stands_in_the_address_and_comes_back() -> None:
    wanted = read(place="ぼこいえき", radius="1000", work="weeding", today="1", short="1",
                  day="2026-06-20", weekday="6", band="morning", page="2").search  # fmt: skip
    assert wanted.where and wanted.where.place == "母恋駅"
    assert wanted.day == dt.date(2026, 6, 20)
    again = read(**dict(wanted.pairs())).search
    assert again == wanted


def test_a_position_never_stands_in_an_address() -> None:
    wanted = read(lon="140.98912345", lat="42.31698765", children="1", page="3").search
    assert wanted.is_private
    assert wanted.where and (wanted.where.lon, wanted.where.lat) == (140.9891, 42.317)
    assert wanted.query() == "children=1&page=3"
    assert "140" not in wanted.query() and "42" not in wanted.query()


def test_a_position_is_called_after_the_nearest_place() -> None:
    wanted = read(lon="140.9891", lat="42.3170").search
    assert wanted.where and wanted.where.label == "母恋駅の近く"


@pytest.mark.parametrize(
    ("lon", "lat"),
    [("NaN", "42.3"), ("inf", "42.3"), ("1e400", "42"), ("181", "42"), ("140.9", "91"),
     ("140.9", ""), ("x", "y"), ("140.9", "42.3; DROP TABLE areas"), ("٣" * 5000, "1")],
)  # fmt: skip
def test_an_impossible_position_is_reported_not_used(lon: str, lat: str) -> None:
    parsed = read(lon=lon, lat=lat)
    assert parsed.search.where is None
    assert "場所を読み取れませんでした" in parsed.problem


@pytest.mark.parametrize(
    ("name", "value"),
    [("day", "2026-02-30"), ("day", "0000-00-00"), ("day", "9" * 500), ("day", NUL),
     ("weekday", "8"), ("weekday", "-1"), ("band", "night"), ("work", "x' OR 1=1"),
     ("radius", "-5"), ("radius", "9" * 400), ("radius", "²"), ("sort", "; DROP TABLE areas"),
     ("page", "-1"), ("page", "１e9"), ("children", "yes"), ("today", "<script>")],
)  # fmt: skip
def test_nonsense_is_no_filter(name: str, value: str) -> None:
    wanted = read(place="母恋駅", **{name: value}).search
    assert not wanted.narrowed
    assert (wanted.radius_m, wanted.page, wanted.sort) == (3_000, 1, "near")


@pytest.mark.parametrize("page", ["9999999", "99999999999999", "501"])
def test_pages_end_somewhere(page: str) -> None:
    assert read(page=page).search.page in (1, search.MAX_PAGE)


@pytest.mark.parametrize("name", ["'; DROP TABLE areas;--", "<script>alert(1)</script>", "ない町"])
def test_an_unknown_place_is_reported(name: str) -> None:
    parsed = read(place=name)
    assert parsed.search.where is None
    assert parsed.unknown_place


def test_wider_goes_up_to_the_whole_city() -> None:
    steps, wanted = [], read(place="母恋駅", radius="500").search
    while (wider := wanted.wider(search.radii(3_000))) is not None:
        steps.append(wider)
        wanted = read(place="母恋駅", radius=str(wider)).search
    assert steps == [1_000, 2_000, 3_000, 5_000, 10_000, search.WHOLE_CITY]


def test_the_citys_own_radius_can_be_chosen() -> None:
    assert parse({"place": "母恋駅"}, place_names(), 700).search.radius_m == 700
    assert 700 in search.radii(700)
