"""What is contact data, and what only looks like it."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.exchange.contacts import find_contacts

PHONES = [
    "電話は090-1234-5678です", "０９０−１２３４−５６７８", "090 1234 5678", "09012345678",
    "０９０１２３４５６７８", "〇九〇一二三四五六七八", "〇九〇-一二三四-五六七八",
    "090の1234の5678にください", "0 9 0 1 2 3 4 5 6 7 8", "090ー1234ー5678", "○90-1234-5678",
    "090.1234.5678", "(0143)22-1111", "0143(22)1111", "0143-22-1111", "0143 22 1111",
    "０１４３２２１１１１", "+81 90-1234-5678", "+81901234 5678", "050-3456-7890",
    "0120-123-456", "0800-123-4567", "TEL 22-1111", "電話:22-1111", "☎ 22-1111",
    "連絡先\n090\n1234\n5678", "09O-1234-5678", "9時から。090-1234-5678",
    "090〜1234〜5678", "011-222-3333まで", "03-1234-5678",
]  # fmt: skip
MAILS = [
    "taro@example.jp", "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro @ example.jp", "taro(at)example.jp",
    "taro [at] example [dot] jp", "taroアットexample.jp", "taroアットマークexampleドットjp",
    "taro.yamada+x@mail.example.co.jp", "taro at example dot com",
]  # fmt: skip
LINES = [
    "LINE ID: taro123", "ＬＩＮＥのＩＤはtaro_99です", "ラインIDはtaro.sanです", "らいんID taro55",
    "LINE:taro_123", "https://line.me/ti/p/abcdEFG", "lin.ee/AbCdEf", "LINE @machipika",
]  # fmt: skip
SOCIALS = [
    "https://www.instagram.com/mihon_club/", "https://x.com/mihon", "twitter.com/mihon",
    "https://facebook.com/mihon.club", "インスタ @mihon_club", "X(@mihon)",
    "Twitterは@mihonです", "https://www.youtube.com/@mihon", "https://discord.gg/abc123",
    "https://t.me/mihon", "https://m.facebook.com/profile.php?id=1000",
]  # fmt: skip
PLAIN = [
    "", "2026-04-12に集まります", "2026/04/12 09:00-11:00", "２０２６年４月１２日 9:00〜11:00",
    "二〇二六年四月十二日", "令和8年6月14日(日)", "区域 A-0020 のことです",
    "MP-0001のパートナーです",
    "A-0020、A-0021、A-0105", "袋は100枚、燃料は20Lでした", "1,000人が参加",
    "10時30分から12時00分まで",
    "事件は110番、けがは119番", "〒051-8511", "051-8511 室蘭市幸町", "参加は 0 12 15 20 22 31 人",
    "オンラインで話しませんか", "オンラインIDを配ります", "LINEで知らせてもよいですか",
    "LINEはつかえますか", "LINEグループを作りたいです", "ガイドラインを読みました",
    "https://www.city.muroran.lg.jp/kurashi/", "SNSで呼びかけるのはどうですか",
    "Facebookやインスタで広めたい", "X線", "国道36号 12キロ地点", "体積は0.5m3、長さは0.25km",
    "午前9時@母恋駅前", "2025年度 42人 31団体、2024年度 40人 29団体", "軍手100双 1000円",
    "電話は2026-04-12までにお願いします", "電話で8:45から17:15まで", "2026.04.12 0900-1100",
    "ごみセンターに運びました", "第3回 令和07-08年度 12-1月", "05月06日 07月08日 09月10日 11月12日",
]  # fmt: skip


@pytest.mark.parametrize("text", PHONES)
def test_numbers_to_call(text: str) -> None:
    assert [one.kind for one in find_contacts(text)] == ["phone"], find_contacts(text)


@pytest.mark.parametrize("text", MAILS)
def test_mail_addresses(text: str) -> None:
    assert "email" in {one.kind for one in find_contacts(text)}


@pytest.mark.parametrize("text", LINES)
def test_line_ids(text: str) -> None:
    assert "line" in {one.kind for one in find_contacts(text)}


@pytest.mark.parametrize("text", SOCIALS)
def test_accounts_of_social_networks(text: str) -> None:
    assert "social" in {one.kind for one in find_contacts(text)}


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_contact(text: str) -> None:
    assert find_contacts(text) == ()


def test_the_city_office_may_be_named() -> None:
    office = "室蘭市 地域生活課 ０１４３−２５−２２２２ chiiki@city.example.jp"
    for text in (
        "市の0143-25-2222へ",
        "0143(25)2222",
        "電話は25-2222です",
        "chiiki@city.example.jp",
    ):
        assert find_contacts(text, office) == ()
    assert [one.kind for one in find_contacts("0143-25-2223", office)] == ["phone"]
    assert [one.kind for one in find_contacts("taro@city.example.jp", office)] == ["email"]
    assert find_contacts("0143-25-2222", "室蘭市 地域生活課") != ()


def test_says_what_was_found() -> None:
    found = find_contacts("０９０−１２３４−５６７８ か taro@example.jp まで")
    assert {(one.kind, one.text) for one in found} == {
        ("email", "taro@example.jp"), ("phone", "090-1234-5678"),
    }  # fmt: skip


SEPARATORS = st.sampled_from(["", "-", " ", "−", "ー", "の", ".", "‐", "  "])
WORDS = st.sampled_from(["", "連絡先は", "こちら: ", "です。", "へ", "(けいたい)"])


@given(
    st.sampled_from(["090", "080", "070", "050"]),
    st.text("0123456789", min_size=4, max_size=4), st.text("0123456789", min_size=4, max_size=4),
    SEPARATORS, SEPARATORS, WORDS, WORDS, st.sampled_from(["plain", "full", "kanji"]),
)  # fmt: skip
def test_any_mobile_number_in_any_writing_is_found(
    head: str, middle: str, tail: str, one: str, two: str, before: str, after: str, script: str
) -> None:
    digits = {
        "plain": "0123456789",
        "full": "０１２３４５６７８９",
        "kanji": "〇一二三四五六七八九",
    }
    number = (head + one + middle + two + tail).translate(
        str.maketrans("0123456789", digits[script])
    )
    assert [x.kind for x in find_contacts(before + number + after)] == ["phone"]


@given(
    st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)),
    st.times(),
    st.sampled_from(["%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y年%m月%d日 %H時%M分"]),
)
def test_no_day_is_a_number(day: dt.date, time: dt.time, shape: str) -> None:
    assert find_contacts(dt.datetime.combine(day, time).strftime(shape)) == ()
