"""Agreements in the demo: those in force with their frozen documents, and one that waits for
はなこ to read and confirm it."""

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb
from psycopg.types.range import DateRange

from server.agreements.document import AgreedArea, Parties, Terms, build, fingerprint
from server.agreements.wording import default_template
from server.citysettings.queries import City
from server.citysettings.registry import CityRules
from server.demo.programme.kit import Demo
from server.enrolments.answers import Answers, Person
from server.enrolments.machine import ENROLMENT
from server.enrolments.periods import ONE_DAY, next_period

_AREA = """json_build_object('id', a.id, 'code', a.code, 'name', a.name, 'kind', a.kind,
    'kind_name', '', 'manager', a.manager, 'section', a.section, 'length_m', a.length_m,
    'area_m2', a.area_m2, 'geometry', ST_AsGeoJSON(a.geom, 7)::json)"""
_IN_FORCE = f"""
SELECT g.id, g.period, g.purpose, g.partner_role, g.city_role, g.forms, g.supports,
       g.planned_times_per_year, g.planned_season, g.section, p.name, p.code, p.subject,
       coalesce(c.name, '') AS person, coalesce(c.title, '') AS title, e.code AS case_code,
       (SELECT json_agg({_AREA} ORDER BY a.code) FROM agreement_areas x
          JOIN areas a ON a.id = x.area_id WHERE x.agreement_id = g.id) AS areas
  FROM agreements g
  JOIN partners p ON p.id = g.partner_id
  JOIN enrolments e ON e.id = g.enrolment_id
  LEFT JOIN partner_contacts c ON c.partner_id = p.id AND c.role = 'representative'
        AND c.period @> %s::date
 WHERE g.agreed_on IS NOT NULL AND g.period @> %s::date AND g.document_sha256 = ''
   AND p.code <= 'MP-0100' AND g.occasion = 'new'
 ORDER BY p.code
"""  # noqa: S608 - only fixed text goes in
CAFE_STREET = "SRID=4326;LINESTRING(140.9652 42.3128, 140.9671 42.3139, 140.9694 42.3147)"


def fill(demo: Demo) -> None:
    """Documents for what is in force, and a proposal on its way."""
    city = _city(demo)
    _documents(demo, city)
    _waiting(demo, city)


def _city(demo: Demo) -> City:
    row = demo.connection.execute(
        "SELECT code, name, short_name, prefecture, plane_srid, timezone, ST_X(centre), "
        "ST_Y(centre) FROM municipality"
    ).fetchone()
    assert row, "the demo city is loaded first"  # noqa: S101
    code, name, short, prefecture, srid, zone, lon, lat = row
    return City(code, name, short, prefecture, srid, ZoneInfo(zone), (lon, lat), CityRules())


def _documents(demo: Demo, city: City) -> None:
    """Give the agreements in force the text they would have been made with.

    A concluded agreement never changes, so the guard steps aside for the demo's own rows.
    """
    rows = demo.connection.execute(_IN_FORCE, [demo.today, demo.today]).fetchall()
    demo.connection.execute("ALTER TABLE agreements DISABLE TRIGGER agreements_frozen")
    for row in rows:
        (id, period, purpose, partner_role, city_role, forms, supports, times, season, section,
         name, code, subject, person, title, case_code, areas) = row  # fmt: skip
        if not areas:
            continue
        terms = Terms(
            purpose=purpose, partner_role=partner_role, city_role=city_role, forms=tuple(forms),
            supports=tuple(supports), times_per_year=times, season=season, section=section,
            first=period.lower, last=period.upper - ONE_DAY, consent_name=True,
            consent_areas=True, consent_photos=False,
        )  # fmt: skip
        parties = Parties(name, person, title, subject, case_code, code)
        agreed = [AgreedArea(**{**one, "id": uuid.UUID(one["id"])}) for one in areas]
        document = build(city, parties, terms, agreed, default_template(), "new")
        demo.connection.execute(
            "UPDATE agreements SET document = %s, document_sha256 = %s, "
            "partner_confirmed_name = %s, city_confirmed_name = %s WHERE id = %s",
            [Jsonb(document), fingerprint(document), person or name, city.rules.signatory, id],
        )
    demo.connection.execute("ALTER TABLE agreements ENABLE TRIGGER agreements_frozen")


