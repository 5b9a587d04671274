"""「近くに新しい活動」: all saved searches against all new activities, in one statement.

An activity counts as new for a search when it was published after ``told_until``. That moment lags
``OVERLAP`` behind the last run, since a transaction may commit later than the moment it carries; an
activity met twice is told once, because its notice has a key.
"""

import datetime as dt

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.citysettings.queries import load_city
from server.db.context import now
from server.http.i18n import gettext as _
from server.notices import ways
from server.opportunities.search import EVENING, NOON

OVERLAP = dt.timedelta(minutes=2)

# ``fresh`` has one row for each new activity (index on published_at); each looks up the searches
# around it (index on the searches' points, with the largest radius there is), then the search's
# own radius and wishes decide.
MATCH = """
latest AS (SELECT min(told_until) AS since, max(radius_m) AS widest_m FROM saved_searches),
fresh AS MATERIALIZED (
  SELECT o.id, o.title, o.works, o.starts_at, o.ends_at, o.meeting_place, o.children_ok,
         o.empty_handed_ok, o.step_free, o.created_by, o.partner_id, o.published_at,
         o.meeting_point::geography AS geog, h.here, h.weekday, h.band
    FROM opportunities o
   CROSS JOIN LATERAL (
     SELECT x.here, extract(isodow FROM x.here)::text AS weekday,
            CASE WHEN extract(hour FROM x.here) < :noon THEN 'morning'
                 WHEN extract(hour FROM x.here) < :evening THEN 'afternoon' ELSE 'evening' END
              AS band
       FROM (SELECT o.starts_at AT TIME ZONE :zone AS here) x) h
   WHERE o.published_at > (SELECT since FROM latest) AND o.published_at <= :now
     AND o.state = 'published' AND o.starts_at > :now
),
near AS (
  SELECT s.id AS search_id, f.id AS opportunity_id FROM fresh f
    JOIN saved_searches s
      ON ST_DWithin(s.point::geography, f.geog, (SELECT widest_m FROM latest))
     AND ST_DWithin(s.point::geography, f.geog, s.radius_m)
   WHERE s.radius_m > 0
  UNION ALL
  SELECT s.id, f.id FROM fresh f CROSS JOIN saved_searches s
   WHERE s.point IS NULL OR s.radius_m = 0
),
matched AS (
  SELECT DISTINCT ON (s.account_id, f.id) s.account_id, s.label, f.*
    FROM near n
    JOIN fresh f ON f.id = n.opportunity_id
    JOIN saved_searches s ON s.id = n.search_id
   WHERE f.published_at > s.told_until
     AND (cardinality(s.works) = 0 OR s.works && f.works)
     AND (cardinality(s.weekdays) = 0 OR f.weekday = ANY(s.weekdays))
     AND (cardinality(s.bands) = 0 OR f.band = ANY(s.bands))
     AND (f.children_ok OR NOT s.children_ok)
     AND (f.empty_handed_ok OR NOT s.empty_handed_ok)
     AND (f.step_free OR NOT s.step_free)
     AND f.created_by IS DISTINCT FROM s.account_id
     AND NOT EXISTS (SELECT FROM partner_members m
                      WHERE m.partner_id = f.partner_id AND m.account_id = s.account_id)
   ORDER BY s.account_id, f.id, s.created_at
)
"""
_TELL = text(f"""
WITH {MATCH},
told AS (
  INSERT INTO notices (id, account_id, kind, key, subject, body, path, created_at)
  SELECT {ways.UUID7}, m.account_id, 'nearby', 'nearby:' || m.id, :head || m.title,
         concat_ws(E'\\n', CASE WHEN m.label <> '' THEN :fits || m.label END,
           to_char(m.here, :day)
             || '(' || substr(:weekdays, m.weekday::int, 1) || ') '
             || to_char(m.here, 'FMHH24\\:MI'),
           m.meeting_place),
         '/opportunities/' || m.id, :now
    FROM matched m JOIN accounts a ON a.id = m.account_id AND a.disabled_at IS NULL
  ON CONFLICT (account_id, key) DO NOTHING
  RETURNING id, account_id, kind, false AS pressing
), {ways.DELIVER},
seen AS (
  UPDATE saved_searches SET told_until = :until WHERE told_until < :until
)
SELECT (SELECT count(*) FROM told) + 0 * (SELECT count(*) FROM queued)
""")  # noqa: S608 - fixed text only


async def tell_nearby(db: AsyncSession) -> int:
    """Tell everybody of the new activities that fit a saved search; how many notices were written.

    Sending is left to the job that runs every minute. Harmless when repeated.
    """
    city, moment = await load_city(db), now(db)
    values = {
        **ways.values(city, moment), "noon": NOON, "evening": EVENING, "until": moment - OVERLAP,
        "head": _("近くに新しい活動: "), "fits": _("さがしている条件: "),
        "day": _('YYYY"年"FMMM"月"FMDD"日"'), "weekdays": _("月火水木金土日"),
    }  # fmt: skip
    return int(await db.scalar(_TELL, values) or 0)
