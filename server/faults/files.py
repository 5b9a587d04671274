"""The staff's list as a CSV file that Excel opens as it is."""

import csv
import io
from collections.abc import Sequence

from server.coverage.files import BOM, plain_cell
from server.faults.machine import FAULT
from server.faults.queries import Fault
from server.http.i18n import gettext as _
from server.http.i18n import local
from server.labels import FAULT_CATEGORIES, MANAGERS


def faults_csv(faults: Sequence[Fault]) -> bytes:
    """One line a report, with a heading line; UTF-8 with BOM, CRLF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([
        _("番号"), _("状態"), _("分類"), _("知らせた日"), _("場所"), _("ようす"), _("管理者"),
        _("担当課"), _("区域番号"), _("パートナー"), _("同じものを見た人"), _("経度"), _("緯度"),
    ])  # fmt: skip
    for one in faults:
        cells = (
            one.code, str(FAULT.states[one.state]), str(FAULT_CATEGORIES[one.category]),
            local(one.created_at).date().isoformat(), one.place_note, one.description,
            str(MANAGERS[one.manager]), one.section, one.area_code, one.partner_name,
        )  # fmt: skip
        numbers = (one.seen_by_others, f"{one.lon:.6f}", f"{one.lat:.6f}")
        writer.writerow([*(plain_cell(cell) for cell in cells), *numbers])
    return (BOM + out.getvalue()).encode()
