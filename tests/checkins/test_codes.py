"""Tokens: each opens one thing, for its time, for one person."""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import pytest

from server.checkins import codes
from server.errors import NotFound
from server.signing import Expired, Signer

SIGNER = Signer("tests")
NOW = dt.datetime(2026, 6, 14, 1, 0, 10, tzinfo=dt.UTC)
ID = uuid.UUID("01900000-0000-7000-8000-00000000abcd")


def later(seconds: int) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def test_the_code_on_the_screen_changes_and_ends():
    token = codes.screen_code(SIGNER, ID, NOW)
    assert codes.screen_code(SIGNER, ID, later(19)) == token
    assert codes.screen_code(SIGNER, ID, later(20)) != token
    assert codes.read(SIGNER, token, later(79)) == codes.Scan(ID, "qr")
    with pytest.raises(Expired):
        codes.read(SIGNER, token, later(80))


def test_a_ticket_lasts_a_quarter_of_an_hour_and_names_nobody():
    who = uuid.uuid4()
    holder = codes.holder_of(SIGNER, who)
    token = codes.ticket(SIGNER, codes.Scan(ID, "printed"), holder, NOW)
    assert codes.read(SIGNER, token, later(899)) == codes.Scan(ID, "printed", holder)
    with pytest.raises(Expired):
        codes.read(SIGNER, token, later(900))
    assert str(who) not in holder and who.hex not in holder
    assert holder != codes.holder_of(SIGNER, uuid.uuid4())


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "W10.abc", "�", "A" * 4000])
def test_nothing_else_is_a_code(token: str):
    with pytest.raises(NotFound):
        codes.read(SIGNER, token, NOW)


def test_other_purposes_and_other_installations_open_nothing():
    value = codes._short(ID)
    for purpose in ("offer", "unsubscribe", "calendar", "checkin_other"):
        with pytest.raises(NotFound):
            codes.read(SIGNER, SIGNER.sign(purpose, value), NOW)
    with pytest.raises(NotFound):
        codes.read(SIGNER, codes.screen_code(Signer("another"), ID, NOW), NOW)
    token = codes.poster_code(SIGNER, ID)
    with pytest.raises(NotFound):
        codes.read(SIGNER, ("B" if token[0] != "B" else "C") + token[1:], NOW)


def test_a_signed_value_that_is_no_id_is_refused():
    with pytest.raises(NotFound):
        codes.read(SIGNER, SIGNER.sign("checkin", "nonsense"), NOW)


class _Day:
    starts_at = dt.datetime(2026, 6, 14, 0, 0, tzinfo=dt.UTC)  # 9:00 in Muroran
    ends_at = dt.datetime(2026, 6, 14, 2, 0, tzinfo=dt.UTC)


def test_the_check_in_follows_the_clock_of_the_city():
    tokyo = ZoneInfo("Asia/Tokyo")
    times = codes.opening(_Day(), 60, tokyo)
    assert times.opens_at == dt.datetime(2026, 6, 14, 8, tzinfo=tokyo)
    assert times.closes_at == dt.datetime(2026, 6, 16, 0, tzinfo=tokyo)
    assert times.poster_until == dt.datetime(2026, 6, 14, 13, tzinfo=tokyo)
    evening = dt.datetime(2026, 6, 14, 20, tzinfo=tokyo)
    assert times.open_at(evening) and not times.open_at(evening, "printed")


def test_the_picture_has_no_style_and_no_script():
    svg = codes.qr_svg("http://t/checkin/" + codes.screen_code(SIGNER, ID, NOW), "コード")
    assert svg.startswith("<svg") and "style" not in svg and "script" not in svg
    assert "viewBox" in svg and "<title>コード</title>" in svg
