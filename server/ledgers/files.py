"""A ledger's list as a CSV file that Excel opens as it is."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from starlette.responses import Response

from server.coverage.files import BOM, plain_cell

Cell = str | int | Decimal | dt.date | None


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with BOM, CRLF; no text that a spreadsheet could take for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([plain_cell(str(cell)) for cell in head])
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return (BOM + out.getvalue()).encode()


def _written(cell: Cell) -> str | int | Decimal:
    if cell is None:
        return ""
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return plain_number(cell)
    return cell if isinstance(cell, int) else plain_cell(str(cell))


def plain_number(amount: Decimal) -> str:
    """``10`` and ``2.5``: no trailing zeros, no exponent."""
    return f"{amount.normalize():f}" if amount else "0"


def csv_answer(name: str, day: dt.date, content: bytes) -> Response:
    """The download, named after the list and the day it was made."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{day:%Y%m%d}.csv"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
