"""The demo's partner programme: cases, ledgers, requests, exchange. One module a domain."""

from collections.abc import Callable

from server.demo.programme import (
    accidents,
    agreements,
    centre,
    checkins,
    desk,
    enrolments,
    exchange,
    faults,
    helpcalls,
    life,
    loans,
    matching,
    notices,
    opportunities,
    pickups,
    reviews,
    signs,
    signups,
    successions,
    supplies,
)
from server.demo.programme.kit import Demo

# In this order; each adds its own rows.
FILLERS: tuple[Callable[[Demo], None], ...] = (
    enrolments.fill,
    life.fill,
    agreements.fill,
    supplies.fill,
    loans.fill,
    signs.fill,
    successions.fill,
    pickups.fill,
    faults.fill,
    accidents.fill,
    reviews.fill,
    exchange.fill,
    centre.fill,
    opportunities.fill,
    checkins.fill,
    signups.fill,
    matching.fill,
    helpcalls.fill,
    notices.fill,
    desk.fill,  # last: it looks at what waits
)


def fill(demo: Demo) -> None:
    """Fill the programme of the demo city."""
    for filler in FILLERS:
        filler(demo)
