"""Attendance as CSV files that Excel opens as they are."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from server.checkins.participation import Took, Year
from server.checkins.queries import DeskRow
from server.http.i18n import gettext as _
from server.labels import CHECKIN_HOWS
from server.ledgers.files import csv_text


def attendance_csv(rows: Sequence[DeskRow], zone: ZoneInfo) -> bytes:
    """Who came to an activity: display names, people, minutes, how. One line an arrival."""
    head = (
        _("名前"), _("団体"), _("時間帯・班"), _("申込み人数"), _("来た人数"), _("受付の時刻"),
        _("時間(分)"), _("受付の方法"), _("場所の確認"),
    )  # fmt: skip
    near = {True: _("近く"), False: _("離れた場所"), None: ""}
    lines = [
        (
            row.name or (_("飛び入り") if row.nameless else _("(名前なし)")), row.group_name,
            row.slot or "", row.expected, row.people,
            row.arrived_at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if row.arrived_at else "",
            row.hours_minutes, str(CHECKIN_HOWS[row.how or "list"]), near[row.near],
        )
        for row in rows
        if row.here
    ]  # fmt: skip
    return csv_text(head, lines)


def participation_csv(years: Sequence[Year], city_name: str) -> bytes:
    """What a company's people took part in: one line an activity, no names."""
    head = (
        _("年度"), _("活動日"), _("活動"), _("主催"), _("人数"), _("時間(分)"), _("延べ時間(分)"),
    )  # fmt: skip
    lines = [
        (year.year, row.done_on, row.title, host_name(row, city_name), row.people, row.minutes,
         row.people * row.minutes)
        for year in years
        for row in year.rows
    ]  # fmt: skip
    return csv_text(head, lines)


def host_name(row: Took, city_name: str) -> str:
    """Who called: a private person may stay unnamed, no partner at all means the city."""
    return _("個人パートナー") if row.host is None else row.host or city_name
