"""The demo city is the same for everybody, reads well in any month, and keeps its own rules."""

import datetime as dt
import itertools
import re
from collections import Counter, defaultdict

import pytest

from geo.coverage import AreaFacts, CareRules, Season, care_state
from server.citysettings.registry import CityRules
from server.demo.build import build, partner_id
from server.demo.events import WINTER_MONTHS
from server.demo.model import TOKYO, Part
from server.demo.personas import HANAKO, KENJI, PERSONAS, TOYO, VOLUNTEERS
from server.demo.seasons import fiscal_year, in_season, last_working_day, year_start

DAYS = [dt.date(2026, month, 15) for month in range(1, 13)] + [
    dt.date(2028, 2, 29),
    dt.date(2027, 4, 1),
    dt.date(2026, 12, 1),
]
RULES = CityRules()
OF_WINTER = re.compile("冬の道路|砂箱|雪どけ|冬囲いの点検|春の準備会|防災訓練")
OF_SUMMER = re.compile("草取り|植え付け|植樹|ごみ拾い|清掃|落ち葉|水やり|片付け|冬囲いづくり")


@pytest.fixture(params=DAYS, ids=str)
def today(request: pytest.FixtureRequest) -> dt.date:
    day: dt.date = request.param
    return day


@pytest.fixture
def part(today: dt.date) -> Part:
    return build(today).part(0)


def coverage(part: Part, today: dt.date) -> Counter[str]:
    """The states of all areas, by the rules every city starts with."""
    rules = CareRules(Season(RULES.season_from, RULES.season_to), RULES.fresh_days, RULES.due_days)
    last = {c.area_id: c.done_on for c in part.cleanups if c.state == "accepted"}
    cared = {r.area_id for r in part.agreement_areas if r.start <= today < r.end}
    return Counter(
        care_state(AreaFacts(last.get(a.id), a.id in cared), rules, today) for a in part.areas
    )


def test_the_same_day_gives_the_same_city() -> None:
    day = dt.date(2026, 6, 14)
    one, two = build(day, 3), build(day, 3)
    assert list(one.parts()) == list(two.parts())
    assert one.memberships == two.memberships
    assert build(day, seed=7).part(0).cleanups != one.part(0).cleanups


def test_people_partners_and_areas_keep_their_ids_from_day_to_day() -> None:
    june, january = build(dt.date(2026, 6, 14)).part(0), build(dt.date(2027, 1, 3)).part(0)
    assert [a.id for a in june.areas] == [a.id for a in january.areas]
    assert [p.id for p in june.partners] == [p.id for p in january.partners]
    assert partner_id("MP-0001") == june.partners[0].id
    assert partner_id("MP-0027") == build(dt.date(2026, 6, 14), 2).part(1).partners[1].id


def test_ids_are_version_7_and_unique_over_copies() -> None:
    seen = set()
    for part in build(dt.date(2026, 6, 14), 2).parts():
        for rows in (part.areas, part.partners, part.agreements, part.agreement_areas,
                     part.opportunities, part.signups, part.cleanups):  # fmt: skip
            for row in rows:
                assert row.id.version == 7
                assert row.id not in seen
                seen.add(row.id)


@pytest.mark.parametrize("scale", [0, -1, 1001])
def test_scale_has_bounds(scale: int) -> None:
    with pytest.raises(ValueError, match="scale"):
        build(dt.date(2026, 6, 14), scale)


def test_names_say_that_they_are_samples(part: Part) -> None:
    assert all(p.name.startswith("見本") for p in part.partners)
    assert all(p.name_public == (p.subject != "citizen") for p in part.partners)
    assert all(a.display_name.startswith("見本") for a in (*PERSONAS, *VOLUNTEERS))
    assert len({a.display_name for a in (*PERSONAS, *VOLUNTEERS)}) == 46
    emails = [a.email for a in (*PERSONAS, *VOLUNTEERS) if a.email]
    assert len(emails) == 5 and all(e.endswith("@example.jp") for e in emails)
    assert TOYO.email is None


def test_all_kinds_of_partners_are_there(part: Part) -> None:
    assert len(part.partners) == 25
    kinds = Counter(p.subject for p in part.partners)
    assert set(kinds) == {
        "citizen", "neighbourhood", "npo", "university", "company", "government",
    }  # fmt: skip
    assert all(p.since < year_start(fiscal_year(p.created_at.date()) + 1) for p in part.partners)


def test_one_live_agreement_per_partner_and_area(part: Part, today: dt.date) -> None:
    periods = defaultdict(list)
    for row in part.agreement_areas:
        assert row.start < row.end
        periods[row.partner_id, row.area_id].append((row.start, row.end))
    for spans in periods.values():
        spans.sort()
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    live = Counter(r.area_id for r in part.agreement_areas if r.start <= today < r.end)
    assert 3 <= len(part.areas) - len(live) <= 12  # 空白
    assert sum(n > 1 for n in live.values()) >= 3  # shared
    assert any(r.end_reason == "withdrawn" and r.end < today for r in part.agreement_areas)
    assert any(0 < (today - a.start).days <= 30 for a in part.agreements)  # renewed lately


