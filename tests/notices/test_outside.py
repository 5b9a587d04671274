"""What the world outside may do to us: endless answers, inner addresses, broken-up headers."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from server.notices import push
from server.notices.channels import Message, NotNow, PushTarget, Refused
from server.notices.push import WebPush, is_public
from server.services import SmtpMailer
from server.signing import Signer
from tests.peers.standins import Browser, b64

pytestmark = pytest.mark.anyio
SAID = Message(uuid.UUID(int=1), "お知らせ", "本文", "https://example.jp/")


@asynccontextmanager
async def peer(head: bytes, more: bytes) -> AsyncIterator[str]:
    """A push service that answers with ``head`` and then ``more`` for ever."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(head)
            while True:
                writer.write(more)
                await writer.drain()
                await asyncio.sleep(0.01)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/push"
    finally:
        server.close()


async def send(endpoint: str) -> None:
    browser = Browser("見本")
    target = PushTarget(endpoint, browser.p256dh, b64(browser.auth))
    await WebPush(Signer("tests"), "mailto:x@example.jp", allow_local=True).send(target, SAID)


async def test_an_answer_without_end_is_not_read() -> None:
    head = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with peer(head, b"5\r\nxxxxx\r\n") as endpoint, asyncio.timeout(5):
        await send(endpoint)


async def test_a_head_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "MOST_S", 0.3)
    async with peer(b"HTTP/1.1 201 Created\r\n", b"X: 1\r\n") as endpoint, asyncio.timeout(5):
        with pytest.raises(NotNow):
            await send(endpoint)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("93.184.216.34", True), ("2606:4700::1111", True), ("64:ff9b::5db8:d822", True),
        ("127.0.0.1", False), ("10.0.0.1", False), ("169.254.169.254", False), ("0.0.0.0", False),  # noqa: S104 - to be refused
       
        ("100.64.0.1", False), ("224.0.0.1", False), ("::1", False), ("fe80::1%eth0", False),
        ("fd00::1", False), ("::ffff:10.0.0.1", False), ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("ff0e::1", False),
    ],
)  # fmt: skip
async def test_only_addresses_outside_of_the_house(
    address: str, good: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found(*_asked: object, **_more: object) -> list[tuple[object, ...]]:
        outside = (0, 0, 0, "", ("93.184.216.34", 443))
        return [outside, (0, 0, 0, "", (address, 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
    assert await is_public("https://push.example.jp/x") is good
    if not good:
        with pytest.raises(Refused):
            target = PushTarget("https://push.example.jp/x", "p", "a")
            await WebPush(Signer("tests"), "mailto:x@example.jp").send(target, SAID)


async def test_a_long_way_out_stays_one_readable_address() -> None:
    """Broken into encoded words, mail programs would not offer to unsubscribe (RFC 8058)."""
    got: list[bytes] = []

    class Box:
        async def handle_DATA(self, _s: SMTP, _session: object, envelope: Envelope) -> str:
            assert isinstance(envelope.content, bytes)
            got.append(envelope.content)
            return "250 OK"

    loop = asyncio.get_running_loop()
    factory: Callable[[], SMTP] = lambda: SMTP(Box(), loop=loop)  # noqa: E731
    server = await loop.create_server(factory, "127.0.0.1", 0)
    address = "https://example.jp/unsubscribe/" + "A1b-" * 50 + ".abc_d"
    headers = {
        "List-Unsubscribe": f"<{address}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    async with server:
        mailer = SmtpMailer(
            f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", "a@example.jp"
        )
        await mailer.send(uuid.UUID(int=5), "b@example.jp", "題" * 60, "本文", headers)
        with pytest.raises(ValueError, match=r"newline|linefeed|carriage"):
            await mailer.send(uuid.UUID(int=5), "b@example.jp", "題\r\nBcc: c@example.jp", "", {})
        with pytest.raises(ValueError, match=r"newline|linefeed|carriage"):
            await mailer.send(
                uuid.UUID(int=5),
                "b@example.jp",
                "題",
                "",
                {"List-Unsubscribe": "<x>\r\nBcc: c@x.jp"},
            )
    [mail] = got
    lines = mail.split(b"\r\n")
    assert f"List-Unsubscribe: <{address}>".encode() in lines
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    assert all(len(line) <= 78 for line in lines if not line.startswith(b"List-Unsub"))
