"""Forms of the accident reports."""

import datetime as dt
import uuid
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from wtforms import HiddenField
from wtforms.validators import NumberRange

from server.accidents.actions import Draft
from server.errors import Invalid
from server.http.forms import (
    BaseForm,
    Choice,
    ClockTime,
    Day,
    Paragraphs,
    WholeNumber,
    Words,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import ACCIDENT_KINDS
from server.ledgers.partners import Named
from server.pickups.forms import read_id
from server.pickups.queries import AreaOffer
from server.policy import PartnerRef


class AccidentForm(BaseForm):
    """What happened, what was done. Names of the hurt do not belong here."""

    id = HiddenField()
    cleanup = HiddenField()
    partner = Choice(_l("パートナー"), {}, [required_text(_l("選んでください。"))])
    kind = Choice(_l("どんなこと"), ACCIDENT_KINDS, [required(_l("選んでください。"))])
    day = Day(_l("起きた日"), [required(_l("日付を入れてください。"))])
    time = ClockTime(_l("起きた時刻"), [required(_l("だいたいの時刻を入れてください。"))])
    area = Choice(_l("活動区域"), {})
    place_note = Words(
        _l("場所"), [required_text()], max_length=200, description=_l("例: 公園の階段の上")
    )
    people_hurt = WholeNumber(
        _l("けがをした人数"),
        [required(), NumberRange(0, 1000, _l("0から1000までの数を入れてください。"))],
        default=0,
        description=_l("名前は書かないでください。人数だけで大丈夫です。"),
    )
    description = Paragraphs(
        _l("起きたこと"), [required_text()], max_length=2000,
        description=_l("例: 草刈りの小石がはねて、通りがかりの車の窓に当たった"),
    )  # fmt: skip
    measures = Paragraphs(
        _l("そのあとにしたこと"), max_length=2000,
        description=_l("例: 作業を止めて、持ち主に連絡した。病院に行った"),
    )  # fmt: skip

    def offer(self, partners: Sequence[PartnerRef | Named], areas: Sequence[AreaOffer]) -> None:
        """The partners it may be about, and their areas."""
        self.partner.choices = [(p.code, p.name) for p in partners]
        if len(partners) == 1 and not self.partner.data:
            self.partner.data = partners[0].code
        known = {str(a.id): f"{a.code} {a.name}" for a in areas}
        self.area.choices = [("", _("区域の外・わからない")), *known.items()]

    def draft(self, partners: Sequence[PartnerRef | Named], zone: ZoneInfo) -> Draft:
        """The form as a report, its time on the city's clock. Raises Invalid."""
        partner_id: uuid.UUID = next(p.id for p in partners if p.code == self.partner.data)
        assert self.day.data and self.time.data is not None  # noqa: S101 - required fields
        try:
            moment = dt.datetime.combine(self.day.data, self.time.data, zone).astimezone(dt.UTC)
        except (OverflowError, ValueError):
            raise Invalid(_("日付を読み取れませんでした。"), "day") from None
        return Draft(
            partner_id=partner_id, kind=self.kind.data, happened_at=moment,
            place_note=self.place_note.data or "", people_hurt=self.people_hurt.data or 0,
            description=self.description.data or "", measures=self.measures.data or "",
            area_id=read_id(self.area.data), cleanup_id=read_id(self.cleanup.data),
        )  # fmt: skip


class AccidentStepForm(BaseForm):
    """What staff do with a report."""

    verb = HiddenField()
    comment = Paragraphs(
        _l("パートナーに伝えること"), max_length=1000,
        description=_l("完了にするとき、もう一度ひらくときは必ず書きます。"),
    )  # fmt: skip
