"""``machipika staff …``: who works for the city, given and taken from a shell."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import actions, queries
from server.accounts.forms import clean_email, clean_name, is_email
from server.accounts.models import ROLES
from server.db.engine import make_engine, make_sessions
from server.errors import DomainError
from server.services import system_clock
from server.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Give and take the roles of staff.")

Role = Annotated[str, typer.Option(help="staff | admin | coordinator")]


def _stop(message: str) -> typer.Exit:
    typer.secho(message, fg="red", err=True)
    return typer.Exit(1)


def _run[T](work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    return asyncio.run(work)
