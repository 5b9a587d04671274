"""What the tests of pick-ups share."""

import datetime as dt
import io
import uuid
from typing import Any

from PIL import Image
from sqlalchemy.ext.asyncio import AsyncSession

from server.pickups.machine import PICKUP
from server.pickups.models import Pickup, PickupContent
from tests import factories
from tests.personas import World

NEW = "/partner/pickups/new"
DAY = dt.date
WISHED = DAY(2026, 6, 18)


def sent(world: World, **changed: Any) -> dict[str, Any]:
    """The form as けんじ sends it; every call is a new request."""
    key = f"{world.street.id}.{world.partner.id}"
    usual = {
        "id": str(uuid.uuid4()), "area": key, "point_area": key, "lon": "140.9900",
        "lat": "42.3180", "place_note": "母恋会館の前", "litter-0-class": "burnable",
        "litter-0-quantity": "５", "litter-0-unit": "bag", "wished_on": "2026-06-18",
        "covered": "y", "note": "",
    }  # fmt: skip
    return {**usual, **changed}


def jpeg() -> bytes:
    """A small photo."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG")
    return out.getvalue()


async def pickup(
    db: AsyncSession, world: World, *, state: str = "requested", day: DAY | None = None,
    wished: DAY = WISHED, at: tuple[float, float] = (140.99, 42.318),
    place: str = "見本の置き場所", mine: bool = True, **more: Any,
) -> Pickup:  # fmt: skip
    """A request with five bags, walked to its state."""
    row = Pickup(
        partner_id=(world.partner if mine else world.other_partner).id, area_id=world.street.id,
        state="requested", point=f"SRID=4326;POINT({at[0]} {at[1]})", place_note=place,
        manager="city", section="環境課", wished_on=wished, scheduled_on=day, **more,
    )  # fmt: skip
    db.add(row)
    await db.flush()
    db.add(PickupContent(pickup_id=row.id, litter_class="burnable", unit="bag", quantity=5))
    await db.flush()
    await db.refresh(row)
    await factories.bring_to(db, PICKUP, row, "requested")
    if state != "requested":
        await factories.bring_to(db, PICKUP, row, state)
    return row
