"""NUL and other bytes no text column takes, in every query parameter: an answer, never a crash."""

import httpx2
import pytest

from tests.personas import World

pytestmark = pytest.mark.anyio
NUL = "%00"


@pytest.mark.parametrize(
    "path",
    [
        f"/faults/new?area={NUL}",
        f"/faults?category={NUL}&state={NUL}",
        f"/partner/pickups/new?area={NUL}&cleanup={NUL}",
        f"/successions/new?area={NUL}",
        f"/staff/stock?item={NUL}&place={NUL}&category={NUL}&reason={NUL}",
        f"/staff/desk?section={NUL}&q={NUL}&kind={NUL}",
        f"/staff/loan-units?edit={NUL}",
        f"/staff/supplies/new?partner={NUL}",
        f"/staff/pickups/new?partner={NUL}",
        f"/staff/loans/new?partner={NUL}",
        f"/staff/applications?q={NUL}&section={NUL}",
        f"/centre/partners?q={NUL}&subject={NUL}",
        f"/board?q={NUL}",
    ],
)
async def test_a_nul_in_an_address(client: httpx2.AsyncClient, world: World, path: str) -> None:
    staff = path.startswith(("/staff", "/centre"))
    await world.login(client, world.kanri if staff else world.kenji)
    assert (await client.get(path)).status_code in (200, 404, 422)
