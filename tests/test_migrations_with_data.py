"""Migrations on a database that is in use: what was there is kept and fits the new rules."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from server.db.engine import libpq_url
from server.db.migrate import create_database_if_missing, upgrade
from tests.conftest import temporary_database

OLD = """
INSERT INTO partners
    (id, name, name_kana, subject, introduction, registered_people, since, name_public)
VALUES
    (gen_random_uuid(), '見本続く会', '', 'npo', '', 8, '2010-04-01', true),
    (gen_random_uuid(), '見本終わった会', '', 'company', '', 5, '2011-04-01', true),
    (gen_random_uuid(), '見本合意のない会', '', 'citizen', '', 1, '2012-04-01', true);

INSERT INTO agreements
    (id, partner_id, period, purpose, partner_role, city_role, section, agreed_on)
SELECT gen_random_uuid(), id, daterange('2010-04-01', '2012-04-01'), '前の目的', '', '', '土木課',
       '2010-03-20'
  FROM partners WHERE name <> '見本合意のない会';

INSERT INTO agreements
    (id, partner_id, period, purpose, partner_role, city_role, section, agreed_on)
SELECT gen_random_uuid(), id, daterange('2012-04-01', NULL), '今の目的', '', '', '土木課',
       '2012-03-20'
  FROM partners WHERE name = '見本続く会';
"""


@pytest.fixture
def old_database(cluster_url: str) -> Iterator[str]:
    """A database as the first release left it, with a city's data."""
    with temporary_database(cluster_url, f"machipika_old_{uuid.uuid4().hex[:8]}") as url:
        create_database_if_missing(url)
        upgrade(url, "0001")
        with psycopg.connect(libpq_url(url)) as connection:
            connection.execute(OLD)
        yield url


def test_agreements_of_the_first_release_become_cases(old_database: str) -> None:
    upgrade(old_database)
    with psycopg.connect(libpq_url(old_database)) as connection:
        cases = connection.execute(
            "SELECT p.name, e.state, e.ended_on::text, count(a.id), min(s.verb)"
            " FROM enrolments e JOIN partners p ON p.id = e.partner_id"
            " JOIN agreements a ON a.enrolment_id = e.id"
            " JOIN state_changes s ON s.object_id = e.id"
            " GROUP BY p.name, e.state, e.ended_on ORDER BY p.name"
        ).fetchall()
        assert cases == [
            ("見本終わった会", "expired", "2012-04-01", 1, "migrate"),
            ("見本続く会", "active", None, 2, "migrate"),
        ]
        how = connection.execute(
            "SELECT DISTINCT partner_confirmed_how, city_confirmed_how, occasion FROM agreements"
        ).fetchall()
        assert how == [("paper", "paper", "new")]
        people = connection.execute("SELECT count(*), sum(people) FROM partner_people").fetchone()
        assert people == (3, 14)
        with pytest.raises(psycopg.errors.CheckViolation, match="no step from"):
            connection.execute("UPDATE enrolments SET state = 'draft'")
