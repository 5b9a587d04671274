"""Forms of handing an area on. One page may show several; each has a prefix of its own."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from wtforms import HiddenField, SelectMultipleField, TextAreaField
from wtforms.validators import ValidationError

from geo.coverage import Season
from server.areas.shapes import read_shape
from server.db.base import uuid7
from server.errors import Invalid
from server.http.forms import (
    BaseForm,
    Choice,
    Day,
    Paragraphs,
    Words,
    optional,
    required,
    required_text,
)
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.policy import Actor, PartnerRef
from server.successions.actions import NewOffer
from server.successions.queries import Offer, OwnPlace

SHARES = {"whole": _l("区域の全部"), "part": _l("区域の一部")}


class OfferForm(BaseForm):
    """A partner looks for somebody to take an area over."""

    id = HiddenField()
    area = Choice(_l("引き継ぎたい区域"), {}, [required_text(_l("区域を選んでください。"))])
    share = Choice(_l("どこを引き継ぎますか"), SHARES, [required_text()])
    part = TextAreaField(
        _l("一部のときは、その場所"),
        description=_l("地図に描くと入ります。GeoJSON か WKT を貼りつけることもできます。"),
    )
    part_note = Words(_l("場所の説明"), max_length=200, description=_l("例: 駅前の交差点から東側"))
    reason = Paragraphs(
        _l("引き継ぎたいわけ"), [required_text()], max_length=600,
        description=_l("ほかのパートナーが読みます。電話番号などは書かないでください。"),
    )  # fmt: skip
    until_on = Day(
        _l("いつまで続けられますか"), [optional()],
        description=_l("決まっていれば書いてください。"),
    )  # fmt: skip

    def offer(self, places: Sequence[OwnPlace], several: bool) -> None:
        """Let people choose among the areas they hold; the value is ``partner/area``."""
        self.area.choices = [
            (
                f"{one.partner_code}/{one.code}",
                f"{one.code} {one.name}" + (f"({one.partner_code})" if several else ""),
            )
            for one in places
        ]

    def new(self) -> NewOffer:
        """What was written. Raises Invalid for ``part``."""
        whole = self.share.data == "whole"
        if not whole and not self.part.data and not self.part_note.data:
            raise Invalid(_("一部の場所を、地図に描くか、ことばで書いてください。"), "part")
        try:
            shape = None if whole or not self.part.data else read_shape(self.part.data)
        except Invalid as error:
            raise Invalid(error.message, "part") from None
        if not whole and shape is None:
            raise Invalid(_("一部の場所を、地図に描いてください。"), "part")
        return NewOffer(
            self.form_id(), self.area.data.partition("/")[2], shape,
            "" if whole else (self.part_note.data or ""), self.reason.data or "",
            self.until_on.data,
        )  # fmt: skip

    def partner(self, actor: Actor) -> PartnerRef:
        """For whom. Raises Invalid."""
        code = self.area.data.partition("/")[0]
        for one in actor.partners:
            if one.code == code:
                return one
        raise Invalid(_("いま担当している区域を選んでください。"), "area")

    def form_id(self) -> uuid.UUID:
        """The id this form came with, or a fresh one."""
        try:
            return uuid.UUID(self.id.data or "")
        except ValueError:
            return uuid7()


class HandForm(BaseForm):
    """A partner raises its hand."""

    partner = Choice(_l("どのパートナーとして"), {}, validate_choice=False)
    message = Paragraphs(
        _l("ひとこと"), max_length=400,
        description=_l("区域を出したパートナーと市が読みます。連絡先は書かないでください。"),
    )  # fmt: skip

    def offer(self, actor: Actor, offer: Offer) -> None:
        """Those somebody acts for, but not the one that offers."""
        self.partner.choices = [
            (one.code, one.name) for one in actor.partners if one.id != offer.partner_id
        ]


class AreasForm(BaseForm):
    """Which of the areas that came out of the offered one are meant."""

    areas = SelectMultipleField(_l("引き継ぐ区域"), choices=[], validate_choice=False)

    def offer(self, offer: Offer) -> None:
        """All of them, as a start."""
        self.areas.choices = [(heir.code, f"{heir.code} {heir.name}") for heir in offer.heirs]

    @property
    def codes(self) -> list[str]:
        """What was ticked; nothing where there is no choice."""
        return list(self.areas.data or [])


class TrialForm(AreasForm):
    """Staff choose who tries the area, and for how long."""

    other = Choice(_l("お試しをするパートナー"), {}, [required_text()])
    first = Day(_l("お試しのはじまり"), [required()])
    until_on = Day(
        _l("お試しの終わり"), [required()],
        description=_l("この日まで、お試しのパートナーもこの区域の記録ができます。"),
    )  # fmt: skip

    def offer(self, offer: Offer) -> None:
        """The hands that are up."""
        super().offer(offer)
        self.other.choices = [(hand.code, f"{hand.name}({hand.code})") for hand in offer.hands]

    def validate_until_on(self, field: Any) -> None:
        """In order, and not for years."""
        if self.first.data and field.data:
            if field.data < self.first.data:
                raise ValidationError(_("はじまりより後の日にしてください。"))
            if field.data > self.first.data + dt.timedelta(days=366):
                raise ValidationError(_("お試しは1年までです。"))

    def not_before(self, today: dt.date) -> dt.date:
        """The first day; the past stays as it was. Raises Invalid."""
        if self.first.data is None or self.first.data < today:
            raise Invalid(_("きょうから先の日にしてください。"), "first")
        return self.first.data


class FinalForm(AreasForm):
    """Staff hand the area over for good."""

    on = Day(_l("引き継ぐ日"), [required()], description=_l("この日から新しい担当の区域です。"))
    comment = Paragraphs(_l("ひとこと"), max_length=400)

    def day(self, today: dt.date) -> dt.date:
        """The day; the past stays as it was. Raises Invalid."""
        if self.on.data is None or self.on.data < today:
            raise Invalid(_("きょうから先の日にしてください。"), "on")
        return self.on.data


class StopForm(BaseForm):
    """The end of a trial, with the reason."""

    comment = Paragraphs(
        _l("やめるわけ"), [required_text(_l("理由を書いてください。"))], max_length=400, id="why"
    )


class WithdrawForm(BaseForm):
    """The end of the search."""

    comment = Paragraphs(_l("ひとこと"), max_length=400, id="why")


def trial_days(season: Season, today: dt.date) -> tuple[dt.date, dt.date]:
    """A season to try an area in: what is left of this one, or all of the next."""
    first = season.next_day(today)
    return first, season.current(first)[1]
