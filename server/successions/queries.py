"""Reads about areas that are offered: the list, one offer, their maps. No contact data is selected.

Partners see each other's names only where these are public, or once they deal with each other.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.areas.lineage import Heir
from server.errors import NotFound
from server.http.i18n import gettext as _
from server.policy import Actor
from server.workflow.actions import Stand

LISTED = 200


@dataclass(frozen=True)
class Scope:
    """Whose eyes: the partners somebody acts for, and whether the whole city is theirs to see."""

    mine: tuple[uuid.UUID, ...]
    everything: bool

    def values(self) -> dict[str, object]:
        return {"mine": list(self.mine), "everything": self.everything}


def scope_of(actor: Actor) -> Scope:
    """Staff and the centre see all offers with names; partners the open ones and their own."""
    return Scope(actor.partner_ids, actor.is_coordinator)


@dataclass(frozen=True)
class OfferLine:
    """An offer in the list. ``away_m`` to the nearest area of one's own; ``name`` of the offering
    partner or empty; ``mine``: I offer it; ``ours``: I try it or took it; ``raised``: my hand is
    up."""

    id: uuid.UUID
    state: str
    code: str
    area: str
    kind: str
    length_m: float
    area_m2: float
    part: bool
    reason: str
    until_on: dt.date | None
    created_at: dt.datetime
    name: str
    mine: bool
    ours: bool
    raised: bool
    hands: int
    away_m: float | None


# A name that may be shown to somebody who does not deal with the partner.
_SHOWN = """CASE WHEN :everything OR p.name_public OR s.partner_id = ANY(CAST(:mine AS uuid[]))
            OR s.other_partner_id = ANY(CAST(:mine AS uuid[])) THEN p.name ELSE '' END"""
_OURS = """(s.partner_id = ANY(CAST(:mine AS uuid[]))
            OR coalesce(s.other_partner_id = ANY(CAST(:mine AS uuid[])), false))"""
_SEEN = f"(:everything OR s.state = 'offered' OR {_OURS})"
_SIZE = """CASE WHEN s.part IS NULL OR ST_Dimension(s.part) <> ST_Dimension(a.geom)
                THEN a.{column} ELSE {measure}(s.part::geography) END AS {column}"""
_LENGTH = _SIZE.format(column="length_m", measure="ST_Length")
_AREA = _SIZE.format(column="area_m2", measure="ST_Area")

_LIST = text(f"""
SELECT s.id, s.state, a.code, a.name AS area, a.kind, {_LENGTH}, {_AREA},
       s.part IS NOT NULL AS part, s.reason, s.until_on, s.created_at, {_SHOWN} AS name,
       s.partner_id = ANY(CAST(:mine AS uuid[])) AS mine,
       coalesce(s.other_partner_id = ANY(CAST(:mine AS uuid[])), false) AS ours,
       coalesce(h.raised, false) AS raised, h.hands, near.away_m
  FROM successions s
  JOIN areas a ON a.id = s.area_id
  JOIN partners p ON p.id = s.partner_id
 CROSS JOIN LATERAL (
       SELECT count(*) AS hands, bool_or(x.partner_id = ANY(CAST(:mine AS uuid[]))) AS raised
         FROM succession_hands x WHERE x.succession_id = s.id) h
 CROSS JOIN LATERAL (
       SELECT min(ST_Distance(a.geom::geography, b.geom::geography)) AS away_m
         FROM agreement_areas x JOIN areas b ON b.id = x.area_id AND b.id <> a.id
        WHERE x.partner_id = ANY(CAST(:mine AS uuid[])) AND x.period @> CAST(:day AS date)) near
 WHERE {_SEEN} AND (s.state IN ('offered', 'trial') OR s.created_at > :since)
 ORDER BY s.state NOT IN ('offered', 'trial'), near.away_m NULLS LAST, s.created_at DESC, s.id
 LIMIT {LISTED}
