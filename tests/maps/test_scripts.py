"""/maps/{name}.js: every map compiles, is cached by its tag, and holds no data."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from server.maps.scripts import MAPS, map_script
from server.settings import Settings


def client(settings: Settings) -> TestClient:
    """The map script alone, without the application around it."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {"settings": settings}

    routes = [Route("/maps/{name}.js", map_script)]
    return TestClient(Starlette(routes=routes, lifespan=lifespan))


@pytest.fixture
def browser() -> Iterator[TestClient]:
    with client(Settings(map_tiles_url="")) as found:
        yield found


@pytest.mark.parametrize("name", MAPS)
def test_every_map_has_a_script(browser: TestClient, name: str) -> None:
    answer = browser.get(f"/maps/{name}.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert f'push(["{name}", ' in answer.text
    assert "室蘭駅".encode("unicode_escape").decode() in answer.text
    assert "http" not in answer.text
    for use in MAPS[name].layers:
        assert f'"{use.url}"' in answer.text


@pytest.mark.parametrize("sent", ["{}", "W/{}", '"other", {}', "*"])
def test_a_known_script_is_not_sent_again(browser: TestClient, sent: str) -> None:
    etag = browser.get("/maps/areas.js").headers["etag"]
    answer = browser.get("/maps/areas.js", headers={"If-None-Match": sent.format(etag)})
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == etag


def test_another_tag_gets_the_script(browser: TestClient) -> None:
    answer = browser.get("/maps/areas.js", headers={"If-None-Match": '"stale"'})
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["nothing", "..%2Fareas", "AREAS"])
def test_unknown_maps_are_404(browser: TestClient, name: str) -> None:
    assert browser.get(f"/maps/{name}.js").status_code == 404


def test_tiles_and_their_credit_come_from_the_settings(browser: TestClient) -> None:
    plain = browser.get("/maps/areas.js")
    assert "addTiles" not in plain.text
    tiled = Settings(
        map_tiles_url="/t/{z}/{x}/{y}.png",
        map_tiles_attribution="見本タイル",
        map_tiles_attribution_url="/about",
    )
    with client(tiled) as other:
        answer = other.get("/maps/areas.js")
    assert '"/t/{z}/{x}/{y}.png"' in answer.text
    assert answer.headers["etag"] != plain.headers["etag"]
