"""Web Push (RFC 8030, 8291, 8292): encrypted for one browser, signed with the city's own key.

The key is derived from the installation's secret, so there is nothing more to keep or to lose: with
another secret the browsers have to subscribe again.
"""

import asyncio
import base64
import ipaddress
import json
import socket
import time
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

import httpx2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.notices.channels import Gone, Message, NotNow, PushTarget, Refused
from server.signing import Signer

TTL_S = 24 * 3600  # how long the push service keeps it for a phone that is off
TOKEN_S = 12 * 3600  # RFC 8292: at most 24 hours
TIMEOUT_S = 10  # for each step of the talk
MOST_S = 20  # for all of it
MOST_BYTES = 3000  # of a payload; push services take 4,096 with the encryption around it
NAT64 = ipaddress.ip_network("64:ff9b::/96")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def vapid_key(signer: Signer) -> ec.EllipticCurvePrivateKey:
    """The city's signing key on P-256, the same for every process with the same secret."""
    number = int.from_bytes(signer.derive("vapid", 48))
    return ec.derive_private_key(number % (P256_ORDER - 1) + 1, ec.SECP256R1())


@dataclass(frozen=True)
class WebPush:
    """Sends to the push services of the browsers. ``contact`` is whom these may write to."""

    signer: Signer
    contact: str
    allow_local: bool = False

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return vapid_key(self.signer)

    @property
    def public_key(self) -> str:
        """The key a browser subscribes with (base64url)."""
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).decode().rstrip("=")

    async def send(self, target: PushTarget, message: Message) -> None:
        """Hand it to the push service. Raises Gone, Refused or NotNow."""
        if not self.allow_local and not await is_public(target.endpoint):
            raise Refused("not a public address")
        body = await asyncio.to_thread(encrypt, target, payload(message))
        headers = {
            **self._signed(target.endpoint),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_S),
            "Topic": message.id.hex,  # 32 characters: a repeat replaces the first one
            "Urgency": "normal",
        }
        try:
            # No redirects: an address that is public now must not lead inside.
            # Only the status is read, and the whole takes a limited time: whoever names an address
            # must not be able to hold up or fill the worker with an answer that never ends.
            async with (
                asyncio.timeout(MOST_S),
                httpx2.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as http,
                http.stream("POST", target.endpoint, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except (httpx2.HTTPError, TimeoutError) as error:
            raise NotNow(type(error).__name__) from None
        _judge(status)

    def _signed(self, endpoint: str) -> dict[str, str]:
        from py_vapid import Vapid02  # type: ignore[import-untyped]  # noqa: PLC0415 - slow

        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            # The push service compares with its own clock, so this is the real time, not the
            # service clock that a demo may have moved.
            "exp": int(time.time()) + TOKEN_S,
            "sub": self.contact,
        }
        signed: dict[str, str] = Vapid02(self._key).sign(claims)
        return signed


def payload(message: Message) -> bytes:
    """What ``sw.js`` shows. The text is cut; the page behind ``url`` has all of it."""
    cut = message.body
    while True:
        said = {"title": message.subject[:120], "body": cut, "url": message.url,
                "tag": message.id.hex}  # fmt: skip
        raw = json.dumps(said, ensure_ascii=False).encode()
        if len(raw) <= MOST_BYTES or not cut:
            return raw
        cut = cut[: len(cut) * 2 // 3]


def encrypt(target: PushTarget, data: bytes) -> bytes:
    """The payload as only that browser can read it (aes128gcm). Raises Refused for bad keys."""
    from pywebpush import WebPusher  # type: ignore[import-untyped]  # noqa: PLC0415 - slow

    keys = {"p256dh": target.p256dh, "auth": target.auth}
    try:
        coded = WebPusher({"endpoint": target.endpoint, "keys": keys}).encode(data)
    except Exception as error:  # the library raises whatever its parts raise
        raise Refused(f"keys: {type(error).__name__}") from None
    return bytes(coded["body"])


def _judge(status: int) -> None:
    if status in (404, 410):
        raise Gone(f"push {status}")
    if status in (401, 403, 408, 425, 429) or status >= 500:
        raise NotNow(f"push {status}")  # our key or their trouble: an operator can mend it
    if status >= 300:
        raise Refused(f"push {status}")


def may_be_endpoint(endpoint: str, *, allow_local: bool) -> bool:
    """Whether an address that a browser names can be a push service: https, a public name.

    The name is resolved when something is sent (``is_public``), since it may change.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if len(endpoint) > 1000 or parts.username or parts.password or parts.fragment or not host:
        return False
    if not endpoint.isascii() or any(c.isspace() or c == "\\" for c in endpoint):
        return False
    if allow_local:
        return parts.scheme in ("https", "http")
    if parts.scheme != "https" or port not in (None, 443):
        return False
    is_name = "." in host and not host.replace(".", "").isdigit() and ":" not in host
    return is_name and not host.endswith((".local", ".localhost", ".internal", ".home.arpa", "."))


async def is_public(endpoint: str) -> bool:
    """Whether every address behind the name is a public one (no loopback, no inner network)."""
    host = urlsplit(endpoint).hostname or ""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        raise NotNow("name not found") from None
    return all(_is_outside(str(one[4][0]).partition("%")[0]) for one in found)


def _is_outside(address: str) -> bool:
    """Whether an address lies outside of the house, also when IPv6 wraps one of IPv4."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64 or wrapped is not None:
            ip = wrapped or ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)
