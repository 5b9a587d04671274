"""The queue as a CSV file that Excel opens as it is."""

import csv
import io
from collections.abc import Sequence

from server.coverage.files import BOM, plain_cell
from server.http.i18n import gettext as _
from server.http.i18n import local
from server.labels import MANAGERS
from server.pickups.machine import PICKUP
from server.pickups.queries import Pickup, in_words


def pickups_csv(pickups: Sequence[Pickup]) -> bytes:
    """One line a request, with a heading line; UTF-8 with BOM, CRLF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([
        _("番号"), _("状態"), _("パートナー番号"), _("パートナー"), _("区域番号"), _("区域"),
        _("管理者"), _("担当課"), _("置き場所の目印"), _("経度"), _("緯度"), _("依頼した量"),
        _("回収した量"), _("依頼日"), _("希望日"), _("回収予定日"), _("回収日"), _("メモ"),
    ])  # fmt: skip
    for one in pickups:
        cells = (
            one.code, str(PICKUP.states[one.state]), one.partner_code, one.partner_name,
            one.area_code, one.area_name, str(MANAGERS[one.manager]), one.section, one.place_note,
            f"{one.lon:.6f}", f"{one.lat:.6f}", one.content_words, in_words(one.collected),
            local(one.created_at).date().isoformat(), one.wished_on.isoformat(),
            one.scheduled_on.isoformat() if one.scheduled_on else "",
            one.collected_on.isoformat() if one.collected_on else "", one.note,
        )  # fmt: skip
        writer.writerow([plain_cell(cell) for cell in cells])
    return (BOM + out.getvalue()).encode()
