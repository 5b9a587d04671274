"""Bring a database to the newest schema; create it first where we may."""

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import make_url

from server.db.engine import libpq_url
from server.settings import ROOT


def create_database_if_missing(database_url: str) -> bool:
    """Create the database named in the address, when the server lets us. True if it was created."""
    url = make_url(database_url)
    admin = libpq_url(url.set(database="postgres").render_as_string(hide_password=False))
    with psycopg.connect(admin, autocommit=True) as connection:
        row = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [url.database]
        ).fetchone()
        if row:
            return False
        name = sql.Identifier(str(url.database))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        return True


def upgrade(database_url: str, revision: str = "head") -> None:
    """Run all migrations up to ``revision``; each is one transaction."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "server/db/migrations"))
    config.attributes["url"] = database_url
    command.upgrade(config, revision)
