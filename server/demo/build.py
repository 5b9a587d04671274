"""Builds the demo city: pure and deterministic, the same rows for the same day, scale and seed."""

import datetime as dt
import uuid
from functools import partial
from typing import Final

from shapely.geometry import Point

from geo.crs import MURORAN_PLANE
from server.demo.coming import make_opportunities, make_signups
from server.demo.history import make_cleanups
from server.demo.ids import EPOCH, SEED, fixed_uuid
from server.demo.model import DemoCity, Membership, Municipality, Part
from server.demo.network import make_network
from server.demo.partners import PARTNERS
from server.demo.personas import PERSONAS, VOLUNTEERS
from server.demo.shapes import boundary

MAX_SCALE: Final = 1000
CENTRE: Final = Point(140.990, 42.345)


def build(today: dt.date, scale: int = 1, seed: int = SEED) -> DemoCity:
    """The demo as it stands on ``today``: 62 areas, 25 partners, 60 coming activities, times
    ``scale``. Copies beyond the first lie turned and moved inside the city's outline.

    Raises ValueError for a scale outside 1–1000.
    """
    if not 1 <= scale <= MAX_SCALE:
        raise ValueError(f"scale must be 1 to {MAX_SCALE}")
    return DemoCity(
        today=today,
        scale=scale,
        seed=seed,
        municipality=municipality(),
        accounts=PERSONAS + VOLUNTEERS,
        accounts_since=EPOCH,
        memberships=_memberships(),
        make_part=partial(_part, today, seed),
    )


def municipality() -> Municipality:
    """室蘭市. The outline is approximate: the land and about 1 km around it."""
    return Municipality(
        code="012050",
        name="室蘭市",
        short_name="室蘭",
        prefecture="北海道",
        plane_srid=MURORAN_PLANE,
        timezone="Asia/Tokyo",
        centre=CENTRE,
        boundary=boundary(),
    )


def _memberships() -> tuple[Membership, ...]:
    return tuple(
        Membership(
            partner_id=partner_id(person.partner_code),
            account_id=person.id,
            role=person.partner_role,
            since=EPOCH,
        )
        for person in PERSONAS
        if person.partner_code and person.partner_role
    )


def partner_id(code: str) -> uuid.UUID:
    """The id of a partner of the demo, from the code people say (``MP-0001``)."""
    copy, index = divmod(int(code.removeprefix("MP-")) - 1, len(PARTNERS))
    return fixed_uuid("partner", copy, index + 1)


def _part(today: dt.date, seed: int, copy: int) -> Part:
    network = make_network(today, seed, copy)
    opportunities = make_opportunities(network, today, seed, copy)
    return Part(
        number=copy,
        areas=network.areas,
        partners=network.partners,
        agreements=network.agreements,
        agreement_areas=network.agreement_areas,
        opportunities=opportunities,
        signups=make_signups(opportunities, today, seed, copy),
        cleanups=make_cleanups(network, today, seed, copy),
    )
