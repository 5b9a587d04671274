"""Alembic's entry: migrations run on the address given by ``server.db.migrate`` or DATABASE_URL.

Timeouts keep a migration from blocking a running city: it waits at most 4 s for a lock.
"""

import os

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, pool, text

from server.db.engine import sqlalchemy_url
from server.db.tables import Base

url = context.config.attributes.get("url") or os.environ["DATABASE_URL"]


def _include(obj: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Leave alone what PostGIS and procrastinate own."""
    if kind == "table" and name and name.startswith("procrastinate_"):
        return False
    kept = alembic_helpers.include_object(obj, name, kind, reflected, compare_to)  # type: ignore[no-untyped-call]
    return bool(kept)


engine = create_engine(sqlalchemy_url(str(url)), poolclass=pool.NullPool)
with engine.connect() as connection:
    # Several app processes may start at once: one migrates, the others wait and find nothing to do.
    connection.execute(text("SELECT pg_advisory_lock(20040601)"))
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=_include,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
