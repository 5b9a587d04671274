"""What the tests of the log share."""

import json
import uuid
from typing import Any

from tests.personas import World

NEW = "/partner/cleanups/new"
NEAR_STREET = json.dumps(
    {"type": "LineString", "coordinates": [[140.99, 42.3178], [140.992, 42.3195]]}
)


def sent(world: World, **changed: Any) -> dict[str, Any]:
    """The form as けんじ sends it in the usual case; every call is a new report."""
    usual = {
        "id": str(uuid.uuid4()),
        "partner": world.partner.code,
        "date": "2026-06-14",
        "area": world.street.code,
        "people": "8",
        "bags": "",
        "bag_class": "burnable",
    }
    return {**usual, **changed}