def _waiting(demo: Demo, city: City) -> None:
    """A café whose agreement the city has confirmed and はなこ has not."""
    first = demo.day(7)
    answers = Answers(
        name="見本うみべカフェ", name_kana="ミホンウミベカフェ",
        representative=Person(name="見本はなこ", title="店長", phone="0143-00-0031"),
        emergency=Person(name="見本 きんきゅう", phone="0143-00-0001"), people=6, minors=0,
        works=("litter", "flowerbed"), times_per_year=12, season="通年", start_on=first,
        supports=("bags", "pickup"), consent_name=True, consent_photos=True, pledged=True,
        privacy_agreed=True,
    )  # fmt: skip
    row: dict[str, Any] = {
        "subject": "company", "answers": answers.to_json(), "by_proxy": False,
        "requested_by": demo.account("hanako"), "section": "地域生活課",
        "submitted_at": demo.moment(-18, 9, 30), "updated_at": demo.moment(-4, 9, 30),
    }  # fmt: skip
    way = [("draft", -19, "hanako", ""), ("submitted", -18, "hanako", ""),
           ("checking", -14, "sato", "")]  # fmt: skip
    case = demo.live(ENROLMENT, row, way)
    drawn = demo.insert(
        "enrolment_areas", enrolment_id=case, created_at=demo.moment(-19, 9, 20),
        name="追直漁港の海辺の道", kind="beach", note="", geom=CAFE_STREET,
    )  # fmt: skip
    _proposal(demo, city, case, answers, drawn)


def _proposal(demo: Demo, city: City, case: uuid.UUID, answers: Answers, drawn: uuid.UUID) -> None:
    code, length_m, geometry, area_code = demo.connection.execute(
        "SELECT e.code, w.length_m, ST_AsGeoJSON(w.geom, 7)::json, next_code('A', 'area_code_seq') "
        "FROM enrolments e JOIN enrolment_areas w ON w.enrolment_id = e.id WHERE e.id = %s",
        [case],
    ).fetchone() or ("", 0.0, {}, "")
    first, last = next_period(city.rules, demo.day(7) - ONE_DAY)
    area = AgreedArea(
        id=drawn, code=area_code, name="追直漁港の海辺の道", kind="beach", kind_name="",
        manager="port", section="地域生活課", length_m=length_m, area_m2=0, geometry=geometry,
        new=True, source=str(drawn),
    )  # fmt: skip
    terms = Terms(
        purpose="海辺を歩く人が気持ちよく過ごせるように、道と花壇をきれいに保ちます。",
        partner_role="月に1回、店の前から海辺までのごみを拾います。\n花壇の手入れをします。",
        city_role="公用袋を支給し、集めたごみを回収します。", forms=("cooperation",),
        supports=answers.supports, times_per_year=12, season="通年", section="地域生活課",
        first=first, last=last, consent_name=True, consent_areas=True, consent_photos=True,
    )  # fmt: skip
    who = Parties(answers.name, "見本はなこ", "店長", "company", code)
    document = build(city, who, terms, [area], default_template(), "new")
    demo.insert(
        "agreements", enrolment_id=case, period=DateRange(first, last + ONE_DAY),
        purpose=terms.purpose, partner_role=terms.partner_role, city_role=terms.city_role,
        section=terms.section, planned_times_per_year=12, planned_season="通年",
        supports=list(terms.supports), consent_photos=True, document=document,
        document_sha256=fingerprint(document), city_confirmed_at=demo.moment(-3, 10, 15),
        city_confirmed_by=demo.account("sato"), city_confirmed_how="app",
        city_confirmed_name="見本さとう", created_at=demo.moment(-4),
    )  # fmt: skip
