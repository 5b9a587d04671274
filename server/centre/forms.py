"""The form of the centre's log."""

import uuid
from collections.abc import Sequence

from wtforms import HiddenField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # old stubs

from server.centre.actions import Done
from server.db.base import uuid7
from server.enrolments.forms import sent_uuid
from server.http.forms import BaseForm, Choice, Day, Words, optional, required, required_text
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import CENTRE_SUPPORTS


class SupportForm(BaseForm):
    """What the centre did, and when."""

    id = HiddenField()
    on_day = Day(_l("日"), [required(_l("日付を入れてください。"))])
    kind = Choice(_l("種類"), CENTRE_SUPPORTS, [required()])
    partner = Choice(_l("パートナー"), {}, [optional()])
    description = Words(
        _l("内容"), [required_text()], max_length=300,
        description=_l("例: 輪西の二つの町会を引き合わせ、合同清掃を決めた。"),
    )  # fmt: skip

    def offer(self, partners: Sequence[tuple[uuid.UUID, str]]) -> None:
        """Partners to choose from, none first."""
        none = SelectChoice("", _("全体、または決まった相手なし"))
        self.partner.choices = [none, *(SelectChoice(str(id), name) for id, name in partners)]

    @property
    def new_id(self) -> uuid.UUID:
        """The id made when the form was opened, or a new one."""
        return sent_uuid(self.id.data) or uuid7()

    def done(self) -> Done:
        """What was filled in. Only after validate()."""
        partner = sent_uuid(self.partner.data)
        return Done(self.on_day.data, self.kind.data, partner, self.description.data or "")  # type: ignore[arg-type]
