"""What a background task may reach: the database, the outside world, the settings."""

from dataclasses import dataclass
from typing import Any, cast

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.services import Services
from server.settings import Settings


@dataclass(frozen=True)
class Outside:
    """Handed to every task by the worker that runs it."""

    sessions: async_sessionmaker[AsyncSession]
    services: Services
    settings: Settings


def outside(context: JobContext) -> Outside:
    """The ``Outside`` of the worker that runs this task."""
    return cast(Outside, cast(dict[str, Any], context.additional_context)["outside"])
