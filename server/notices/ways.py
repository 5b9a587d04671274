"""By which ways, and when, somebody is told: the one piece of SQL that everything goes through.

It takes a CTE ``told`` (id, account_id, kind, pressing) of notices just written and adds one
delivery for each way its reader wants, however many readers there are.

When (``due_at``), by the city's clock:
- pressing, or an offered place (it expires): now, whatever the hour;
- sign-ups, reminders, help calls, papers of a partner: now, but not in the quiet hours of the
  person (or the city's): then when these end;
- news (new activities near by, announcements): at the next digest of the rhythm the person chose.
"""

import datetime as dt
from typing import Any

from server.citysettings.queries import City
from server.notices.models import CHANNELS, KINDS

CALM = ("nearby", "announcement")  # wait for the digest
AT_ONCE = ("offer",)  # hold a place for some hours only
# What is on where nobody has chosen. A way only counts where there is one: an address, a browser
# that subscribed, a linked LINE user.
DEFAULTS: dict[str, frozenset[str]] = {
    kind: frozenset(CHANNELS) - ({"push"} if kind == "announcement" else set()) for kind in KINDS
}

# A UUIDv7 made by the database, as ``server.db.base.uuid7`` makes them.
UUID7 = """encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
  PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
  FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid"""

# Everything hangs on the notice by index look-ups: the planner takes ``told`` for one row, whatever
# it holds, so joins over whole tables would be gone through once for each notice.
DELIVER = f"""
wished AS (
  SELECT t.id AS notice_id, t.account_id, t.pressing OR t.kind = ANY(:at_once) AS urgent,
         c.q_from, c.q_to, c.here,
         CASE WHEN t.pressing OR NOT t.kind = ANY(:calm) OR c.rhythm = 'now' THEN c.here
              ELSE d.day + cast(:digest_at AS time) END AS at, w.channel, w.target
    FROM told t
    JOIN accounts a ON a.id = t.account_id
    LEFT JOIN notice_settings s ON s.account_id = t.account_id
   CROSS JOIN LATERAL (
         SELECT coalesce(s.rhythm, 'daily') AS rhythm,
                coalesce(s.quiet_from, cast(:quiet_from AS time)) AS q_from,
                coalesce(s.quiet_to, cast(:quiet_to AS time)) AS q_to,
                cast(:now AS timestamptz) AT TIME ZONE :zone AS here) c
   CROSS JOIN LATERAL (
         SELECT 'mail' AS channel, '' AS target WHERE a.email IS NOT NULL
         UNION ALL
         SELECT 'push', p.id::text FROM push_subscriptions p
          WHERE p.account_id = t.account_id AND p.gone_at IS NULL
         UNION ALL
         SELECT 'line', '' FROM line_links l
          WHERE l.account_id = t.account_id AND l.line_user IS NOT NULL) w
    LEFT JOIN notice_choices n
      ON n.account_id = t.account_id AND n.kind = t.kind AND n.channel = w.channel
   CROSS JOIN LATERAL (
         SELECT CASE WHEN c.rhythm = 'weekly'
                THEN soon.day + (8 - extract(isodow FROM soon.day)::int) % 7
                ELSE soon.day END AS day
           FROM (SELECT c.here::date + (c.here::time >= cast(:digest_at AS time))::int AS day) soon
         ) d
   WHERE coalesce(n.wanted, t.kind || '.' || w.channel = ANY(:on_by_default))
),
timed AS (
  SELECT w.*, CASE
    WHEN urgent OR NOT CASE WHEN q_from <= q_to THEN at::time >= q_from AND at::time < q_to
                            ELSE at::time >= q_from OR at::time < q_to END THEN at
    ELSE at::date + (at::time >= q_to)::int + q_to END AS calm_at
    FROM wished w
),
queued AS (
  INSERT INTO deliveries (id, notice_id, account_id, channel, target, state, due_at, attempts,
                          problem)
  SELECT {UUID7}, notice_id, account_id, channel, target, 'waiting',
         CASE WHEN calm_at = here THEN cast(:now AS timestamptz)
              ELSE calm_at AT TIME ZONE :zone END, 0, ''
    FROM timed
  ON CONFLICT (notice_id, channel, target) DO NOTHING
  RETURNING due_at
)
"""  # noqa: S608 - fixed text only


def values(city: City, now: dt.datetime) -> dict[str, Any]:
    """The parameters of ``DELIVER``."""
    rules = city.rules
    return {
        "now": now, "zone": city.zone.key, "quiet_from": rules.quiet_from,
        "quiet_to": rules.quiet_to, "digest_at": rules.digest_at, "calm": list(CALM),
        "at_once": list(AT_ONCE),
        "on_by_default": [f"{kind}.{way}" for kind, ways in DEFAULTS.items() for way in ways],
    }  # fmt: skip
