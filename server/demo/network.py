"""Who looks after which area: partners, agreements and the periods of each area."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Final

from server.demo.ids import dice, fixed_uuid
from server.demo.model import Agreement, AgreementArea, Area, Partner, at
from server.demo.partners import (
    LEFT_AREA,
    NEWCOMER,
    PARTNERS,
    REDRAWN_AREA,
    RENEWED,
    PartnerSeed,
)
from server.demo.seasons import fiscal_year, year_start, years_later
from server.demo.shapes import copied, drawn_areas, shorter

TERM_YEARS: Final = 2
TIMES_PER_YEAR: Final = {"citizen": 24, "company": 8, "government": 12}


@dataclass(frozen=True)
class Network:
    """Areas and partners of one copy, and what was agreed between them and the city."""

    areas: tuple[Area, ...]
    partners: tuple[Partner, ...]
    agreements: tuple[Agreement, ...]
    agreement_areas: tuple[AgreementArea, ...]

    def live_on(self, day: dt.date) -> list[AgreementArea]:
        """The rows in force on ``day``."""
        return [row for row in self.agreement_areas if row.start <= day < row.end]


def make_network(today: dt.date, seed: int, copy: int) -> Network:
    """Areas, partners and agreements of copy number ``copy``."""
    areas = tuple(_areas(today, seed, copy))
    partners = tuple(_partner(today, copy, n) for n in range(1, len(PARTNERS) + 1))
    agreements: list[Agreement] = []
    rows: list[AgreementArea] = []
    for number, (seed_row, partner) in enumerate(zip(PARTNERS, partners, strict=True), 1):
        for start, end in _periods(today, number):
            agreement = _agreement(seed_row, partner.id, start, end, copy)
            agreements.append(agreement)
            rows += _agreed_areas(today, number, agreement, areas)
    return Network(areas, partners, tuple(agreements), tuple(rows))


def _areas(today: dt.date, seed: int, copy: int) -> list[Area]:
    year = fiscal_year(today)
    made = []
    for index, (facts, shape) in enumerate(drawn_areas()):
        number = copy * len(drawn_areas()) + index + 1
        geom = shape if copy == 0 else copied(index, dice(seed, "copy", copy, index))
        redrawn = copy == 0 and index + 1 == REDRAWN_AREA
        made.append(
            Area(
                id=fixed_uuid("area", copy, index),
                code=f"A-{number:04}",
                name=facts["name"] if copy == 0 else f"{facts['name']} {copy + 1}",
                name_kana=facts["name_kana"],
                kind=facts["kind"],
                manager=facts["manager"],
                section=facts["section"],
                geom=geom,
                safety_notes=facts["safety_notes"],
                # before the first cleanup, because cleanups refer to the version of their day
                created_at=at(dt.date(year - 1, 3, 1), 10),
                former=shorter(geom, 0.6) if redrawn else None,
                redrawn_on=dt.date(year - 1, 7, 1) if redrawn else None,
            )
        )
    return made


def _partner(today: dt.date, copy: int, number: int) -> Partner:
    seed_row = PARTNERS[number - 1]
    since = dt.date(min(seed_row.since_year, fiscal_year(today) - 2), 4 + number % 6, 1)
    if number == NEWCOMER:
        since = today - dt.timedelta(days=20)
    return Partner(
        id=fixed_uuid("partner", copy, number),
        code=f"MP-{copy * len(PARTNERS) + number:04}",
        name=seed_row.name if copy == 0 else f"{seed_row.name}{copy + 1}",
        name_kana=seed_row.kana,
        subject=seed_row.subject,
        name_public=seed_row.name_public,
        introduction=seed_row.introduction,
        registered_people=seed_row.people,
        since=since,
        created_at=at(since, 10),
    )


def _periods(today: dt.date, number: int) -> list[tuple[dt.date, dt.date]]:
    """The agreements of a partner as days ``[start, end)``, old to new; the last is in force."""
    if number == NEWCOMER:
        start = today - dt.timedelta(days=20)
        return [(start, year_start(fiscal_year(today) + TERM_YEARS))]
    start = year_start(fiscal_year(today) - number % TERM_YEARS)
    if number == RENEWED:
        start = today - dt.timedelta(days=30)
    before, after = years_later(start, -TERM_YEARS), years_later(start, TERM_YEARS)
    return [(before, start), (start, after)]


def _agreement(
    seed_row: PartnerSeed, partner_id: uuid.UUID, start: dt.date, end: dt.date, copy: int
) -> Agreement:
    forms = ("cooperation", "cohosting") if seed_row.subject == "npo" else ("cooperation",)
    return Agreement(
        id=fixed_uuid("agreement", copy, partner_id, start),
        partner_id=partner_id,
        start=start,
        end=end,
        purpose=seed_row.purpose,
        partner_role=seed_row.partner_role,
        city_role=seed_row.city_role,
        forms=forms,
        section="地域生活課",
        planned_times_per_year=TIMES_PER_YEAR.get(seed_row.subject, 12),
        agreed_on=start - dt.timedelta(days=10),
    )


def _agreed_areas(
    today: dt.date, number: int, agreement: Agreement, areas: tuple[Area, ...]
) -> list[AgreementArea]:
    in_force = agreement.start <= today < agreement.end
    rows = []
    for area_number in PARTNERS[number - 1].areas:
        end, reason = agreement.end, None if in_force else "replaced"
        if (number, area_number) == LEFT_AREA:
            left_on = dt.date(fiscal_year(today) - 1, 9, 30)
            if left_on <= agreement.start:
                continue
            if left_on < end:
                end, reason = left_on, "withdrawn"
        area = areas[area_number - 1]
        rows.append(
            AgreementArea(
                id=fixed_uuid("agreement-area", agreement.id, area_number),
                agreement_id=agreement.id,
                partner_id=agreement.partner_id,
                area_id=area.id,
                start=agreement.start,
                end=end,
                end_reason=reason,
            )
        )
    return rows
