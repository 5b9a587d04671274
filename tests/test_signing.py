"""Signed links: one purpose, until a moment, not to be forged."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import NotFound
from server.signing import Expired, Signer, open_signer

NOON = dt.datetime(2026, 6, 14, 3, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@given(st.text(max_size=80), st.integers(1, 10**6))
def test_what_was_signed_is_read_until_its_time_is_over(value: str, seconds: int) -> None:
    signer = Signer("a secret")
    end = NOON + dt.timedelta(seconds=seconds)
    token = signer.sign("offer", value, end)
    assert signer.read("offer", token, NOON) == value
    assert signer.read("offer", token, end - dt.timedelta(seconds=1)) == value
    with pytest.raises(Expired):
        signer.read("offer", token, end)


def test_a_token_without_an_end_stays_good() -> None:
    signer = Signer("a secret")
    token = signer.sign("calendar", "x")
    assert signer.read("calendar", token, NOON + 10_000 * HOUR) == "x"


def test_a_token_opens_nothing_else() -> None:
    token = Signer("a secret").sign("offer", "x", NOON + HOUR)
    for signer, purpose in ((Signer("a secret"), "help"), (Signer("another"), "offer")):
        with pytest.raises(NotFound):
            signer.read(purpose, token, NOON)


@given(st.text(max_size=200))
def test_what_was_not_signed_is_refused(token: str) -> None:
    with pytest.raises(NotFound):
        Signer("a secret").read("offer", token, NOON)


@given(st.integers(0, 400), st.integers(0, 63))
def test_a_changed_token_is_refused(place: int, other: int) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = Signer("a secret").sign("offer", "019ecf2a", NOON + HOUR)
    place %= len(token)
    changed = token[:place] + letters[other] + token[place + 1 :]
    if changed == token or place == len(token) - 1:  # the last letter carries spare bits
        return
    with pytest.raises(NotFound):
        Signer("a secret").read("offer", changed, NOON)


def test_keys_for_other_uses_differ_by_use_and_secret() -> None:
    keys = {Signer(s).derive(use) for s in ("one", "two") for use in ("vapid", "other")}
    assert len(keys) == 4 and all(len(key) == 32 for key in keys)


def test_without_a_setting_the_secret_is_made_once_and_kept_to_ourselves(tmp_path: Path) -> None:
    first, second = open_signer("", tmp_path / "var"), open_signer("", tmp_path / "var")
    assert first == second and len(first.secret) >= 32
    assert (tmp_path / "var/secret").stat().st_mode & 0o077 == 0
    assert open_signer("given", tmp_path).secret == "given"
