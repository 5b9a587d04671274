"""Forms of the activities: joining, posting, cancelling."""

from server.http.forms import (
    BaseForm,
    Words,
    required_text,
)
from server.http.i18n import lazy as _l


class CancelForm(BaseForm):
    """Why an activity is called off."""

    reason = Words(
        _l("中止の理由"),
        [required_text(_l("申し込んだ人に伝える理由を書いてください。"))],
        description=_l("申し込んだ人へのお知らせと、活動のページに出ます。例: 大雨の予報のため"),
    )
