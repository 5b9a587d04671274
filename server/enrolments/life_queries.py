"""What is known of a partner's life in the programme, for its own pages and the city's.

``life_of`` reads everything the pages show in one statement. Contacts are private: they are
selected only when asked for.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.enrolments.life_rows import CaseNow, Life, as_life
from server.errors import NotFound
from server.http.i18n import gettext as _

_CASE_COLUMNS = """
e.id, e.code, e.state, e.section, e.requested_by, e.partner_id, p.code AS partner_code,
p.name AS partner_name, p.subject, e.paused_from, e.paused_until, e.renewal_wished_on, e.ended_on,
(SELECT min(lower(g.period)) FROM agreements g
  WHERE g.enrolment_id = e.id AND g.agreed_on IS NOT NULL) AS begins_on,
(SELECT CASE WHEN NOT bool_or(upper_inf(g.period)) THEN max(upper(g.period)) - 1 END
   FROM agreements g WHERE g.enrolment_id = e.id AND g.agreed_on IS NOT NULL) AS last_day
"""
# A partner has one live case at most; after the end the newest counts.
_NEWEST_FIRST = (
    "e.state IN ('agreed', 'active', 'changing', 'paused', 'renewal') DESC, e.created_at DESC"
)
_CASE = f"""
SELECT {_CASE_COLUMNS} FROM enrolments e JOIN partners p ON p.id = e.partner_id
 WHERE {{where}} ORDER BY {_NEWEST_FIRST} LIMIT 1
"""  # noqa: S608 - only fixed text goes in
_CASE_OF_PARTNER = text(_CASE.format(where="p.id = :partner"))
_CASE_OF_PARTNER_LOCKED = text(_CASE.format(where="p.id = :partner") + " FOR UPDATE OF e")
_CASE_LOCKED = text(_CASE.format(where="e.id = :id") + " FOR UPDATE OF e")
_CASE_OF_CODE = text(_CASE.format(where="p.code = :code"))
_CASE_OF_CODE_LOCKED = text(_CASE.format(where="p.code = :code") + " FOR UPDATE OF e")


def _case(row: Any) -> CaseNow:
    if row is None:
        raise NotFound(_("このパートナーの届出・合意が見つかりません。"))
    return CaseNow(**row._mapping)


async def case_of_partner(
    db: AsyncSession, partner_id: uuid.UUID, *, lock: bool = False
) -> CaseNow:
    """The case of a partner; ``lock`` keeps it until the commit. Raises NotFound."""
    statement = _CASE_OF_PARTNER_LOCKED if lock else _CASE_OF_PARTNER
    return _case((await db.execute(statement, {"partner": partner_id})).first())


async def case_of_code(db: AsyncSession, code: str, *, lock: bool = False) -> CaseNow:
    """The case of the partner with that code (staff only). Raises NotFound."""
    statement = _CASE_OF_CODE_LOCKED if lock else _CASE_OF_CODE
    return _case((await db.execute(statement, {"code": code})).first())


async def case_locked(db: AsyncSession, id: uuid.UUID) -> CaseNow:
    """A case by its id, kept until the commit. Raises NotFound."""
    return _case((await db.execute(_CASE_LOCKED, {"id": id})).first())


_NEAR = text(f"""
SELECT * FROM (SELECT {_CASE_COLUMNS} FROM enrolments e JOIN partners p ON p.id = e.partner_id
                WHERE e.state IN ('agreed', 'active', 'changing', 'paused', 'renewal')) c
 WHERE (state = 'agreed' AND begins_on <= :today) OR last_day <= :until
 ORDER BY last_day, code