def test_activities_are_coming_and_fit_the_season(part: Part, today: dt.date) -> None:
    assert len(part.opportunities) == 60
    for o in part.opportunities:
        local = o.starts_at.astimezone(TOKYO)
        assert 1 <= (local.date() - today).days <= 56
        assert 6 <= local.hour <= 18 and o.ends_at > o.starts_at
        assert o.created_at.date() < today and 1 <= len(o.title) <= 80
        foreign = OF_SUMMER if local.month in WINTER_MONTHS else OF_WINTER
        assert "冬の道路のごみ拾い" in o.title or not foreign.search(o.title), o.title
        if local.month in WINTER_MONTHS:
            assert not {"weeding", "planting"} & set(o.works)
            assert not (o.safety_notes and local.hour >= 15), "no work in the dark"
    assert sum("冬の道路のごみ拾い" in o.title for o in part.opportunities) <= 15


def test_the_end_of_winter_announces_the_first_cleanups() -> None:
    part = build(dt.date(2026, 2, 15)).part(0)
    titles = [o.title for o in part.opportunities if o.starts_at.month == 4]
    assert any("春いちばんのごみ拾い" in title for title in titles)


def test_activities_offer_a_choice(part: Part) -> None:
    offered = part.opportunities
    for share in (
        sum(o.children_ok for o in offered),
        sum(o.empty_handed_ok for o in offered),
        sum((o.ends_at - o.starts_at) <= dt.timedelta(hours=1) for o in offered),
    ):
        assert 15 <= share <= 58
    assert 2 <= sum(o.step_free for o in offered) <= 58
    assert len({o.works for o in offered}) >= 3
    assert max(len(o.title) for o in offered) >= 50
    kenjis = [o for o in offered if o.partner_id == partner_id("MP-0001")]
    assert kenjis


def test_places_are_never_oversold(part: Part) -> None:
    taken: Counter[object] = Counter()
    people: set[tuple[object, object]] = set()
    cancelled = {o.id for o in part.opportunities if o.state == "cancelled"}
    opened = {o.id: o.created_at for o in part.opportunities}
    for s in part.signups:
        assert (s.opportunity_id, s.account_id) not in people
        people.add((s.opportunity_id, s.account_id))
        assert (s.cancelled_at is not None) == (s.opportunity_id in cancelled)
        assert opened[s.opportunity_id] < s.created_at
        taken[s.opportunity_id] += s.people
    left = Counter(o.capacity - taken[o.id] for o in part.opportunities if o.id not in cancelled)
    assert min(left) == 0 and left[1] + left[2] >= 2
    assert len(cancelled) == 1
    assert sum(s.account_id == HANAKO.id for s in part.signups) == 2


def test_cleanups_keep_to_the_season_and_the_agreements(part: Part, today: dt.date) -> None:
    agreed = defaultdict(list)
    for row in part.agreement_areas:
        agreed[row.partner_id, row.area_id].append(row)
    areas = {a.id: a for a in part.areas}
    for c in part.cleanups:
        assert in_season(c.done_on) and c.done_on < today
        assert c.done_on >= year_start(fiscal_year(today) - 1)
        assert any(r.start <= c.done_on < r.end for r in agreed[c.partner_id, c.area_id])
        assert c.done_on <= c.created_at.astimezone(TOKYO).date() < today
        assert areas[c.area_id].created_at.date() < c.done_on
        assert 0 <= (c.children or 0) <= c.people and 0 <= (c.newcomers or 0) <= c.people
        assert c.litter and all(w.quantity > 0 for w in c.litter)
        assert len({(w.litter_class, w.unit) for w in c.litter}) == len(c.litter)
    assert len({(c.partner_id, c.area_id, c.done_on) for c in part.cleanups}) == len(part.cleanups)


def test_reports_wait_for_staff_on_every_day(part: Part, today: dt.date) -> None:
    states = Counter(c.state for c in part.cleanups)
    assert states["accepted"] > 0.9 * len(part.cleanups)
    assert states["submitted"] >= 2 and states["returned"] >= 1 and states["withdrawn"] >= 1
    newest = max(c.done_on for c in part.cleanups)
    if today.month != 4:  # in early April the season has only begun
        assert (last_working_day(today) - newest).days <= 10
    assert {c.logged_by for c in part.cleanups} == {None, KENJI.id, TOYO.id}


def test_the_map_shows_a_mixture_on_every_day(part: Part, today: dt.date) -> None:
    seen = coverage(part, today)
    for state in ("fresh", "due", "overdue", "never", "unassigned"):
        assert seen[state] >= 3, seen
    assert seen.most_common(1)[0][1] <= 40, seen


def test_one_area_was_redrawn_last_year(part: Part, today: dt.date) -> None:
    (area,) = [a for a in part.areas if a.redrawn_on]
    assert area.redrawn_on is not None and area.former is not None
    assert area.redrawn_on.year == fiscal_year(today) - 1
    assert area.former.length < area.geom.length
    versions = {c.area_version for c in part.cleanups if c.area_id == area.id}
    assert versions == {1, 2}
