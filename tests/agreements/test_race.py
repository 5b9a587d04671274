"""Both sides at the same moment, in a database that really commits: one agreement, once."""

import anyio
import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import async_sessionmaker

from server.agreements.models import Agreement, AgreementArea
from server.app import create_app
from server.areas.models import Area
from server.audit.models import AuditEvent
from server.db.engine import make_engine
from server.enrolments.models import Enrolment
from server.jobs import make_jobs
from server.partners.models import Partner
from server.services import NoMailer, Services
from server.settings import Settings
from tests.agreements.kit import NAME, agree, case_to_agree, proposed, row_of
from tests.conftest import FixedClock, make_client
from tests.personas import create_world

pytestmark = pytest.mark.anyio


async def test_both_at_once_conclude_once(database_url: str, settings: Settings, clock: FixedClock):
    engine = make_engine(database_url, pool_size=10)
    sessions = async_sessionmaker(
        engine, expire_on_commit=False,
        info={"clock": clock, "jobs": make_jobs(database_url), "base_url": "http://t"},
    )  # fmt: skip
    async with sessions() as db, db.begin():
        world = await create_world(db, clock())
    world.sessions = sessions
    app = create_app(settings, Services(clock=clock, mailer=NoMailer()), sessions=sessions)
    async with (
        app.router.lifespan_context(app) as state,
        make_client(app, state) as hanako,
        make_client(app, state) as sato,
    ):
        await world.login(hanako, world.hanako)
        await world.login(sato, world.sato)
        async with sessions() as db:
            case = await case_to_agree(db, world.hanako, [world.park])
        id = await proposed(sato, case)
        async with sessions() as db:
            row = await row_of(db, id)
        answers: list[httpx2.Response] = []

        async def press(client: httpx2.AsyncClient, side: str) -> None:
            answers.append(await agree(client, row, side))

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(press, hanako, "partner")
                tasks.start_soon(press, sato, "city")
        assert {one.status_code for one in answers} == {303}
        async with sessions() as db:
            assert await db.scalar(select(func.count()).where(Partner.name == NAME)) == 1
            assert await db.scalar(select(func.count()).where(Area.name == "見本通り")) == 1
            done = (await db.scalars(select(Agreement).where(Agreement.id == id))).one()
            assert done.agreed_on is not None
            held = select(func.count()).where(AgreementArea.agreement_id == id)
            assert await db.scalar(held) == 2
            said = select(AuditEvent.action).where(AuditEvent.action.like("agreement.con%"))
            assert sorted(await db.scalars(said)) == [
                "agreement.conclude", "agreement.confirm", "agreement.confirm",
            ]  # fmt: skip
            assert (await db.get_one(Enrolment, case.id)).state == "active"
    await engine.dispose()
