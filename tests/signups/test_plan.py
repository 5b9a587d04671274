"""Who is asked, and for how long: the rules of the queue without a database."""

import datetime as dt
import uuid

import pytest

from server.signups.locked import Queued, Room
from server.signups.waitlist import offer_ends, plan

NOW = dt.datetime(2026, 6, 14, 1, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
A, B = uuid.UUID(int=1), uuid.UUID(int=2)


def entry(
    place: int, people: int = 1, slot: uuid.UUID | None = None, until: dt.datetime | None = None
) -> Queued:
    offered = NOW - HOUR if until else None
    return Queued(uuid.UUID(int=place), uuid.UUID(int=place), slot, people, place, offered, until)


def places(rows: list[Queued]) -> list[int]:
    return [row.place for row in rows]


def test_offers_follow_the_order_as_long_as_there_is_room() -> None:
    assert places(plan([entry(1), entry(2), entry(3)], Room(2), NOW).offered) == [1, 2]


def test_a_group_that_does_not_fit_is_passed_over_and_keeps_its_place() -> None:
    queue = [entry(1, 4), entry(2, 2), entry(3, 1)]
    made = plan(queue, Room(2), NOW)
    assert places(made.offered) == [2] and not made.expired
    assert places(plan(queue, Room(4), NOW).offered) == [1]


def test_offers_that_are_out_hold_their_places_whatever_their_number() -> None:
    queue = [entry(1), entry(2), entry(3, until=NOW + HOUR)]
    assert places(plan(queue, Room(2), NOW).offered) == [1]


def test_an_offer_that_is_over_frees_its_place() -> None:
    queue = [entry(1, until=NOW), entry(2), entry(3)]
    made = plan(queue, Room(1), NOW)
    assert places(made.expired) == [1] and places(made.offered) == [2]


def test_slots_have_their_own_room() -> None:
    queue = [entry(1, slot=A), entry(2, slot=B), entry(3, slot=B), entry(4)]
    made = plan(queue, Room(3, {A: 0, B: 1}), NOW)
    assert places(made.offered) == [2, 4]


def test_a_slot_that_was_taken_off_ends_the_waiting_for_it() -> None:
    made = plan([entry(1, slot=A), entry(2, slot=B)], Room(9, {B: 5}), NOW)
    assert places(made.homeless) == [1] and places(made.offered) == [2]


def test_offers_go_back_when_the_places_were_cut_down() -> None:
    queue = [entry(1, until=NOW + HOUR), entry(2, until=NOW + HOUR), entry(3)]
    made = plan(queue, Room(1), NOW)
    assert places(made.withdrawn) == [2] and not made.offered


@pytest.mark.parametrize(
    ("left", "lasts"),
    [
        (dt.timedelta(days=30), dt.timedelta(hours=24)),  # the city's setting
        (dt.timedelta(hours=8), dt.timedelta(hours=2)),  # a share of what is left
        (dt.timedelta(minutes=40), dt.timedelta(minutes=15)),  # never too short to answer
        (dt.timedelta(minutes=5), dt.timedelta(minutes=5)),  # but not beyond the end
    ],
)
def test_how_long_an_offer_is_good(left: dt.timedelta, lasts: dt.timedelta) -> None:
    assert offer_ends(NOW, NOW + left, 24) == NOW + lasts
