"""Where log-in may lead: only to a path on this site."""

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.forms import local_path
from tests.accounts.login import log_in
from tests.personas import World

EVIL = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
    "/\n/evil.example", "https://evil.example", "https:evil.example", "javascript:alert(1)",
    "data:text/html,x", "evil.example", "", " /me", "/me\r\nSet-Cookie: x=1", "/me\x00",
    "/\u2028/evil.example", "/\xa0/evil.example", "/" + "x" * 600,
]  # fmt: skip
GOOD = [
    "/",
    "/me",
    "/opportunities?kind=park&q=母恋",
    "/areas/A-0001#map",
    "/a//b",
    "/@x",
    "/%2F/e",
]


@pytest.mark.parametrize("path", EVIL)
def test_refused(path: str) -> None:
    assert local_path(path) is None


@pytest.mark.parametrize("path", GOOD)
def test_taken(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.anyio
@pytest.mark.parametrize("path", EVIL)
async def test_log_in_never_leads_off_the_site(
    client: httpx2.AsyncClient, db: AsyncSession, world: World, path: str
) -> None:
    shown = await client.get("/login", params={"next": path})
    assert "evil.example" not in shown.text
    entered = await log_in(client, db, "hanako@example.jp", path)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert "x=1" not in str(entered.headers.get_list("set-cookie"))


@pytest.mark.anyio
async def test_demo_log_in_never_leads_off_the_site(
    client: httpx2.AsyncClient, world: World
) -> None:
    answer = await client.post("/demo/login", data={"role": "volunteer", "next": "//evil.example"})
    assert answer.headers["location"] == "/"
