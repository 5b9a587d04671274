"""The life after the agreement in the demo: who stands for each partner, notices of change, one
pause, one change of areas under way, one agreement near its end and one that ended, somebody who
came back."""

import datetime as dt
import uuid
from typing import Any

from psycopg.types.range import DateRange

from server.demo.partners import PARTNERS
from server.demo.programme.kit import Demo
from server.enrolments.answers import Person
from server.enrolments.machine import ENROLMENT, NOTICE

SCHEME = "地域生活課"
PAUSED, CHANGING, ENDING, ENDED, RETURNED = (
    "MP-0022", "MP-0017", "MP-0018", "MP-0023", "MP-0025",
)  # fmt: skip
_SURNAMES = (
    "あおき", "いしい", "うえだ", "えんどう", "おおの", "かわい", "きむら", "くどう", "こばやし",
    "さいとう", "しみず", "すずき", "せきね", "たかはし", "つじ", "なかむら", "にしの", "のざき",
    "はやし", "ひらの", "ふくだ", "ほんま", "まつだ", "みやけ", "わたなべ",
)  # fmt: skip


def fill(demo: Demo) -> None:
    """Contacts and people of everybody, and some cases on their way."""
    for number, surname in enumerate(_SURNAMES[: len(PARTNERS)], 1):
        _contacts(demo, demo.partner(f"MP-{number:04}"), surname, number)
    _history_of_the_first(demo)
    _waiting_notices(demo)
    _paused(demo)
    _changing(demo)
    _ending(demo)
    _ended(demo)
    _came_back(demo)


def _person(name: str, title: str = "", number: int = 0) -> dict[str, Any]:
    return vars(
        Person(
            name=f"見本{name}", name_kana="", title=title, postal_code="050-0000",
            address=f"室蘭市見本町{number or 1}", phone=f"0143-00-{number:04}",
            email=f"renraku{number:02}@example.jp",
        )
    )  # fmt: skip


def _contacts(demo: Demo, partner: uuid.UUID, surname: str, number: int) -> None:
    since: dt.date = demo.value("SELECT since FROM partners WHERE id = %s", partner)
    citizen = PARTNERS[number - 1].subject == "citizen"
    _contact(
        demo, partner, "representative", since, None, surname, "" if citizen else "会長", number
    )
    if not citizen:
        _contact(demo, partner, "contact", since, None, f"{surname}れんらく", "事務局", number)


def _contact(
    demo: Demo, partner: uuid.UUID, role: str, first: dt.date, end: dt.date | None, name: str,
    title: str, number: int,
) -> None:  # fmt: skip
    demo.insert(
        "partner_contacts", partner_id=partner, role=role, period=DateRange(first, end),
        **_person(name, title, number),
    )  # fmt: skip


def _case(demo: Demo, partner: uuid.UUID) -> uuid.UUID:
    """The running case of a partner."""
    found: uuid.UUID = demo.value(
        "SELECT id FROM enrolments WHERE partner_id = %s AND ended_on IS NULL", partner
    )
    return found


def _notice(
    demo: Demo, code: str, kind: str, before: dict[str, Any], after: dict[str, Any],
    way: list[tuple[str, int, str, str]], *, reason: str = "", effective: int | None = None,
) -> None:  # fmt: skip
    partner = demo.partner(code)
    by = way[0][2]
    demo.live(
        NOTICE,
        {"enrolment_id": _case(demo, partner), "partner_id": partner, "kind": kind,
         "before": before, "after": after, "reason": reason, "section": SCHEME,
         "effective_on": demo.day(way[0][1] if effective is None else effective),
         "by_proxy": by == "sato", "requested_by": demo.account(by) if by == "kenji" else None},
        way,
    )  # fmt: skip


