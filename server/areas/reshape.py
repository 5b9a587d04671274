"""Splitting and merging areas of the register. The old area and its reports stay as they were.

New areas get numbers of their own; ``area_lineage`` leads from one to the other; from the day on
the partners hold the new areas under the same agreements.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.areas.holding import carry_over, lock_areas
from server.areas.models import Area, AreaLineage
from server.areas.shapes import for_database
from server.audit.actions import record
from server.db.context import now
from server.errors import Conflict, Invalid
from server.http.i18n import gettext as _
from server.policy import Actor


@dataclass(frozen=True)
class Piece:
    """A new area: its id (made by the form, so that sending twice is safe), name and shape."""

    id: uuid.UUID
    name: str
    shape: BaseGeometry


@dataclass(frozen=True)
class Description:
    """What staff say about the area that several become."""

    name: str
    name_kana: str
    kind: str
    manager: str
    section: str
    season_from: str | None
    season_to: str | None
    safety_notes: str


def part_id(form_id: uuid.UUID, n: int) -> uuid.UUID:
    """The id of the n-th new area of one form."""
    return uuid.uuid5(form_id, f"part {n}")


async def split_area(
    db: AsyncSession, actor: Actor, area_id: uuid.UUID, version: int, parts: Sequence[Piece],
    day: dt.date,
) -> tuple[str, ...]:  # fmt: skip
    """Replace an area by its parts from ``day`` (today in the city) on; returns their codes.

    Raises Conflict when the area is no longer the one that was seen in the preview.
    """
    (old,) = await lock_areas(db, [area_id])
    if done := await _made_before(db, parts[0].id):
        return done
    _still_there([old], day)
    if old.version != version:
        raise Conflict(
            _("開いているあいだに、この区域の形が変わりました。もう一度確かめてください。")
        )
    same = Description(
        old.name, "", old.kind, old.manager, old.section, old.season_from, old.season_to,
        old.safety_notes,
    )  # fmt: skip
    codes = [await _create(db, part, same, part.name) for part in parts]
    ids = [part.id for part in parts]
    await _replace(db, actor, [old], ids, "split", day)
    record(db, actor, "area.split", "area", old.id, code=old.code, into=codes, on=day.isoformat())
    return tuple(codes)


async def merge_areas(
    db: AsyncSession, actor: Actor, area_ids: Sequence[uuid.UUID], versions: dict[uuid.UUID, int],
    whole: Piece, said: Description, day: dt.date,
) -> str:  # fmt: skip
    """Replace several areas by one from ``day`` on; returns its code. Raises Conflict, and Invalid
    while an offer to hand one of them on is open."""
    found = await lock_areas(db, area_ids)
    if done := await _made_before(db, whole.id):
        return done[0]
    _still_there(found, day)
    if {area.id: area.version for area in found} != versions:
        raise Conflict(_("開いているあいだに、区域の形が変わりました。もう一度確かめてください。"))
    if await db.scalar(_OPEN_OFFER, {"areas": list(area_ids)}):
        raise Invalid(
            _("引き継ぎの手続き中の区域があります。手続きが終わってからまとめてください。"), "areas"
        )
    code = await _create(db, whole, said, said.name)
    await _replace(db, actor, found, [whole.id], "merge", day)
    olds = [area.code for area in found]
    record(db, actor, "area.merge", "area", whole.id, code=code, of=olds, on=day.isoformat())
    return code


def _still_there(areas: Sequence[Area], day: dt.date) -> None:
    if any(area.retired_on is not None and area.retired_on <= day for area in areas):
        raise Conflict(_("もう使われていない区域があります。台帳を開き直してください。"))


async def _made_before(db: AsyncSession, first_id: uuid.UUID) -> tuple[str, ...]:
    """The codes of what this very form made already, if it did."""
    siblings = (
        select(Area.code)
        .join(AreaLineage, AreaLineage.to_area_id == Area.id)
        .where(
            AreaLineage.from_area_id.in_(
                select(AreaLineage.from_area_id).where(AreaLineage.to_area_id == first_id)
            )
        )
        .distinct()
    )
    return tuple(sorted(await db.scalars(siblings), key=lambda code: (len(code), code)))


async def _create(db: AsyncSession, piece: Piece, said: Description, name: str) -> str:
    moment = now(db)
    plain = {field: getattr(said, field) for field in Description.__dataclass_fields__}
    code = await db.scalar(
        insert(Area)
        .values(
            **{**plain, "name": name}, id=piece.id, geom=for_database(piece.shape),
            created_at=moment, updated_at=moment,
        )
        .returning(Area.code)
    )  # fmt: skip
    return str(code)


# What follows the ground to the nearest new area: activities to come by their meeting point, signs
# by where they stand, wishes of applications under way to all of it.
_FOLLOW = (
    text("""
