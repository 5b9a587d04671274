"""Why an activity is shown, in plain Japanese: one sentence for each reason of ``geo.matching``.

"From home" is only said of a home; a place that was merely searched for is called by its name.
"""

from collections.abc import Callable, Mapping

from geo.matching import Score
from server.http.i18n import gettext as _
from server.http.i18n import jdistance
from server.http.i18n import lazy as _l
from server.labels import BANDS, LANGUAGES, OPPORTUNITY_KINDS, STRENGTHS, WORKS
from server.opportunities.search import WEEKDAYS, Search

Values = Mapping[str, str | int | float]
REASONS_SHOWN = 3
BLOCKED = {
    "agreement": _l("この団体の合意は、いま有効ではありません"),
    "begun": _l("もう始まっています"),
    "capacity": _l("のこりの人数が足りません"),
    "course": _l("草刈り機の講習を受けた人だけの活動です"),
    "age": _l("年齢のきまりに合いません"),
    "children": _l("子どもは参加できません"),
    "step_free": _l("段差のある場所です"),
    "joined": _l("もう申し込んでいます"),
    "overlaps": _l("申し込んだ別の活動と時間が重なります"),
    "closed": _l("募集していません"),
}
PARTS = {
    "distance": _l("近さ"),
    "time": _l("空いている時間"),
    "work": _l("してみたいこと"),
    "kind": _l("活動の種類"),
    "strength": _l("力仕事"),
    "language": _l("ことば"),
    "places": _l("のこりの人数"),
    "urgency": _l("人手のいるところ"),
    "newness": _l("はじめての場所"),
    "fairness": _l("人の集まりにくい団体"),
}


def origin(search: Search) -> str:
    """What distances are counted from, in words."""
    if search.where is None:
        return _("家")
    return search.where.place or _("選んだ場所")


def _names(codes: object, labels: Mapping[str, str]) -> str:
    return "・".join(str(labels[code]) for code in str(codes).split(",") if code in labels)


def _distance(values: Values, start: str) -> str:
    said = jdistance(float(values["distance_m"]))
    return _("%(start)sから%(distance)s") % {"start": start, "distance": said}


def _time(values: Values, start: str) -> str:
    day, band = WEEKDAYS[str(values["weekday"])], BANDS[str(values["band"])]
    return _("%(day)sの%(band)sが空いています") % {"day": day, "band": band}


def _work(values: Values, start: str) -> str:
    return _("してみたい「%(works)s」です") % {"works": _names(values["works"], WORKS)}


def _kind(values: Values, start: str) -> str:
    name = _names(values["kind"], OPPORTUNITY_KINDS)
    return _("さがしている「%(kind)s」です") % {"kind": name}


def _strength(values: Values, start: str) -> str:
    if values["strength"] == "light":
        return _("軽い作業です")
    name = _names(values["strength"], STRENGTHS)
    return _("力仕事は「%(strength)s」です") % {"strength": name}


def _language(values: Values, start: str) -> str:
    return _("%(languages)sで話せます") % {"languages": _names(values["languages"], LANGUAGES)}


def _places(values: Values, start: str) -> str:
    return _("まだ%(n)s人参加できます") % {"n": values["places_left"]}


def _few(values: Values, start: str) -> str:
    if missing := values["missing"]:
        return _("あと%(n)s人必要です") % {"n": missing}
    return _("申込みがまだ少ないです")


def _overdue(values: Values, start: str) -> str:
    if values["area_care"] == "never":
        return _("この区域はまだ清掃の記録がありません")
    return _("この区域はしばらく清掃がありません")


SENTENCES: Mapping[str, Callable[[Values, str], str]] = {
    "distance": _distance,
    "time": _time,
    "work": _work,
    "kind": _kind,
    "strength": _strength,
    "language": _language,
    "places": _places,
    "hands": lambda values, start: _("人手が足りません"),
    "few": _few,
    "overdue": _overdue,
    "new": lambda values, start: _("はじめての場所です"),
    "quiet_host": lambda values, start: _("人手を待っている団体です"),
}


def sentence(key: str, values: Values, start: str) -> str:
    """One reason in words; ``start`` is what distances are counted from (``origin``)."""
    return SENTENCES[key](values, start) if key else ""


def reasons(found: Score, distance_m: float | None, search: Search) -> tuple[str, ...]:
    """One to three reasons for a card. How far it is comes first: people always want to know."""
    start = origin(search)
    first = () if distance_m is None else (_distance({"distance_m": distance_m}, start),)
    others = [r for r in found.reasons if r.key != "distance"]
    said = [sentence(reason.key, reason.values, start) for reason in others]
    return (*first, *said)[:REASONS_SHOWN]
