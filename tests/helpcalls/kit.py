"""What the tests of help calls start from: volunteers with wishes, calls, and the links sent."""

import datetime as dt
import re
import uuid
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.citysettings.queries import City, load_city
from server.db.base import uuid7
from server.helpcalls import actions
from server.helpcalls.actions import NewCall
from server.helpcalls.models import HelpAsk, HelpCall
from server.helpcalls.waves import PURPOSE
from server.matching.models import Preferences
from server.policy import Actor, PartnerRef
from server.signing import Signer
from tests.conftest import JST
from tests.factories import BOKOI
from tests.personas import World

SUNDAY = dt.datetime(2026, 6, 21, 9, 0, tzinfo=JST)  # a week after the tests' own day
NORTH_PER_M = 1 / 111_000  # degrees


async def volunteer(
    db: AsyncSession, name: str, *, away_m: float = 500, email: str | None = None, **wishes: Any
) -> Account:
    """Somebody who may be asked, living ``away_m`` north of the place."""
    person = Account(display_name=name, email=email or f"{uuid7().hex[-8:]}@example.jp")
    db.add(person)
    await db.flush()
    await wish(db, person, away_m=away_m, **wishes)
    return person


async def wish(db: AsyncSession, person: Account, *, away_m: float = 500, **wishes: Any) -> None:
    values = {"helps": True, "reach_m": 5000, "help_per_month": 5, **wishes}
    lon, lat = BOKOI
    home = f"SRID=4326;POINT({lon} {lat + away_m * NORTH_PER_M})"
    db.add(Preferences(account_id=person.id, home=home, **values))
    await db.flush()


def kenji(world: World) -> Actor:
    ref = PartnerRef(world.partner.id, world.partner.code, world.partner.name, "manager")
    return Actor(world.kenji.id, world.kenji.display_name, partners=(ref,))


async def posted(db: AsyncSession, world: World, **changed: Any) -> HelpCall:
    """A call of けんじ's partner: dated unless ``until_on`` is given; to citizens unless said."""
    dated = "until_on" not in changed
    values: dict[str, Any] = {
        "id": uuid7(), "opportunity_id": uuid7(), "partner_id": world.partner.id,
        "area_id": world.street.id, "title": "坂の草刈りを手伝ってください", "what_for": "",
        "works": ["weeding"], "strength": "normal", "needs_course": False,
        "place": "母恋駅前の広場", "lon": BOKOI[0], "lat": BOKOI[1],
        "starts_at": SUNDAY if dated else None,
        "ends_at": SUNDAY + dt.timedelta(hours=2) if dated else None, "until_on": None,
        "people_wanted": 3, "to_citizens": True, "to_partners": False, **changed,
    }  # fmt: skip
    await actions.post_call(db, kenji(world), NewCall(**values), await load_city(db))
    await db.flush()
    return await db.get_one(HelpCall, values["id"], populate_existing=True)


async def city_of(db: AsyncSession, **rules: Any) -> City:
    """The city with some rules changed."""
    import dataclasses

    city = await load_city(db)
    return dataclasses.replace(city, rules=city.rules.model_copy(update=rules))


async def asks(db: AsyncSession, call: HelpCall) -> list[HelpAsk]:
    """All asks of a call by wave, as they are now."""
    statement = select(HelpAsk).where(HelpAsk.help_call_id == call.id)
    rows = await db.scalars(
        statement.order_by(HelpAsk.wave, HelpAsk.id).execution_options(populate_existing=True)
    )
    return list(rows)


async def names(db: AsyncSession, call: HelpCall, wave: int | None = None) -> list[str]:
    """The display names of those who were asked."""
    statement = (
        select(Account.display_name)
        .join(HelpAsk, HelpAsk.account_id == Account.id)
        .where(HelpAsk.help_call_id == call.id)
        .order_by(Account.display_name)
    )
    if wave is not None:
        statement = statement.where(HelpAsk.wave == wave)
    return list(await db.scalars(statement))


async def fresh(db: AsyncSession, call_id: uuid.UUID) -> HelpCall:
    return await db.get_one(HelpCall, call_id, populate_existing=True)


async def count(db: AsyncSession, model: Any) -> int:
    return int(await db.scalar(select(func.count()).select_from(model)) or 0)


def link(ask: HelpAsk, until: dt.datetime = SUNDAY, purpose: str = PURPOSE) -> str:
    """The address in the message to somebody who was asked."""
    return f"/help-answers/{Signer('tests').sign(purpose, str(ask.id), until)}"


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    found = re.search(r'value="([^"]*)"', tag[0]) if tag else None
    assert found, name
    return found[1]
