"""A desk full of everything, with a plain Python picture of it beside."""

import datetime as dt
import random
import uuid
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from server.accidents.models import Accident
from server.areas.models import Area
from server.cleanups.models import Cleanup
from server.db.base import Base
from server.desk.models import DeskAssignment
from server.enrolments.models import ChangeNotice, Enrolment
from server.exchange.models import Post
from server.faults.models import Fault
from server.loans.models import Loan, LoanUnit, PartnerOperator
from server.partners.models import Partner
from server.pickups.models import Pickup
from server.signs.models import Sign
from server.successions.models import Succession, SuccessionHand
from server.supplies.models import SupplyPlace, SupplyRequest
from server.workflow.models import StateChange
from server.workflow.registry import MACHINES
from tests import factories
from tests.conftest import JST, START
from tests.personas import World

TODAY = START.date()
SECTIONS = ("地域生活課", "土木課維持係", "環境課", "昔の課", "")
POINT = "SRID=4326;POINT(140.97 42.31)"


@dataclass
class Waiting:
    """What a row of the desk ought to say."""

    kind: str
    id: uuid.UUID
    section: str
    since: dt.date
    due_on: dt.date | None
    partner: Partner | None
    words: tuple[str, ...]
    patient: bool = False
    holder: uuid.UUID | None = None
    waits: bool = True

    def due(self, days: int) -> dt.date | None:
        if self.patient:
            return None
        return self.due_on or self.since + dt.timedelta(days=days)


async def walk(db: AsyncSession, kind: str, row: Any, state: str, at: dt.datetime) -> None:
    """Lead a new record to ``state``, the last step being taken ``at``."""
    way = MACHINES[kind].path_to(state)
    table = Base.metadata.tables[MACHINES[kind].table]
    moments = [at - dt.timedelta(days=9 * n) for n in reversed(range(len(way)))]
    for (before, after), moment in zip(pairwise(["", *way]), moments, strict=True):
        if before:
            await db.execute(update(table).where(table.c.id == row.id).values(state=after))
        db.add(StateChange(machine=kind, object_id=row.id, from_state=before, to_state=after,
                           verb="test", at=moment, by_hat="system"))  # fmt: skip
    await db.flush()


