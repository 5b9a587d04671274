"""Reading the audit trail: newest first, paged by id, because the trail only grows."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.areas.search import search_text
from server.audit.models import AuditEvent

PAGE_ROWS = 50
_BIGGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class AuditFilter:
    """What is asked of the trail; empty = all. ``until`` is included. ``before`` is an event id."""

    action: str = ""
    object: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    before: int | None = None


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text or "")
    except ValueError:
        return None


def read_audit_filter(params: Mapping[str, str]) -> AuditFilter:
    """Read a filter from an address; what cannot be read is as if not asked."""
    before = params.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 20 else None
    return AuditFilter(
        action=search_text(params.get("action")),
        object=search_text(params.get("object")),
        since=_day(params.get("since")),
        until=_day(params.get("until")),
        before=min(number, _BIGGEST_ID) if number is not None else None,
    )


@dataclass(frozen=True)
class Event:
    """One act as it is shown."""

    id: int
    at: dt.datetime
    who: str | None
    role: str
    action: str
    object_type: str
    object_id: str
    detail: Mapping[str, Any]
    request_id: str

    @property
    def code(self) -> str:
        """The number people say aloud, if the act noted one."""
        return str(self.detail.get("code", ""))


@dataclass(frozen=True)
class AuditPage:
    """Some events, newest first; ``more`` is the id to go on from."""

    rows: tuple[Event, ...]
    more: int | None


def _conditions(asked: AuditFilter, zone: dt.tzinfo) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.action:
        found.append(AuditEvent.action.startswith(asked.action, autoescape=True))
    if asked.object:
        found.append(_about(asked.object))
    if asked.since:
        found.append(AuditEvent.at >= dt.datetime.combine(asked.since, dt.time(), zone))
    if asked.until and asked.until < dt.date.max:
        day_after = asked.until + dt.timedelta(days=1)
        found.append(AuditEvent.at < dt.datetime.combine(day_after, dt.time(), zone))
    if asked.before is not None:
        found.append(AuditEvent.id < asked.before)
    return found


def _about(text: str) -> ColumnElement[bool]:
    """Events about a kind of thing (``area``), one thing (its id) or its number (``A-0107``)."""
    try:
        return AuditEvent.object_id == str(uuid.UUID(text))
    except ValueError:
        code = AuditEvent.detail["code"].astext == text.upper()
        return or_(AuditEvent.object_type == text, AuditEvent.object_id == text, code)


async def events(db: AsyncSession, asked: AuditFilter, zone: dt.tzinfo) -> AuditPage:
    """A page of the trail. Days of the filter are the city's days (``zone``)."""
    answer = (
        await db.execute(
            select(
                AuditEvent.id, AuditEvent.at, Account.display_name.label("who"),
                AuditEvent.actor_role.label("role"), AuditEvent.action, AuditEvent.object_type,
                AuditEvent.object_id, AuditEvent.detail, AuditEvent.request_id,
            )
            .outerjoin(Account, Account.id == AuditEvent.actor_id)
            .where(*_conditions(asked, zone))
            .order_by(AuditEvent.id.desc())
            .limit(PAGE_ROWS + 1)
        )
    ).all()  # fmt: skip
    rows = tuple(Event(**row._mapping) for row in answer[:PAGE_ROWS])
    return AuditPage(rows, rows[-1].id if len(answer) > PAGE_ROWS else None)
