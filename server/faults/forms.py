"""Forms of the reports: telling, and what staff do."""

import secrets
import uuid
from typing import Any

from wtforms import HiddenField, MultipleFileField
from wtforms.validators import ValidationError

from server.db.base import uuid7
from server.errors import Invalid
from server.faults.actions import Draft
from server.http.forms import BaseForm, Choice, Paragraphs, Words, required, required_text
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.http.sessions import token_hash
from server.labels import FAULT_CATEGORIES, MANAGERS
from server.maps.places import place_names
from server.opportunities.search import position
from server.pickups.forms import MAX_PHOTOS, read_id, sent_photos
from server.policy import Actor

KEY_CHARS = 32


class FaultForm(BaseForm):
    """What somebody has seen. No name, no address: nobody is asked who they are."""

    id = HiddenField()
    key = HiddenField()  # the secret of the link that follows the report
    cleanup = HiddenField()
    category = Choice(_l("どんなこと"), FAULT_CATEGORIES, [required(_l("選んでください。"))])
    lon = HiddenField(_l("場所"))
    lat = HiddenField()
    near_place = Words(
        _l("近くの駅・地区・施設の名前"),
        max_length=60,
        description=_l("地図で選べないときに書いてください。例: 母恋駅"),
    )
    place_note = Words(_l("くわしい場所"), max_length=200, description=_l("例: 坂の途中、電柱の横"))
    description = Paragraphs(
        _l("ようす"),
        [required_text(_l("見たことを書いてください。"))],
        max_length=1000,
        description=_l("例: タイヤが4本捨てられている。名前や電話番号は書かないでください。"),
    )
    photo = MultipleFileField(
        _l("写真"),
        description=_l("3枚まで。人の顔、表札、車のナンバーは写っていませんか。"),
    )
    partner = Choice(_l("だれとして知らせるか"), {}, validate_choice=True)

    def validate_lon(self, field: Any) -> None:
        """A place on the map, or the name of one."""
        if not (field.data or self.lat.data):
            if not self.near_place.data:
                raise ValidationError(_("地図で場所を選ぶか、近くの名前を書いてください。"))
        elif position(field.data or "", self.lat.data or "") is None:
            raise ValidationError(_("位置を読み取れませんでした。地図でえらび直してください。"))

    def validate_near_place(self, field: Any) -> None:
        """A name we know, when there is no place on the map."""
        if field.data and not (self.lon.data or self.lat.data):
            found = place_names().search(field.data, 1)
            if not found:
                raise ValidationError(
                    _("この名前の場所が見つかりません。別の名前を書いてください。")
                )
            self.lon.data, self.lat.data = f"{found[0].lon:.5f}", f"{found[0].lat:.5f}"

    def validate_photo(self, field: Any) -> None:
        """Three tell enough."""
        if len(sent_photos(field.data)) > MAX_PHOTOS:
            raise ValidationError(_("写真は3枚までにしてください。"))

    def offer(self, actor: Actor | None) -> None:
        """As whom: oneself, or a partner one acts for."""
        partners = [(p.code, p.name) for p in actor.partners] if actor else []
        self.partner.choices = [*partners, ("", _("個人として"))]

    @property
    def report_id(self) -> uuid.UUID:
        """The id made when the form was opened; a new one for a form that lost it."""
        found = read_id(self.id.data) or uuid7()
        self.id.data = str(found)
        return found

    def draft(self, actor: Actor | None) -> Draft:
        """The form as a report. Raises Invalid without a place."""
        point = position(self.lon.data or "", self.lat.data or "")
        if point is None:
            raise Invalid(_("地図で場所を選んでください。"), "lon")
        partners = {p.code: p.id for p in actor.partners} if actor else {}
        return Draft(
            category=self.category.data, lon=point[0], lat=point[1],
            place_note=self.place_note.data or "", description=self.description.data or "",
            partner_id=partners.get(self.partner.data or ""),
            cleanup_id=read_id(self.cleanup.data),
            key_hash=None if actor else token_hash(self.secret),
        )  # fmt: skip

    @property
    def secret(self) -> str:
        """The secret of the link; made anew when the sent one is too short to be ours."""
        if len(self.key.data or "") != KEY_CHARS:
            self.key.data = new_key()
        return str(self.key.data)


def new_key() -> str:
    """192 random bits, as 32 characters."""
    return secrets.token_urlsafe(24)


class FaultStepForm(BaseForm):
    """What staff do with a report."""

    verb = HiddenField()
    comment = Paragraphs(
        _l("知らせた人に伝えること"),
        max_length=1000,
        description=_l(
            "知らせた人が読みます。終えるとき、対象外にするとき、もう一度ひらくときは必ず。"
        ),
    )


class RouteForm(BaseForm):
    """Who manages the place, and who answers."""

    manager = Choice(_l("場所の管理者"), MANAGERS)
    section = Choice(_l("担当課"), {})

    def offer(self, sections: tuple[str, ...], now: str) -> None:
        """The city's sections, and the one it has now."""
        names = dict.fromkeys([*sections, now])
        self.section.choices = [(name, name) for name in names if name]
