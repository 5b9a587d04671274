"""The form of a review: a grade and a few words for each point, and a comment."""

from typing import Any

from wtforms import HiddenField, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # old stubs

from server.http.forms import BaseForm, Paragraphs, Words, optional
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.labels import GRADES
from server.reviews.actions import Content
from server.reviews.points import KEYS, POINTS
from server.reviews.queries import Written


class _ReviewBase(BaseForm):
    partner = HiddenField()
    year = HiddenField()
    comment = Paragraphs(
        _l("全体をふりかえって"), max_length=2000,
        description=_l("よかったこと、来年度に向けて話し合いたいこと。"),
    )  # fmt: skip

    def grade(self, key: str) -> Any:
        """The field of a point's grade."""
        return self[f"grade_{key}"]

    def remark(self, key: str) -> Any:
        """The field of a point's few words."""
        return self[f"remark_{key}"]

    def must_be_whole(self) -> bool:
        """Mark the points without a grade; True when there is none."""
        missing = [self.grade(key) for key in KEYS if not self.grade(key).data]
        for field in missing:
            field.errors = [_("AからDのどれかを選んでください。")]
        return not missing

    def fill(self, written: Written) -> None:
        """Show a draft."""
        for key in KEYS:
            self.grade(key).data = written.scores.get(key)
            self.remark(key).data = written.remarks.get(key, "")
        self.comment.data = written.comment

    def content(self) -> Content:
        """What was filled in."""
        scores = {key: self.grade(key).data for key in KEYS if self.grade(key).data}
        remarks = {key: self.remark(key).data for key in KEYS if self.remark(key).data}
        return Content(scores, remarks, self.comment.data or "")


def _choices() -> list[Any]:
    return [SelectChoice(grade, f"{grade} {words}") for grade, words in GRADES.items()]


def _fields() -> dict[str, Any]:
    """Two fields a point, from the one list of points."""
    fields: dict[str, Any] = {}
    for point in POINTS:
        fields[f"grade_{point.key}"] = RadioField(
            point.label, [optional()], choices=_choices, description=point.ask
        )
        fields[f"remark_{point.key}"] = Words(_l("ひとこと"), max_length=300)
    return fields


class ReviewForm(_ReviewBase):
    """See ``POINTS``; submitted only with a grade for each."""


for _name, _field in _fields().items():
    setattr(ReviewForm, _name, _field)
