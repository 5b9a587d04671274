"""The staff's list as a CSV file that Excel opens as it is."""

import csv
import io
from collections.abc import Sequence

from server.accidents.machine import ACCIDENT
from server.accidents.queries import Accident
from server.coverage.files import BOM, plain_cell
from server.http.i18n import gettext as _
from server.http.i18n import local
from server.labels import ACCIDENT_KINDS


def accidents_csv(accidents: Sequence[Accident]) -> bytes:
    """One line a report, with a heading line; UTF-8 with BOM, CRLF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([
        _("起きた日時"), _("種類"), _("状態"), _("パートナー番号"), _("パートナー"), _("区域番号"),
        _("場所"), _("けがをした人数"), _("起きたこと"), _("そのあとにしたこと"),
    ])  # fmt: skip
    for one in accidents:
        cells = (
            f"{local(one.happened_at):%Y-%m-%d %H:%M}", str(ACCIDENT_KINDS[one.kind]),
            str(ACCIDENT.states[one.state]), one.partner_code, one.partner_name, one.area_code,
            one.place_note, str(one.people_hurt), one.description, one.measures,
        )  # fmt: skip
        writer.writerow([plain_cell(cell) for cell in cells])
    return (BOM + out.getvalue()).encode()
