"""The outside world, as one value handed to the app: what tests replace and operators choose."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from server.files.store import FileStore, in_memory, open_store
from server.settings import Settings

Clock = Callable[[], dt.datetime]


def system_clock() -> dt.datetime:
    """Now, in UTC."""
    return dt.datetime.now(dt.UTC)


def clock_from(start: dt.datetime) -> Clock:
    """A clock that starts at ``start`` and then goes on as time does."""
    offset = start - system_clock()
    return lambda: system_clock() + offset


class Mailer(Protocol):
    """Sends one mail. Raises on failure, so that the job is tried again."""

    async def send(self, to: str, subject: str, body: str) -> None: ...


@dataclass(frozen=True)
class NoMailer:
    """Keeps mails in the outbox table only (demo, development)."""

    async def send(self, to: str, subject: str, body: str) -> None:
        return None


@dataclass(frozen=True)
class SmtpMailer:
    """Sends through an SMTP server named by a URL ``smtp[s]://user:password@host:port``."""

    url: str
    sender: str

    async def send(self, to: str, subject: str, body: str) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message.set_content(body)
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


@dataclass(frozen=True)
class Services:
    """Everything the app reaches outside itself and the database."""

    clock: Clock
    mailer: Mailer
    files: FileStore = field(default_factory=in_memory)


def make_services(settings: Settings) -> Services:
    """The services that the settings ask for."""
    mailer: Mailer = NoMailer()
    if settings.smtp_url:
        mailer = SmtpMailer(settings.smtp_url, settings.mail_from)
    clock = clock_from(settings.demo_now) if settings.demo_now else system_clock
    files = open_store(settings.files_url, settings.var_dir / "files")
    return Services(clock=clock, mailer=mailer, files=files)
