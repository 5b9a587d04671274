"""The coverage as a CSV file that Excel opens as it is."""

import csv
import io

from server.coverage.queries import Coverage
from server.http.i18n import gettext as _
from server.labels import CARE_STATES, KINDS, MANAGERS

BOM = "\ufeff"  # without it Excel reads UTF-8 as CP932
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def plain_cell(text: str) -> str:
    """Text that a spreadsheet cannot take for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def coverage_csv(found: Coverage) -> bytes:
    """The rows in their order, with a heading line; UTF-8 with BOM, CRLF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        [
            _("番号"), _("区域"), _("種別"), _("管理者"), _("担当課"), _("担い手"), _("状態"),
            _("最後の清掃"), _("経過日数(活動期間)"), _("年度の回数"), _("年度の延べ人数"),
            _("延長m"), _("面積m2"),
        ]
    )  # fmt: skip
    for row in found.rows:
        text = (
            row.code, row.name, str(KINDS[row.kind]), str(MANAGERS[row.manager]), row.section,
            "、".join(name for _code, name in row.partners), str(CARE_STATES[row.state]),
        )  # fmt: skip
        last = row.last_on.isoformat() if row.last_on else ""
        days = "" if row.season_days is None else row.season_days
        numbers = (row.times, row.people, round(row.length_m), round(row.area_m2))
        writer.writerow([*(plain_cell(cell) for cell in text), last, days, *numbers])
    return (BOM + out.getvalue()).encode()