def _history_of_the_first(demo: Demo) -> None:
    """けんじ's partner: a representative of before, a growing and shrinking number of people, an
    accepted notice, one that was handed back, and one that waits."""
    first = demo.partner("MP-0001")
    old, new = _person("さきの会長", "会長", 1), _person(_SURNAMES[0], "会長", 1)
    changed = demo.day(-400)
    demo.connection.execute(
        "UPDATE partner_contacts SET period = daterange(%s, NULL)"
        " WHERE partner_id = %s AND role = 'representative'",
        [changed, first],
    )
    since: dt.date = demo.value("SELECT since FROM partners WHERE id = %s", first)
    _contact(demo, first, "representative", since, changed, "さきの会長", "会長", 1)
    _notice(demo, "MP-0001", "representative", old, new,
            [("submitted", -405, "kenji", ""), ("accepted", -398, "sato", "")],
            reason="総会で会長がかわりました。", effective=-400)  # fmt: skip
    contact = _person(f"{_SURNAMES[0]}れんらく", "事務局", 1)
    moved = {**contact, "phone": "0143-00-5678", "address": "室蘭市見本町9"}
    _notice(demo, "MP-0001", "contact", {"contact": contact, "emergency": None},
            {"contact": moved, "emergency": None}, [("submitted", -3, "kenji", "")],
            reason="引っ越しました。")  # fmt: skip
    name = {"name": "見本母恋町会", "name_kana": "ミホンボコイチョウカイ"}
    longer = {"name": "見本母恋駅前町会", "name_kana": "ミホンボコイエキマエチョウカイ"}
    _notice(demo, "MP-0001", "name", name, longer,
            [("submitted", -12, "kenji", ""),
             ("returned", -8, "sato", "総会の議事録の日付を教えてください。")])  # fmt: skip
    for offset, people in ((-800, 58), (-430, 51), (-60, 46)):
        demo.insert("partner_people", partner_id=first, counted_on=demo.day(offset), people=people,
                    minors=people // 8)  # fmt: skip


def _waiting_notices(demo: Demo) -> None:
    """Two on the desk: one from a phone call, one of a coming day."""
    seed = PARTNERS[18]
    longer = {
        "name": "見本北のめぐみホールディングス",
        "name_kana": "ミホンキタノメグミホールディングス",
    }
    _notice(demo, "MP-0019", "name", {"name": seed.name, "name_kana": seed.kana}, longer,
            [("submitted", -1, "sato", "")], reason="社名の変更(電話で受付)")  # fmt: skip
    old, new = _person(_SURNAMES[8], "会長", 9), _person("あたらしい会長", "会長", 9)
    _notice(demo, "MP-0009", "representative", old, new, [("submitted", -6, "sato", "")],
            effective=20)  # fmt: skip


def _step(
    demo: Demo, partner: uuid.UUID, change: tuple[str, str], verb: str, offset: int, hat: str,
    *, comment: str = "", detail: dict[str, Any] | None = None, **columns: Any,
) -> None:  # fmt: skip
    """Lead the running case of a partner one step on."""
    case = _case(demo, partner)
    names = "".join(f", {name} = %s" for name in columns)
    demo.connection.execute(
        f"UPDATE enrolments SET state = %s{names} WHERE id = %s".encode(),  # noqa: S608
        [change[1], *columns.values(), case],
    )
    demo.insert(
        "state_changes", machine=ENROLMENT.name, object_id=case, from_state=change[0],
        to_state=change[1], verb=verb, comment=comment, detail=detail or {},
        at=demo.moment(offset, 9, 30), by=demo.account("sato") if hat == "staff" else None,
        by_hat=hat,
    )  # fmt: skip


def _paused(demo: Demo) -> None:
    """A club that rests: its areas are without a carer until it resumes."""
    partner, day = demo.partner(PAUSED), demo.day(-25)
    rows = demo.connection.execute(
        "SELECT area_id, agreement_id, lower(period), upper(period) FROM agreement_areas"
        " WHERE partner_id = %s AND period @> %s",
        [partner, day],
    ).fetchall()
    cut = [
        {"area_id": str(area), "agreement_id": str(agreement), "first": first.isoformat(),
         "until": until.isoformat() if until else None, "trial": False}
        for area, agreement, first, until in rows
    ]  # fmt: skip
    demo.connection.execute(
        "UPDATE agreement_areas SET period = daterange(lower(period), %s), end_reason = 'paused'"
        " WHERE partner_id = %s AND period @> %s",
        [day, partner, day],
    )
    _step(demo, partner, ("active", "paused"), "pause", -25, "staff",
          comment="人事異動で人手が足りないため(電話で受付)", detail={"cut": cut},
          paused_from=day, paused_until=demo.day(60))  # fmt: skip


def _changing(demo: Demo) -> None:
    """A shopping street that wishes to give one area up."""
    partner = demo.partner(CHANGING)
    rows = demo.connection.execute(
        "SELECT a.code, a.name FROM agreement_areas x JOIN areas a ON a.id = x.area_id"
        " WHERE x.partner_id = %s AND x.period @> %s ORDER BY a.code",
        [partner, demo.today],
    ).fetchall()
    areas = [{"code": code, "name": name} for code, name in rows]
    gone = areas[-1]["code"] if len(areas) > 1 else ""
    after = {"give_up": [gone] if gone else [], "add": [], "text": "駅がわの歩道もくわえたいです。",
             "areas": [one for one in areas if one["code"] != gone]}  # fmt: skip
    _notice(demo, CHANGING, "areas", {"areas": areas}, after, [("submitted", -4, "sato", "")],
            reason="お店がへって、広い範囲はむずかしくなりました。")  # fmt: skip
    _step(demo, partner, ("active", "changing"), "ask_change", -4, "staff")


def _ending(demo: Demo) -> None:
    """An agreement that ends in forty days: the case waits for its renewal."""
    partner = demo.partner(ENDING)
    _end_on(demo, partner, demo.day(41))
    _step(demo, partner, ("active", "renewal"), "await_renewal", -18, "system")


def _ended(demo: Demo) -> None:
    """A citizen who was asked, did not answer, and whose agreement has ended (満了)."""
    partner, end = demo.partner(ENDED), demo.day(-20)
    _end_on(demo, partner, end)
    demo.connection.execute(
        "UPDATE agreement_areas SET end_reason = 'expired'"
        " WHERE partner_id = %s AND upper(period) = %s",
        [partner, end],
    )
    _step(demo, partner, ("active", "renewal"), "await_renewal", -80, "system")
    _step(demo, partner, ("renewal", "expired"), "expire", -20, "system", ended_on=end,
          detail={"day": end.isoformat()})  # fmt: skip


def _end_on(demo: Demo, partner: uuid.UUID, end: dt.date) -> None:
    """Let the agreement of a partner and its areas end before ``end``."""
    for table in ("agreements", "agreement_areas"):
        demo.connection.execute(
            f"UPDATE {table} SET period = daterange(lower(period), %s)"  # noqa: S608
            " WHERE partner_id = %s AND period @> %s".encode(),
            [end, partner, end],
        )


def _came_back(demo: Demo) -> None:
    """A citizen whose first application was taken back long before the one that led to today."""
    demo.live(
        ENROLMENT,
        {"subject": "citizen", "answers": {"name": "見本さちこ"}, "section": SCHEME,
         "partner_id": demo.partner(RETURNED), "by_proxy": True},
        [("draft", -2615, "sato", ""), ("submitted", -2614, "sato", ""),
         ("checking", -2610, "sato", ""), ("withdrawn", -2600, "sato", "引っ越すため(電話)")],
        ended_on=demo.day(-2600),
    )  # fmt: skip
