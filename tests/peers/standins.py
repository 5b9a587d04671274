"""The other side of our messages: a mail server, a push service, LINE. They check what they get."""

import asyncio
import base64
import contextlib
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import http_ece  # type: ignore[import-untyped]
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

LINE_TOKEN, LINE_SECRET = "line-token-of-tests", "line-secret-of-tests"

Hook = Callable[[str], Awaitable[None] | None]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Browser:
    """A subscription with the private half that only the browser has."""

    name: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def p256dh(self) -> str:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return b64(point)

    def read(self, body: bytes) -> dict[str, str]:
        plain = http_ece.decrypt(
            body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
        )
        return cast(dict[str, str], json.loads(plain))


@dataclass
class Got:
    """What arrived, in order: (way, who, id of the message, subject). ``before`` is called when a
    message is complete but not yet answered, ``early`` before it is handed over."""

    arrived: list[tuple[str, str, str, str]] = field(default_factory=list)
    line_keys: set[str] = field(default_factory=set)
    browsers: dict[str, Browser] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    vapid_key: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    before: Hook = lambda _way: None
    early: Hook = lambda _way: None
    answers: dict[str, int] = field(default_factory=dict)  # status by browser or LINE user

    async def note(self, way: str, who: str, id: str, subject: str) -> None:
        self.arrived.append((way, who, id, subject))
        self.changed.set()
        waits = self.before(way)
        if waits is not None:
            await waits

    def repeats(self) -> Counter[tuple[str, str, str]]:
        """How often each message came more than once."""
        count = Counter((way, who, id) for way, who, id, _subject in self.arrived)
        return Counter({key: n - 1 for key, n in count.items() if n > 1})


class MailServer:
    """Handler of aiosmtpd."""

    def __init__(self, got: Got) -> None:
        self.got = got
        self.refuse: dict[str, str] = {}

    async def handle_RCPT(
        self, _server: SMTP, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        waits = self.got.early("mail")
        if waits is not None:
            await waits
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:
        mail = message_from_bytes(cast(bytes, envelope.content), policy=policy.default)
        self.got.mails.append(mail)
        await self.got.note("mail", envelope.rcpt_tos[0], mail["Message-ID"], mail["Subject"])
        return "250 OK"


@contextlib.asynccontextmanager
async def mail_server(got: Got) -> AsyncIterator[tuple[MailServer, int]]:
    handler, loop = MailServer(got), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, loop=loop), "127.0.0.1", 0)
    async with server:
        yield handler, server.sockets[0].getsockname()[1]


def check_vapid(request: Request, known_key: str) -> None:
    """RFC 8292: a JWT of ours, for this origin, not expired. Raises AssertionError or
    InvalidSignature."""
    scheme, _, rest = request.headers["authorization"].partition(" ")
    assert scheme == "vapid"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert parts["k"] == known_key, "another key than the browser subscribed with"
    head, claims, signature = parts["t"].split(".")
    assert json.loads(unb64(head))["alg"] == "ES256"
    raw = unb64(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(known_key))
    public.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    said = json.loads(unb64(claims))
    assert said["aud"] == f"http://{request.headers['host']}"
    assert time.time() < said["exp"] <= time.time() + 24 * 3600
    assert said["sub"].startswith("mailto:")


def web(got: Got) -> Starlette:
    """The push service and LINE."""

    async def push(request: Request) -> Response:
        name = request.path_params["name"]
        if name in got.answers:
            return Response(status_code=got.answers[name])
        try:
            check_vapid(request, got.vapid_key)
            assert request.headers["content-encoding"] == "aes128gcm"
            assert int(request.headers["ttl"]) > 0
            topic = request.headers["topic"]
            assert 0 < len(topic) <= 32 and topic.isalnum()
            said = got.browsers[name].read(await request.body())
        except Exception as error:
            got.problems.append(f"push: {error!r}")
            return Response(status_code=400)
        await got.note("push", name, topic, said["title"])
        return Response(status_code=201)

    async def line(request: Request) -> Response:
        body = await request.json()
        user, key = body["to"], request.headers.get("x-line-retry-key", "")
        if request.headers.get("authorization") != f"Bearer {LINE_TOKEN}":
            got.problems.append("line: bearer")
            return Response(status_code=401)
        if user in got.answers:
            return Response(status_code=got.answers[user])
        if key in got.line_keys:
            return Response(status_code=409)
        got.line_keys.add(key)
        await got.note("line", user, key, body["messages"][0]["text"].partition("\n")[0])
        return Response("{}")

    return Starlette(
        routes=[
            Route("/push/{name}", push, methods=["POST"]),
            Route("/v2/bot/message/push", line, methods=["POST"]),
        ]
    )


@contextlib.asynccontextmanager
async def web_server(app: Any) -> AsyncIterator[int]:
    """Serve on a free port of this machine while the block runs."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    beating = asyncio.create_task(server.main_loop())
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await beating
        await server.shutdown()