UPDATE opportunities o SET area_id = (
       SELECT a.id FROM areas a WHERE a.id = ANY(CAST(:new AS uuid[]))
        ORDER BY a.geom::geography <-> o.meeting_point::geography, a.code LIMIT 1)
 WHERE o.area_id = ANY(CAST(:old AS uuid[])) AND o.ends_at > :now AND o.state <> 'cancelled'"""),
    text("""
UPDATE signs s SET area_id = (
       SELECT a.id FROM areas a WHERE a.id = ANY(CAST(:new AS uuid[]))
        ORDER BY a.geom::geography <-> coalesce(s.point, (SELECT ST_PointOnSurface(o.geom)
                 FROM areas o WHERE o.id = s.area_id))::geography, a.code LIMIT 1)
 WHERE s.area_id = ANY(CAST(:old AS uuid[])) AND s.state NOT IN ('removed', 'cancelled')"""),
    text("""
INSERT INTO enrolment_areas (id, enrolment_id, area_id, name, note, created_at)
SELECT DISTINCT ON (w.enrolment_id, a.id) gen_random_uuid(), w.enrolment_id, a.id, '', w.note,
       w.created_at
  FROM enrolment_areas w JOIN enrolments e ON e.id = w.enrolment_id
 CROSS JOIN unnest(CAST(:new AS uuid[])) AS a(id)
 WHERE w.area_id = ANY(CAST(:old AS uuid[]))
   AND e.state IN ('draft', 'submitted', 'checking', 'returned')"""),
    text("""
DELETE FROM enrolment_areas w USING enrolments e
 WHERE e.id = w.enrolment_id AND w.area_id = ANY(CAST(:old AS uuid[]))
   AND e.state IN ('draft', 'submitted', 'checking', 'returned')"""),
)
_OPEN_OFFER = text("""
SELECT EXISTS (
  WITH RECURSIVE line(id) AS (
      SELECT area_id FROM successions WHERE state IN ('offered', 'trial')
       UNION
      SELECT l.to_area_id FROM line JOIN area_lineage l ON l.from_area_id = line.id)
  SELECT FROM line WHERE id = ANY(CAST(:areas AS uuid[])))
""")


async def _replace(
    db: AsyncSession, actor: Actor, old: Sequence[Area], new: Sequence[uuid.UUID], kind: str,
    day: dt.date,
) -> None:  # fmt: skip
    """Retire the old areas; lineage, agreements, activities and signs go over to the new ones."""
    for area in old:
        area.retired_on, area.updated_at = day, now(db)
        db.add_all(
            AreaLineage(from_area_id=area.id, to_area_id=id, kind=kind, on_day=day,
                        by=actor.account_id)
            for id in new
        )  # fmt: skip
    await db.flush()
    olds = [area.id for area in old]
    await carry_over(db, olds, new, day)
    for statement in _FOLLOW:
        await db.execute(statement, {"old": olds, "new": list(new), "now": now(db)})
