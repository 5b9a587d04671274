"""Errors are pages in Japanese with a reference number, whatever went wrong."""

import httpx2
import pytest

pytestmark = pytest.mark.anyio


async def test_alive_and_ready(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/healthz")).text == "ok"
    assert (await client.get("/readyz")).text.startswith("ready 0")


async def test_unknown_page_is_japanese_with_a_reference(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/no-such-page")
    assert answer.status_code == 404
    assert "ページが見つかりません" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_error_for_htmx_is_a_fragment(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/no-such-page", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert "ページが見つかりません" in answer.text


async def test_write_from_another_site_is_refused(client: httpx2.AsyncClient) -> None:
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        answer = await client.post("/healthz", headers=headers)
        assert answer.status_code == 403, headers
    same = await client.post("/healthz", headers={"Sec-Fetch-Site": "same-origin"})
    assert same.status_code == 405
