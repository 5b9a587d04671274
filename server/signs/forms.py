"""Forms of the signs."""

import uuid

from wtforms import HiddenField, SelectField

from server.db.base import uuid7
from server.http.forms import BaseForm, Day, Paragraphs, Words, optional, required, required_text
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.opportunities.search import position
from server.signs.actions import LONGEST_WORDING, Installed, Wish
from server.signs.queries import SignArea
from server.supplies.forms import as_uuid


class WishForm(BaseForm):
    """A sign a partner would like to have."""

    id = HiddenField()
    partner = HiddenField()
    area = SelectField(
        _l("表示板を立てたい区域"),
        [required(_l("区域を選んでください。"))],
        validate_choice=False,  # whose area it is, the action knows
    )
    wording = Words(
        _l("表示板に書いてほしい名前"),
        [required_text()],
        max_length=LONGEST_WORDING,
        description=_l("例: 見本母恋町会。市と相談して決まります。"),
    )

    def offer(self, areas: tuple[SignArea, ...]) -> None:
        """The areas without a sign of this partner."""
        free = [(str(one.id), f"{one.code} {one.name}") for one in areas if not one.has_sign]
        self.area.choices = [("", _("選んでください")), *free]

    def sent_id(self) -> uuid.UUID:
        """The id made when the form was opened; a new one for a form that lost it."""
        return as_uuid(self.id.data) or uuid7()

    def wish(self, partner_id: uuid.UUID) -> Wish:
        """The valid form."""
        area_id = as_uuid(self.area.data) or uuid.UUID(int=0)
        return Wish(partner_id, area_id, self.wording.data or "")


class DiscussForm(BaseForm):
    """The city's answer to a wish."""

    verb = HiddenField()
    proposal = Words(_l("提案する名称"), max_length=LONGEST_WORDING)
    comment = Paragraphs(_l("パートナーに伝えること"), [optional()], max_length=500)


class InstallForm(BaseForm):
    """The sign that was put up."""

    verb = HiddenField()
    wording = Words(_l("記載した名称"), [required_text()], max_length=LONGEST_WORDING)
    day = Day(_l("設置した日"), [required(_l("日付を入れてください。"))])
    lon = HiddenField(_l("設置した位置"))
    lat = HiddenField()

    def installed(self) -> Installed:
        """The valid form; a point that is not on Earth is none."""
        assert self.day.data is not None  # noqa: S101 - required
        point = position(self.lon.data or "", self.lat.data or "")
        return Installed(self.wording.data or "", self.day.data, point)


class RemoveForm(BaseForm):
    """The sign that was taken down."""

    verb = HiddenField()
    day = Day(_l("撤去した日"), [required(_l("日付を入れてください。"))])
    comment = Paragraphs(
        _l("撤去の理由"), [required_text(_l("理由を書いてください。"))], max_length=500
    )


class CancelForm(BaseForm):
    """A step that asks nothing."""

    verb = HiddenField()