""")  # noqa: S608 - only fixed text goes in; values are bound


async def offers(
    db: AsyncSession, scope: Scope, day: dt.date, now: dt.datetime
) -> tuple[OfferLine, ...]:
    """Open offers, the nearest to one's own areas first; one's own of the last year too."""
    values = {**scope.values(), "day": day, "since": now - dt.timedelta(days=366)}
    return tuple(OfferLine(**row._mapping) for row in await db.execute(_LIST, values))


@dataclass(frozen=True)
class Hand:
    """A partner that would take the area on, with what it says."""

    partner_id: uuid.UUID
    code: str
    name: str
    message: str
    at: dt.datetime


@dataclass(frozen=True)
class Offer:
    """One offer as somebody may see it. ``hands``: all of them for the city and who offers, only
    one's own for others; ``count`` of all. ``heirs``: the areas in force that it is about now."""

    id: uuid.UUID
    state: str
    partner_id: uuid.UUID
    partner_code: str
    partner_name: str
    other_partner_id: uuid.UUID | None
    other_name: str
    area_id: uuid.UUID
    code: str
    area: str
    kind: str
    section: str
    safety_notes: str
    length_m: float
    area_m2: float
    part: bool
    part_note: str
    reason: str
    until_on: dt.date | None
    trial_first: dt.date | None
    trial_last: dt.date | None
    requested_by: uuid.UUID | None
    created_at: dt.datetime
    hands: tuple[Hand, ...]
    count: int
    heirs: tuple[Heir, ...]

    @property
    def stand(self) -> Stand:
        """Where it stands, for the workflow."""
        return Stand(
            self.id, self.state, f"{self.code} {self.area}", partner_id=self.partner_id,
            requested_by=self.requested_by, other_partner_id=self.other_partner_id,
        )  # fmt: skip

    @property
    def divided(self) -> bool:
        """Whether the area offered has been split since."""
        return any(heir.id != self.area_id for heir in self.heirs)


_ONE = text(f"""
SELECT s.id, s.state, s.partner_id, p.code AS partner_code, {_SHOWN} AS partner_name,
       s.other_partner_id, coalesce(o.name, '') AS other_name, s.area_id, a.code, a.name AS area,
       a.kind, s.section, a.safety_notes, {_LENGTH}, {_AREA}, s.part IS NOT NULL AS part,
       s.part_note, s.reason, s.until_on, lower(s.trial) AS trial_first,
       upper(s.trial) - 1 AS trial_last, s.requested_by, s.created_at,
       (SELECT count(*) FROM succession_hands x WHERE x.succession_id = s.id) AS count,
       (SELECT json_agg(json_build_array(q.id, q.code, q.name, x.message, x.created_at)
                        ORDER BY x.created_at)
          FROM succession_hands x JOIN partners q ON q.id = x.partner_id
         WHERE x.succession_id = s.id
           AND (:everything OR s.partner_id = ANY(CAST(:mine AS uuid[]))
                OR q.id = ANY(CAST(:mine AS uuid[])))) AS hands,
       (WITH RECURSIVE line(id) AS (
            SELECT s.area_id
             UNION
            SELECT l.to_area_id FROM line JOIN area_lineage l ON l.from_area_id = line.id)
        SELECT json_agg(json_build_array(b.id, b.code, b.name, b.length_m, b.area_m2)
                        ORDER BY length(b.code), b.code)
          FROM line JOIN areas b ON b.id = line.id
         WHERE b.retired_on IS NULL OR b.retired_on > CAST(:day AS date)) AS heirs
  FROM successions s
  JOIN areas a ON a.id = s.area_id
  JOIN partners p ON p.id = s.partner_id
  LEFT JOIN partners o ON o.id = s.other_partner_id
 WHERE s.id = :id AND {_SEEN}
""")  # noqa: S608 - only fixed text goes in; values are bound


async def offer(db: AsyncSession, id: uuid.UUID, scope: Scope, day: dt.date) -> Offer:
    """One offer with hands and heirs, in one statement. Raises NotFound, also for what is not
    theirs to see."""
    row = (await db.execute(_ONE, {**scope.values(), "id": id, "day": day})).first()
    if row is None:
        raise NotFound(_("引き継ぎの記録が見つかりません。"))
    values: dict[str, Any] = dict(row._mapping)
    values["hands"] = tuple(
        Hand(uuid.UUID(id_), code, name, message, dt.datetime.fromisoformat(at))
        for id_, code, name, message, at in row.hands or ()
    )
    values["heirs"] = tuple(
        Heir(uuid.UUID(id_), code, name, length_m, area_m2)
        for id_, code, name, length_m, area_m2 in row.heirs or ()
    )
    return Offer(**values)


@dataclass(frozen=True)
class OwnPlace:
    """An area that a partner could offer; ``lon, lat`` a point on it."""

    partner_code: str
    code: str
    name: str
    line: bool


_OWN = text("""
SELECT DISTINCT p.code AS partner_code, a.code, a.name, a.length_m > 0 AS line, length(a.code) AS n
  FROM agreement_areas x JOIN areas a ON a.id = x.area_id JOIN partners p ON p.id = x.partner_id
 WHERE x.partner_id = ANY(CAST(:mine AS uuid[])) AND x.period @> CAST(:day AS date) AND NOT x.trial
   AND (a.retired_on IS NULL OR a.retired_on > CAST(:day AS date))
 ORDER BY p.code, n, a.code
""")


async def own_places(
    db: AsyncSession, partners: Sequence[uuid.UUID], day: dt.date
) -> tuple[OwnPlace, ...]:
    """What these partners hold today and not only on trial."""
    rows = await db.execute(_OWN, {"mine": list(partners), "day": day})
    return tuple(OwnPlace(row.partner_code, row.code, row.name, row.line) for row in rows)
