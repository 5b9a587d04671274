"""The last place, the queue behind it, and everything at once: real connections, real commits."""

import asyncio
import datetime as dt
import random
from collections import Counter

import pytest

from tests.conftest import FixedClock
from tests.signups.queue_world import Queue, Seen, Waiting, queue_world

pytestmark = pytest.mark.anyio
SECOND = dt.timedelta(seconds=1)


async def fill(q: Queue, holders: int, waiting: int) -> None:
    """The first people hold the places, the next ones wait."""
    for who in range(holders):
        assert (await q.post(who, "signup", people="1")).status_code == 303
    for who in range(holders, holders + waiting):
        assert (await q.post(who, "waitlist", people="1")).status_code == 303


def check(seen: Seen) -> None:
    """What must hold at every moment."""
    assert seen.free >= 0, "more people and offers than places"
    assert len({one.who for one in seen.queue}) == len(seen.queue), "somebody waits twice"
    assert not set(seen.holders) & {one.who for one in seen.queue}, "holds a place and waits"
    for one in seen.idle:
        assert one.people > seen.free, f"{seen.free} idle while {one} waits"


def due_offers(before: Seen, freed: int) -> list[Waiting]:
    """Who must be asked now, by the order of the queue: first come, and who fits."""
    chosen = []
    for one in before.idle:
        if one.people <= freed:
            chosen.append(one)
            freed -= one.people
    return chosen


# --- twenty people, one place --------------------------------------------------------------------


async def test_twenty_for_the_last_place_and_ten_in_the_queue(
    database_url: str, clock: FixedClock
) -> None:
    async with queue_world(database_url, clock, 1, 20) as q:
        answers = await asyncio.gather(*(q.post(n, "signup", people="1") for n in range(20)))
        assert Counter(a.status_code for a in answers) == {303: 1, 409: 19}
        for refused in (a for a in answers if a.status_code == 409):
            assert "満員になりました" in refused.text and "キャンセル待ちに入る" in refused.text
        [winner] = (await q.seen()).holders
        losers = [n for n in range(20) if n != winner][:10]
        waits = await asyncio.gather(*(q.post(n, "waitlist", people="1") for n in losers))
        assert {a.status_code for a in waits} == {303}
        seen = await q.seen()
        assert sorted(one.who for one in seen.queue) == losers and not seen.offers
        assert await q.count("SELECT count(*) FROM audit_events WHERE action='signup.create'") == 1
        # one after the other leaves: the offers come exactly in the order of the places
        order = [one.who for one in seen.queue]
        holder = winner
        for expected in order:
            assert (await q.post(holder, "signup/cancel")).status_code == 303
            seen = await q.seen()
            assert [one.who for one in seen.offers] == [expected]
            assert (await q.answer(seen.offers[0], "accept")).status_code == 303
            seen = await q.seen()
            check(seen)
            assert list(seen.holders) == [expected] and not seen.offers
            holder = expected


async def test_twenty_taps_of_the_same_ten_join_the_queue_once(
    database_url: str, clock: FixedClock
) -> None:
    async with queue_world(database_url, clock, 1, 11) as q:
        await fill(q, 1, 0)
        taps = [q.post(n, "waitlist", people="1") for n in list(range(1, 11)) * 2]
        assert {a.status_code for a in await asyncio.gather(*taps)} == {303}
        assert sorted(one.who for one in (await q.seen()).queue) == list(range(1, 11))


# --- a long random life --------------------------------------------------------------------------


class Driver:
    """Random people do random things; after each the tables are compared with the rules."""

    def __init__(self, q: Queue, seed: int, groups: bool) -> None:
        self.q, self.groups = q, groups
        self.dice = random.Random(seed)  # noqa: S311 - a replay needs the seed
        self.done: Counter[str] = Counter()
        self.stale: list[Waiting] = []

    async def step(self) -> None:
        before = await self.q.seen()
        name = self.dice.choice(["cancel", "accept", "decline", "expire", "leave", "join", "stale"])
        did = await getattr(self, f"_{name}")(before)
        if did:
            self.done[name] += 1
        after = await self.q.seen()
        check(after)
        self._offers_follow_the_order(before, after)

    def _offers_follow_the_order(self, before: Seen, after: Seen) -> None:
        known = {one.id for one in before.offers}
        new = [one for one in after.offers if one.id not in known]
        old = [one for one in after.offers if one.id in known]
        stayed = {one.id for one in after.queue}
        still = Seen(before.capacity, after.holders, [
            *old, *(one for one in before.idle if one.id in stayed),
            *(one for one in after.queue if one.id not in {w.id for w in before.queue}),
        ])  # fmt: skip
        assert [w.who for w in new] == [w.who for w in due_offers(still, still.free)]
        for one in old:  # an offer that is out is never made anew
            assert one.until == next(w.until for w in before.offers if w.id == one.id)

    async def _cancel(self, seen: Seen) -> bool:
        who = self.dice.choice(sorted(seen.holders)) if seen.holders else None
        if who is None:
            return False
        assert (await self.q.post(who, "signup/cancel")).status_code == 303
        return True

    async def _accept(self, seen: Seen) -> bool:
        return await self._answered(seen, "accept")

    async def _decline(self, seen: Seen) -> bool:
        return await self._answered(seen, "decline")

    async def _answered(self, seen: Seen, answer: str) -> bool:
        if not seen.offers:
            return False
        chosen = self.dice.choice(seen.offers)
        for _ in range(self.dice.choice([1, 1, 2])):  # a second press is harmless
            assert (await self.q.answer(chosen, answer)).status_code == 303
        assert (chosen.who in (await self.q.seen()).holders) is (answer == "accept")
        return True

    async def _expire(self, seen: Seen) -> bool:
        ends = sorted(one.until for one in seen.offers if one.until)
        if not ends:
            return False
        late = [one for one in seen.offers if one.until == ends[0]]
        self.q.clock.now = ends[0] + SECOND
        await self.q.sweep()
        assert not {one.id for one in late} & {one.id for one in (await self.q.seen()).queue}
        self.stale += late
        return True

    async def _leave(self, seen: Seen) -> bool:
        if not seen.queue:
            return False
        who = self.dice.choice(seen.queue).who
        assert (await self.q.post(who, "waitlist/leave")).status_code == 303
        return True

    async def _join(self, seen: Seen) -> bool:
        busy = {*seen.holders, *(one.who for one in seen.queue)}
        rest = [n for n in range(len(self.q.accounts)) if n not in busy]
        if not rest:
            return False
        people = str(self.dice.choice([1, 1, 2, 3]) if self.groups else 1)
        who = self.dice.choice(rest)
        answer = await self.q.post(who, "signup", people=people)
        if answer.status_code == 409:
            answer = await self.q.post(who, "waitlist", people=people)
        assert answer.status_code == 303
        return True

    async def _stale(self, seen: Seen) -> bool:
        """A link whose time is over puts nobody in."""
        if not self.stale:
            return False
        old = self.dice.choice(self.stale)
        assert (await self.q.answer(old, "accept")).status_code == 303
        assert (await self.q.seen()).holders == seen.holders
        return True


