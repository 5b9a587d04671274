"""Forms of the notices: ways and hours, a saved search, a browser's subscription."""

import base64
import binascii
import uuid
from collections.abc import Mapping
from typing import Any

from wtforms import HiddenField

from geo.gazetteer import Gazetteer
from server.db.base import uuid7
from server.errors import Invalid
from server.http.forms import BaseForm, Choice, Choices, ClockTime, Words, nfkc, optional
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import BANDS, CHANNELS, NOTICE_TOPICS, WORKS
from server.notices.choosing import Hours, Subscription, Wish
from server.notices.push import may_be_endpoint
from server.notices.queries import Alerts
from server.opportunities import search
from server.opportunities.search import RADII_M, WEEKDAYS, WHOLE_CITY, exact

RHYTHMS = {
    "now": _l("出たらすぐ"),
    "daily": _l("1日1回まとめて"),
    "weekly": _l("週1回(月曜)まとめて"),
}
TRAITS = {key: search.TRAITS[key] for key in ("children", "empty_handed", "step_free")}
RADII = {
    str(WHOLE_CITY): _l("市内すべて"),
    **{str(m): f"{m}m" if m < 1000 else f"{m // 1000}km" for m in RADII_M},
}
TICKS = {f"{kind}.{way}": "" for kind in NOTICE_TOPICS for way in CHANNELS}
P256_POINT_BYTES, AUTH_BYTES = 65, 16


class AlertsForm(BaseForm):
    """Which kinds by which ways, and when."""

    wanted = Choices(_l("お知らせの種類と受けとり方"), TICKS)
    rhythm = Choice(
        _l("急がないお知らせ"), RHYTHMS,
        description=_l("「近くの新しい活動」と「市と活センからのお知らせ」をまとめます。"),
    )  # fmt: skip
    quiet_from = ClockTime(_l("送らない時間のはじまり"), [optional()])
    quiet_to = ClockTime(_l("送らない時間のおわり"), [optional()])

    def validate(self, extra_validators: Any = None) -> bool:
        """Also: both quiet times or none (an empty field runs no checks of its own)."""
        good = super().validate(extra_validators)
        if (self.quiet_from.data is None) != (self.quiet_to.data is None):
            message = _("はじまりとおわりを、両方入れるか、両方空けてください。")
            self.quiet_to.errors = [*self.quiet_to.errors, message]
            return False
        return good

    def hours(self) -> Hours:
        """The rhythm and the quiet hours."""
        return Hours(str(self.rhythm.data), self.quiet_from.data, self.quiet_to.data)


def filled(kept: Alerts) -> AlertsForm:
    """The form as the person left it."""
    return AlertsForm(
        data={"wanted": sorted(kept.wanted), "rhythm": kept.rhythm,
              "quiet_from": kept.quiet_from, "quiet_to": kept.quiet_to}
    )  # fmt: skip


class SearchForm(BaseForm):
    """A search that tells of new activities. Other pages send the names of their own filters:
    ``radius``, ``work``, ``weekday``, ``band`` may come once or several times."""

    id = HiddenField()
    place = Words(
        _l("場所"), max_length=60, clean=nfkc,
        description=_l("駅・町・施設の名前。空けると市内すべて。例: 母恋駅、ぼこい"),
    )  # fmt: skip
    radius = Choice(_l("範囲"), RADII, default="3000")
    work = Choices(_l("すること"), WORKS)
    weekday = Choices(_l("曜日"), WEEKDAYS)
    band = Choices(_l("時間帯"), BANDS)
    trait = Choices(_l("条件"), TRAITS)

    def wish(self, places: Gazetteer) -> Wish:
        """What is looked for. Raises Invalid for a place that is not known without doubt."""
        name = self.place.data or ""
        found = exact(places, name) if name else None
        if name and found is None:
            near = "、".join(place.name for place in places.search(name, limit=5))
            message = _("「%(name)s」が見つかりません。") % {"name": name}
            if near:
                message += _("近い名前: %(names)s") % {"names": near}
            raise Invalid(message, "place")
        return Wish(
            label=found.name if found else _("市内すべて"),
            point=(found.lon, found.lat) if found else None,
            radius_m=int(self.radius.data or 0) if found else WHOLE_CITY,
            works=tuple(self.work.data or ()),
            weekdays=tuple(self.weekday.data or ()),
            bands=tuple(self.band.data or ()),
            traits=frozenset(self.trait.data or ()),
        )

    def new_id(self) -> uuid.UUID:
        """The id that was made with the form, so that a second tap saves nothing."""
        try:
            return uuid.UUID(self.id.data or "")
        except ValueError:
            return uuid7()


def empty_search() -> SearchForm:
    """A new form with an id of its own."""
    return SearchForm(data={"id": str(uuid7()), "radius": "3000"})


def _bytes(text: object, size: int) -> bool:
    """Whether it is base64url of exactly ``size`` bytes."""
    if not isinstance(text, str) or len(text) > 200 or not text.isascii():
        return False
    try:
        raw = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4),
                               altchars=b"-_", validate=True)  # fmt: skip
    except (binascii.Error, ValueError):
        return False
    return len(raw) == size


def read_subscription(sent: Mapping[str, object], *, allow_local: bool) -> Subscription:
    """A browser's subscription. Raises Invalid unless it is one that can be sent to."""
    endpoint, key, auth = sent.get("endpoint"), sent.get("p256dh"), sent.get("auth")
    if not isinstance(endpoint, str) or not may_be_endpoint(endpoint, allow_local=allow_local):
        raise Invalid(_("この端末の通知の登録を読み取れませんでした。"))
    if not _bytes(key, P256_POINT_BYTES) or not _bytes(auth, AUTH_BYTES):
        raise Invalid(_("この端末の通知の登録を読み取れませんでした。"))
    return Subscription(endpoint, str(key), str(auth))
