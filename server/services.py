"""The outside world, as one value handed to the app: what tests replace and operators choose."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from types import MappingProxyType
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from server.files.store import FileStore, in_memory, open_store
from server.notices.channels import LineChannel, NotNow, PushChannel, Refused
from server.notices.line import LineMessaging
from server.notices.push import WebPush
from server.settings import Settings
from server.signing import Signer, open_signer

Clock = Callable[[], dt.datetime]
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def system_clock() -> dt.datetime:
    """Now, in UTC."""
    return dt.datetime.now(dt.UTC)


def clock_from(start: dt.datetime) -> Clock:
    """A clock that starts at ``start`` and then goes on as time does."""
    offset = start - system_clock()
    return lambda: system_clock() + offset


class Mailer(Protocol):
    """Sends one mail. ``id`` becomes its Message-ID, the same however often it is tried.

    Raises ``Refused`` for an address that will never take it, ``NotNow`` otherwise.
    """

    async def send(
        self, id: uuid.UUID, to: str, subject: str, body: str,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None: ...  # fmt: skip


@dataclass(frozen=True)
class NoMailer:
    """Keeps mails in the outbox table only (demo, development)."""

    async def send(
        self, id: uuid.UUID, to: str, subject: str, body: str,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:  # fmt: skip
        return None


class _Whole(UnstructuredHeader):
    """A header written as it is. Python would break a long address into encoded words, and mail
    programs then offer no button to unsubscribe."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("List-Unsubscribe", _Whole)  # type: ignore[arg-type]  # as its own types
_POLICY = SMTP.clone(header_factory=_HEADERS)


@dataclass(frozen=True)
class SmtpMailer:
    """Sends through an SMTP server named by a URL ``smtp[s]://user:password@host:port``."""

    url: str
    sender: str

    async def send(
        self, id: uuid.UUID, to: str, subject: str, body: str,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:  # fmt: skip
        """Hand one mail to the server; it has taken it when this returns."""
        message = EmailMessage(policy=_POLICY)
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message["Message-ID"] = f"<{id.hex}@{self.sender.rpartition('@')[2].rstrip('>')}>"
        message["Date"] = format_datetime(system_clock())
        message["Auto-Submitted"] = "auto-generated"
        for name, value in headers.items():
            message[name] = value
        message.set_content(body)
        try:
            await self._hand_over(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [one.code for one in error.recipients]
            raise _mail_error(min(codes, default=400)) from None
        except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError) as error:
            raise _mail_error(error.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            # Also a wrong password or sender: an operator can mend that, the mail is kept.
            raise NotNow(f"smtp {type(error).__name__}") from None

    async def _hand_over(self, message: EmailMessage) -> None:
        parts = urlsplit(self.url)
        starttls = parse_qs(parts.query).get("starttls", ["auto"])[0]
        await aiosmtplib.send(
            message,
            hostname=parts.hostname,
            port=parts.port,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            start_tls={"1": True, "0": False}.get(starttls),
            timeout=20,
        )


def _mail_error(code: int) -> Exception:
    return Refused(f"smtp {code}") if code >= 500 else NotNow(f"smtp {code}")


@dataclass(frozen=True)
class Services:
    """Everything the app reaches outside itself and the database."""

    clock: Clock
    mailer: Mailer
    files: FileStore = field(default_factory=in_memory)
    signer: Signer = field(default_factory=lambda: Signer("a secret of tests"))
    push: PushChannel | None = None  # None = no notices to browsers
    line: LineChannel | None = None  # None = the city has no official account


def make_services(settings: Settings) -> Services:
    """The services that the settings ask for."""
    mailer: Mailer = NoMailer()
    if settings.smtp_url:
        mailer = SmtpMailer(settings.smtp_url, settings.mail_from)
    clock = clock_from(settings.demo_now) if settings.demo_now else system_clock
    files = open_store(settings.files_url, settings.var_dir / "files")
    signer = open_signer(settings.secret_key, settings.var_dir)
    contact = f"mailto:{settings.mail_from}"
    return Services(
        clock=clock,
        mailer=mailer,
        files=files,
        signer=signer,
        push=WebPush(signer, contact, settings.push_allow_local),
        line=_make_line(settings),
    )


def _make_line(settings: Settings) -> LineChannel | None:
    if not settings.line_channel_token:
        return None
    return LineMessaging(
        settings.line_channel_token, settings.line_channel_secret, settings.line_api_url
    )
