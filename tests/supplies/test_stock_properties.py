"""Whatever several people do to the stock at once: never below zero, and the book adds up."""

import asyncio
import datetime as dt
import uuid
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.accounts.models import Account
from server.db.engine import make_engine, make_sessions
from server.errors import Invalid
from server.policy import Actor
from server.supplies.bookings import Move, write_move
from tests import factories
from tests.conftest import FixedClock

DAY = dt.date(2026, 6, 14)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["delivery", "handout", "return", "correction"]),
        st.integers(1, 30),
        st.booleans(),  # the sign of a correction
    ),
    min_size=1,
    max_size=8,
)
_FOUND = text("""
SELECT (SELECT coalesce(sum(quantity), 0) FROM stock_moves WHERE item_id = :item) AS moved,
       coalesce((SELECT quantity FROM stock_levels WHERE item_id = :item), 0) AS level
""")


def amount(reason: str, size: int, negative: bool) -> Decimal:
    minus = reason == "handout" or (reason == "correction" and negative)
    return Decimal(-size if minus else size)


async def one_session(
    sessions: async_sessionmaker[AsyncSession], ids: tuple[uuid.UUID, ...],
    moves: list[tuple[str, int, bool]],
) -> list[Decimal]:  # fmt: skip
    """One person after the other's move, each in a transaction; what was written."""
    item, place, partner, account = ids
    actor, written = Actor(account, "見本", roles=frozenset({"staff"})), []
    for reason, size, negative in moves:
        quantity = amount(reason, size, negative)
        owner = partner if reason in ("handout", "return") else None
        move = Move(item, place, quantity, reason, DAY, partner_id=owner, note="見本")
        try:
            async with sessions() as db, db.begin():
                await write_move(db, actor, move)
            written.append(quantity)
        except Invalid as error:
            assert "在庫が足りません" in error.message
            assert quantity < 0
    return written


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(MOVES, min_size=1, max_size=4))
def test_never_below_zero_and_the_book_adds_up(
    database_url: str, people: list[list[tuple[str, int, bool]]]
) -> None:
    async def run() -> None:
        engine = make_engine(database_url, pool_size=4)
        sessions = make_sessions(engine, clock=FixedClock())
        try:
            async with sessions() as db, db.begin():
                partner = await factories.partner(db, "見本町会")
                account = Account(display_name="見本さとう")
                db.add(account)
                await db.flush()
                item, place = uuid.uuid4(), uuid.uuid4()
                await db.execute(
                    text("INSERT INTO supply_items (id, code, name, unit, category) "
                         "VALUES (:id, :code, '公用袋', '枚', 'bag')"),
                    {"id": item, "code": str(item)},
                )  # fmt: skip
                await db.execute(
                    text("INSERT INTO supply_places (id, name, address, hours) "
                         "VALUES (:id, :name, '', '')"),
                    {"id": place, "name": str(place)},
                )  # fmt: skip
                ids = (item, place, partner.id, account.id)
            done = await asyncio.gather(*(one_session(sessions, ids, moves) for moves in people))
            async with sessions() as db:
                found = (await db.execute(_FOUND, {"item": item})).one()
            assert found.level >= 0
            assert found.level == found.moved == sum(map(sum, done))
        finally:
            await engine.dispose()

    asyncio.run(run())
