"""The table of the exchange meeting as a file: CSV that Excel opens as it is, and Excel itself.

Both follow the rules for machine-readable sheets: one cell one datum, numbers as numbers, no merged
cells, no headings left out, no formulae, the unit in a column of its own.
"""

import csv
import io
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from server.http.i18n import gettext as _
from server.http.i18n import jfiscal_year
from server.reports.queries import ExchangeTable, ExchangeYear

BOM = "\ufeff"  # without it Excel reads UTF-8 as CP932
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Cell = str | int | float


def plain(value: Decimal) -> int | float:
    """A number as a spreadsheet keeps it: whole where it is whole."""
    return int(value) if value == value.to_integral_value() else float(value)


def year_heading(year: ExchangeYear) -> str:
    """``令和8年度(2026年度)``, with the day of the count while the year still runs."""
    words = jfiscal_year(year.year)
    if not year.running:
        return words
    return _("%(year)s %(day)s現在") % {"year": words, "day": year.day.isoformat()}


def sheet_rows(table: ExchangeTable) -> list[list[Cell]]:
    """The heading and a line per row; the oldest year first, as a time series is read."""
    order = list(reversed(range(len(table.years))))
    years = [year_heading(table.years[place]) for place in order]
    lines: list[list[Cell]] = [[_("項目"), _("内訳"), _("単位"), *years, _("数え方")]]
    for row in (*table.rows, *table.additional):
        spec = row.spec
        part = str(spec.part) if spec.key else _("合計")
        numbers = [plain(row.values[place]) for place in order]
        lines.append([str(spec.label), part, str(spec.unit), *numbers, str(spec.how)])
    return lines


def as_csv(table: ExchangeTable) -> bytes:
    """UTF-8 with BOM, CRLF. No cell is typed by anybody, so none can be a formula."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(sheet_rows(table))
    return (BOM + out.getvalue()).encode()


def as_xlsx(table: ExchangeTable) -> bytes:
    """A workbook with the one sheet; looks are widths and a bold heading, nothing else."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has a sheet
    sheet.title = _("情報交換会資料")
    lines = sheet_rows(table)
    for line in lines:
        sheet.append(line)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    widths = [20, 30, 8, *([16] * len(table.years)), 80]
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "D2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


WRITERS = {"csv": as_csv, "xlsx": as_xlsx}
