"""Six people instead of anonymous factories, and the small city they live in.

はなこ (volunteer), けんじ (partner manager), とよさん (75, partner member without e-mail),
さとう (staff, roads section), かんり (admin), よそもの (manager of another partner).
"""

import datetime as dt
from dataclasses import dataclass, field

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from server.accounts.models import Account, AccountRole
from server.areas.models import Area
from server.citysettings.models import Municipality
from server.http.sessions import open_session
from server.partners.models import Partner
from tests import factories


@dataclass
class World:
    """Everybody and everything a test starts from."""

    city: Municipality
    hanako: Account
    kenji: Account
    toyo: Account
    sato: Account
    kanri: Account
    kanae: Account
    yosomono: Account
    partner: Partner
    other_partner: Partner
    street: Area
    park: Area
    other_area: Area
    sessions: async_sessionmaker[AsyncSession] | None = field(default=None, repr=False)

    async def login(self, client: httpx2.AsyncClient, who: Account) -> None:
        """Log somebody in on this client, without the mail."""
        assert self.sessions is not None
        async with self.sessions() as db, db.begin():
            token = await open_session(db, who.id, dt.timedelta(days=1))
        client.cookies.set("machipika", token)


async def _person(db: AsyncSession, name: str, email: str | None, *roles: str) -> Account:
    account = Account(display_name=name, email=email)
    db.add(account)
    await db.flush()
    for role in roles:
        section = "土木課維持係" if role == "staff" else None
        db.add(AccountRole(account_id=account.id, role=role, section=section))
    return account


async def create_world(db: AsyncSession, now: dt.datetime) -> World:
    """Create the small city; flushes, does not commit."""
    city = await factories.municipality(db)
    kenji = await _person(db, "見本けんじ", "kenji@example.jp")
    toyo = await _person(db, "見本とよ", None)
    yosomono = await _person(db, "見本よそもの", "yosomono@example.jp")
    partner = await factories.partner(db, "見本母恋町会", kana="ミホンボコイチョウカイ")
    other = await factories.partner(db, "見本みなと工業", subject="company")
    await factories.member(db, partner, kenji, "manager")
    await factories.member(db, partner, toyo, "member")
    await factories.member(db, other, yosomono, "manager")
    street = await factories.area(db, "母恋〜輪西 歩道")
    park = await factories.area(db, "見本公園", kind="park", wkt=factories.PARK)
    other_area = await factories.area(db, "電信浜 海岸", kind="beach", wkt=factories.SHORE)
    await factories.agreement(db, partner, [street, park], since=now.date())
    await factories.agreement(db, other, [other_area], since=now.date())
    return World(
        city=city,
        hanako=await _person(db, "見本はなこ", "hanako@example.jp"),
        kenji=kenji,
        toyo=toyo,
        sato=await _person(db, "見本さとう", "sato@example.jp", "staff"),
        kanri=await _person(db, "見本かんり", "kanri@example.jp", "admin"),
        kanae=await _person(db, "見本かなえ", "kanae@example.jp", "coordinator"),
        yosomono=yosomono,
        partner=partner,
        other_partner=other,
        street=street,
        park=park,
        other_area=other_area,
    )
