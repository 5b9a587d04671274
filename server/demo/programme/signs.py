"""The demo's signs: wished for, talked over, standing, taken down."""

import datetime as dt
from typing import Any

from server.demo.programme.kit import Demo
from server.signs.machine import SIGN

STANDING = 14  # partners with a sign


def fill(demo: Demo) -> None:
    """Fill signs on areas under agreement, けんじ's町会 among them."""
    rows = demo.connection.execute(
        "SELECT DISTINCT ON (p.code, a.code) p.id, p.name, a.id, "
        "ST_AsEWKT(ST_PointOnSurface(a.geom)) FROM agreement_areas g "
        "JOIN partners p ON p.id = g.partner_id JOIN areas a ON a.id = g.area_id "
        "WHERE g.period @> %s AND p.code < 'MP-0040' ORDER BY p.code, a.code LIMIT 60",
        (demo.today,),
    ).fetchall()
    own = [row for row in rows if row[0] == demo.partner("MP-0001")]
    others = [row for row in rows if row[0] != demo.partner("MP-0001")]
    for n, (partner, name, area, point) in enumerate(others[:STANDING]):
        since = -(200 + n * 173)
        _sign(demo, partner, name, area, since, "removed" if n == 3 else "installed", point)
    for partner, name, area, point in others[STANDING : STANDING + 2]:
        _sign(demo, partner, name, area, -9, "wished", point)
    for (partner, name, area, point), state in zip(own, ("installed", "naming"), strict=False):
        _sign(demo, partner, name, area, -500 if state == "installed" else -12, state, point)


def _sign(
    demo: Demo, partner: Any, name: str, area: Any, since: int, state: str, point: str
) -> None:
    stands = state in ("installed", "removed")
    way = [
        ("wished", since, "kenji" if partner == demo.partner("MP-0001") else "sato", ""),
        ("naming", since + 5, "sato", "文字を大きくします。"),
        ("installed", since + 40, "sato", ""),
        ("removed", -30, "sato", "柱がさびたため。"),
    ]
    until = [one[0] for one in way].index(state) + 1
    day: dt.date | None = demo.day(since + 40) if stands else None
    words = f"まちピカの道 {name}"[:40]
    row = {
        "partner_id": partner, "area_id": area, "wished_wording": name[:40],
        "wording": words if state != "wished" else "", "point": point if stands else None,
        "installed_on": day, "section": "土木課維持係",
    }  # fmt: skip
    at_end = {"removed_on": demo.day(-30)} if state == "removed" else {}
    demo.live(SIGN, row, way[:until], **at_end)