@pytest.mark.parametrize("groups", [False, True], ids=["alone", "groups"])
async def test_a_random_life_keeps_the_order(
    database_url: str, clock: FixedClock, groups: bool
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # shown when it fails
    capacity = 5 if groups else 2
    async with queue_world(database_url, clock, capacity, 16) as q:
        await fill(q, capacity, 10)
        driver = Driver(q, seed, groups)
        for _ in range(70):
            await driver.step()
        assert q.clock() < q.starts_at, "the offers ran into the beginning"
        assert set(driver.done) >= {"cancel", "join", "leave"}, (seed, driver.done)
        # told exactly once for each offer
        offers = await q.count("SELECT count(*) FROM audit_events WHERE action='waitlist.offer'")
        assert offers >= driver.done["accept"] + driver.done["decline"] + driver.done["expire"]


# --- two things in the same moment ---------------------------------------------------------------


async def test_accepting_in_the_moment_it_ends(database_url: str, clock: FixedClock) -> None:
    async with queue_world(database_url, clock, 1, 3) as q:
        await fill(q, 1, 2)
        await q.post(0, "signup/cancel")
        [first] = (await q.seen()).offers
        assert first.until
        clock.now = first.until  # the end is no longer inside
        await asyncio.gather(q.answer(first, "accept"), q.sweep(), q.answer(first, "accept"))
        seen = await q.seen()
        check(seen)
        assert not seen.holders and [one.who for one in seen.offers] == [2]


async def test_accepting_while_the_sweep_runs(database_url: str, clock: FixedClock) -> None:
    async with queue_world(database_url, clock, 1, 3) as q:
        await fill(q, 1, 2)
        await q.post(0, "signup/cancel")
        [first] = (await q.seen()).offers
        assert first.until
        clock.now = first.until - SECOND
        await asyncio.gather(*(q.sweep() for _ in range(3)), q.answer(first, "accept"))
        seen = await q.seen()
        check(seen)
        assert list(seen.holders) == [1] and not seen.offers


async def test_accepting_and_declining_at_once_is_one_of_them(
    database_url: str, clock: FixedClock
) -> None:
    async with queue_world(database_url, clock, 1, 3) as q:
        await fill(q, 1, 2)
        await q.post(0, "signup/cancel")
        [first] = (await q.seen()).offers
        presses = [q.answer(first, a) for a in ("accept", "decline") * 4]
        assert {a.status_code for a in await asyncio.gather(*presses)} == {303}
        seen = await q.seen()
        check(seen)
        assert list(seen.holders) == [1] or [one.who for one in seen.offers] == [2]


async def test_a_place_given_back_goes_to_the_queue_first(
    database_url: str, clock: FixedClock
) -> None:
    async with queue_world(database_url, clock, 1, 12) as q:
        await fill(q, 1, 1)
        grabs = [q.post(n, "signup", people="1") for n in range(2, 12)]
        answers = await asyncio.gather(q.post(0, "signup/cancel"), *grabs)
        assert [a.status_code for a in answers] == [303] + [409] * 10
        seen = await q.seen()
        check(seen)
        assert not seen.holders and [one.who for one in seen.offers] == [1]


async def test_many_leave_at_once(database_url: str, clock: FixedClock) -> None:
    async with queue_world(database_url, clock, 4, 14) as q:
        await fill(q, 4, 10)
        order = [one.who for one in (await q.seen()).queue]
        await asyncio.gather(*(q.post(n, "signup/cancel") for n in range(4)))
        seen = await q.seen()
        check(seen)
        assert [one.who for one in seen.offers] == order[:4]
        offers = seen.offers
        await asyncio.gather(*(q.answer(one, "accept") for one in offers))
        seen = await q.seen()
        assert sorted(seen.holders) == sorted(order[:4]) and not seen.offers