""")  # noqa: S608 - only fixed text goes in


async def cases_near_a_date(
    db: AsyncSession, today: dt.date, notice_days: int
) -> tuple[CaseNow, ...]:
    """Live cases that have to begin, or end within ``notice_days``; for the job."""
    values = {"today": today, "until": today + dt.timedelta(days=notice_days)}
    return tuple(_case(row) for row in await db.execute(_NEAR, values))


_ROW = "(SELECT coalesce(json_agg(row_to_json(x) ORDER BY {order}), '[]') FROM ({inner}) x)"
_AREAS = _ROW.format(
    order="x.code, x.first",
    inner="""
    SELECT a.code, a.name, a.kind, lower(aa.period) AS first, upper(aa.period) - 1 AS last,
           aa.end_reason AS reason, aa.trial, coalesce(a.retired_on <= :today, false) AS retired
      FROM agreement_areas aa JOIN areas a ON a.id = aa.area_id
     WHERE aa.agreement_id = g.id""",
)
_AGREEMENTS = _ROW.format(
    order="x.first DESC NULLS LAST, x.created_at DESC",
    inner=f"""
    SELECT g.id, g.occasion, lower(g.period) AS first, upper(g.period) - 1 AS last, g.agreed_on,
           g.partner_confirmed_at IS NOT NULL AS by_partner,
           g.city_confirmed_at IS NOT NULL AS by_city, g.purpose, g.partner_role, g.city_role,
           g.section, g.planned_times_per_year AS times, g.planned_season AS season, g.created_at,
           {_AREAS} AS areas
      FROM agreements g WHERE g.partner_id = p.id OR g.enrolment_id = c.id""",  # noqa: S608 - only fixed text goes in
)
_NOTICES = _ROW.format(
    order="x.created_at DESC",
    inner="""
    SELECT n.id, n.kind, n.state, n.effective_on, n.created_at, n.by_proxy
      FROM change_notices n WHERE n.partner_id = p.id""",
)
_PEOPLE = _ROW.format(
    order="x.counted_on DESC",
    inner="SELECT counted_on, people, minors FROM partner_people WHERE partner_id = p.id",
)
_CONTACTS = _ROW.format(
    order="x.first DESC, x.role",
    inner="""
    SELECT role, lower(period) AS first, upper(period) - 1 AS last, name, name_kana, title,
           postal_code, address, phone, email
      FROM partner_contacts WHERE partner_id = p.id AND :contacts""",
)
_MEMBERS = _ROW.format(
    order="x.since",
    inner="""
    SELECT m.account_id, k.display_name AS name, k.email, m.role, m.since,
           k.disabled_at IS NOT NULL AS disabled
      FROM partner_members m JOIN accounts k ON k.id = m.account_id
     WHERE m.partner_id = p.id AND :members""",
)
_LEDGERS = """json_build_object(
    'supplies', (SELECT count(*) FROM supply_requests s
                  WHERE s.partner_id = p.id AND s.state = 'handed_over'
                    AND s.handed_on >= :year_began),
    'loans', (SELECT count(*) FROM loans l
               WHERE l.partner_id = p.id AND l.out_on >= :year_began),
    'pickups', (SELECT count(*) FROM pickups k WHERE k.partner_id = p.id
                   AND k.state IN ('collected', 'partly') AND k.collected_on >= :year_began),
    'faults', (SELECT count(*) FROM faults f
                WHERE f.partner_id = p.id AND f.created_at >= :year_began))"""
_LIFE = text(f"""
SELECT p.id AS partner_id, p.code AS partner_code, p.name, p.name_kana, p.subject, p.since,
       p.registered_people, row_to_json(c) AS "case", {_AGREEMENTS} AS agreements,
       {_NOTICES} AS notices, {_PEOPLE} AS people, {_CONTACTS} AS contacts, {_MEMBERS} AS members,
       (SELECT count(*) FROM cleanups r WHERE r.partner_id = p.id
           AND r.state IN ('submitted', 'accepted') AND r.done_on >= :year_began
           AND r.done_on <= :today) AS done,
       CASE WHEN :members THEN {_LEDGERS} ELSE '{{}}' END AS ledgers
  FROM partners p
  LEFT JOIN LATERAL (
       SELECT {_CASE_COLUMNS} FROM enrolments e WHERE e.partner_id = p.id
        ORDER BY {_NEWEST_FIRST} LIMIT 1) c ON true
 WHERE p.id = ANY(:partners) OR p.code = :code
 ORDER BY p.code
""")  # noqa: S608 - only fixed text goes in


async def lives(
    db: AsyncSession, partners: Sequence[uuid.UUID], today: dt.date, year_began: dt.date
) -> tuple[Life, ...]:
    """The partners somebody acts for, with their own contacts."""
    values = {"partners": list(partners), "code": None, "contacts": True, "members": False}
    return await _lives(db, {**values, "today": today, "year_began": year_began})


async def life_for_staff(
    db: AsyncSession, code: str, today: dt.date, year_began: dt.date, *, contacts: bool
) -> Life:
    """One partner with members and the numbers of its ledgers; contacts only if asked for.

    Who asks for contacts notes it in the audit trail. Raises NotFound.
    """
    values = {"partners": [], "code": code, "contacts": contacts, "members": True}
    found = await _lives(db, {**values, "today": today, "year_began": year_began})
    if not found:
        raise NotFound(_("パートナーが見つかりません。"))
    return found[0]


async def _lives(db: AsyncSession, values: dict[str, Any]) -> tuple[Life, ...]:
    return tuple(as_life(row) for row in await db.execute(_LIFE, values))