@dataclass
class Desk:
    """Makes waiting things, and keeps what it made."""

    db: AsyncSession
    world: World
    luck: random.Random
    items: list[Waiting] = field(default_factory=list)
    _place: SupplyPlace | None = None
    _n: int = 0

    def moment(self, days_ago: int | None = None) -> dt.datetime:
        days = self.luck.randint(0, 20) if days_ago is None else days_ago
        clock = dt.time(self.luck.choice((0, 8, 23)), 30)  # also the hours where UTC is another day
        return dt.datetime.combine(TODAY - dt.timedelta(days=days), clock, JST)

    def day(self) -> dt.date:
        return TODAY + dt.timedelta(days=self.luck.randint(-9, 12))

    async def place(self) -> SupplyPlace:
        if self._place is None:
            self._place = SupplyPlace(name="見本センター")
            self.db.add(self._place)
            await self.db.flush()
        return self._place

    async def add(
        self, kind: str, row: Any, state: str, words: tuple[str, ...], *,
        partner: Partner | None, due_on: dt.date | None = None, patient: bool = False,
        waits: bool = True,
    ) -> Waiting:  # fmt: skip
        """Keep a record in ``state``; ``row`` is in the state its machine begins with."""
        moment = self.moment()
        row.state = MACHINES[kind].initial[0]
        self.db.add(row)
        await self.db.flush()
        await walk(self.db, kind, row, state, moment)
        made = Waiting(kind, row.id, row.section, moment.date(), due_on, partner, words, patient,
                       waits=waits)  # fmt: skip
        self.items.append(made)
        return made

    async def hold(self, item: Waiting, account: uuid.UUID) -> None:
        self.db.add(DeskAssignment(kind=item.kind, object_id=item.id, account_id=account))
        item.holder = account
        await self.db.flush()

    def who(self) -> tuple[Partner, Area]:
        w = self.world
        return self.luck.choice(((w.partner, w.street), (w.partner, w.park),
                                 (w.other_partner, w.other_area)))  # fmt: skip

    async def cleanup(self, *, day: dt.date | None = None, area: Area | None = None) -> Waiting:
        w = self.world
        row = await factories.cleanup(
            self.db, w.partner, area or w.street, day=day or TODAY, state="submitted", bags=0
        )
        moment = self.moment()
        await self.db.execute(update(Cleanup).where(Cleanup.id == row.id).values(updated_at=moment))
        on = area or w.street
        made = Waiting("cleanup", row.id, on.section, moment.date(), None, w.partner,
                       (on.code, on.name))  # fmt: skip
        self.items.append(made)
        return made

    async def pickup(self, state: str = "requested", **columns: Any) -> Waiting:
        partner, area = self.who()
        wished = self.day()
        place_note = f"見本の集積場所{self.luck.randint(1, 99)}"
        row = Pickup(
            partner_id=partner.id, area_id=area.id, point=POINT, place_note=place_note,
            manager="city", wished_on=wished, section=self.luck.choice(SECTIONS), **columns,
        )  # fmt: skip
        return await self.add("pickup", row, state, (place_note,), partner=partner, due_on=wished)

    async def enrolment(self, state: str = "submitted") -> Waiting:
        name = f"見本の届出{self.luck.randint(1, 99)}"
        row = Enrolment(subject="npo", answers={"name": name}, by_proxy=True,
                        section=self.luck.choice(SECTIONS))  # fmt: skip
        waits = state in ("submitted", "checking")
        return await self.add("enrolment", row, state, (name,), partner=None, waits=waits)

    async def notice(self) -> Waiting:
        partner, _area = self.who()
        case = await factories.live_case(self.db, partner)
        row = ChangeNotice(
            enrolment_id=case.id, partner_id=partner.id, kind="contact", before={}, after={},
            effective_on=self.day(), section=self.luck.choice(SECTIONS),
        )  # fmt: skip
        state = self.luck.choice(("submitted", "submitted", "accepted"))
        return await self.add("notice", row, state, (), partner=partner, waits=state == "submitted")

    async def succession(self, hands: bool) -> Waiting:
        area = await factories.area(self.db, f"見本の引き継ぎ{self.luck.randint(1, 99)}")
        row = Succession(partner_id=self.world.partner.id, area_id=area.id,
                         section=self.luck.choice(SECTIONS))  # fmt: skip
        made = await self.add("succession", row, "offered", (area.code, area.name),
                              partner=self.world.partner, patient=not hands)  # fmt: skip
        if hands:  # from then on it is the city's turn
            raised = max(self.moment(), dt.datetime.combine(made.since, dt.time(12), JST))
            self.db.add(
                SuccessionHand(
                    succession_id=row.id, partner_id=self.world.other_partner.id, created_at=raised
                )
            )
            made.since = raised.date()
            await self.db.flush()
        return made

    async def supply(self) -> Waiting:
        partner, _area = self.who()
        wanted = self.day()
        row = SupplyRequest(partner_id=partner.id, place_id=(await self.place()).id,
                            wanted_on=wanted, section=self.luck.choice(SECTIONS))  # fmt: skip
        state = self.luck.choice(("requested", "approved", "rejected"))
        return await self.add("supply", row, state, (), partner=partner, due_on=wanted,
                              waits=state != "rejected")  # fmt: skip

    async def loan(self, state: str) -> Waiting:
        """Reserved: due on its first day. Out: due on its last."""
        partner, _area = self.who()
        self._n += 1
        unit = LoanUnit(code=f"K-{self._n:02}", name=f"見本の草刈り機{self._n}",
                        place_id=(await self.place()).id)  # fmt: skip
        operator = PartnerOperator(partner_id=partner.id, name="見本")
        self.db.add_all([unit, operator])
        await self.db.flush()
        first = self.day()
        row = Loan(unit_id=unit.id, partner_id=partner.id, operator_id=operator.id, out_on=first,
                   period=Range(first, first + dt.timedelta(days=3)),
                   section=self.luck.choice(SECTIONS))  # fmt: skip
        due = first if state == "reserved" else first + dt.timedelta(days=2)
        return await self.add("loan", row, state, (unit.code, unit.name), partner=partner,
                              due_on=due)  # fmt: skip

    async def sign(self) -> Waiting:
        partner, area = self.who()
        row = Sign(partner_id=partner.id, area_id=area.id, section=self.luck.choice(SECTIONS))
        state = self.luck.choice(("wished", "naming"))
        return await self.add("sign", row, state, (area.code, area.name), partner=partner)

    async def fault(self) -> Waiting:
        words = f"見本の不法投棄{self.luck.randint(1, 99)}"
        row = Fault(category="dumping", point=POINT, description=words, manager="city",
                    section=self.luck.choice(SECTIONS))  # fmt: skip
        state = self.luck.choice(("received", "forwarded", "in_progress", "done"))
        return await self.add("fault", row, state, (words,), partner=None, waits=state != "done")

    async def accident(self) -> Waiting:
        partner, _area = self.who()
        row = Accident(
            partner_id=partner.id, kind="injury", happened_at=START, place_note="見本の道",
            description="見本", section=self.luck.choice(SECTIONS),
        )  # fmt: skip
        return await self.add("accident", row, "submitted", ("見本の道",), partner=partner)

    async def post(self) -> Waiting:
        partner, _area = self.who()
        title = f"見本の質問{self.luck.randint(1, 99)}"
        row = Post(title=title, body="見本", voice="partner", partner_id=partner.id)
        row.section = self.luck.choice(SECTIONS)
        return await self.add("post", row, "pending", (title,), partner=partner)

    async def one_of_each(self) -> None:
        for _ in range(2):
            await self.cleanup()
            await self.pickup(self.luck.choice(("requested", "accepted")))
            await self.enrolment(self.luck.choice(("draft", "submitted", "checking", "returned")))
            await self.supply()
            await self.loan(self.luck.choice(("reserved", "out")))
            await self.sign()
            await self.fault()
            await self.accident()
            await self.post()
            await self.succession(hands=self.luck.random() < 0.5)
        await self.notice()

    async def spread(self, accounts: list[uuid.UUID]) -> None:
        """Put some of them into people's hands."""
        for item in self.items:
            if self.luck.random() < 0.5:
                await self.hold(item, self.luck.choice(accounts))
