"""Staff write something down for a partner who phones or brings paper (代理入力): for whom?"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # old stubs

from server.http.forms import BaseForm, required
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l
from server.http.render import render


class PartnerChoiceForm(BaseForm):
    """For whom staff write something down."""

    partner = SelectField(_l("パートナー"), [required(_l("選んでください。"))])

    def offer(self, partners: Sequence[tuple[str, str]]) -> None:
        """Partners by code."""
        pairs = [SelectChoice(code, f"{code} {name}") for code, name in partners]
        self.partner.choices = [SelectChoice("", _("選んでください")), *pairs]


def for_whom(
    request: Request, partners: Sequence[tuple[str, str]], *, title: str, lead: str,
    back: tuple[str, str],
) -> Response:  # fmt: skip
    """The page that asks for the partner; ``?partner=`` of the same address answers it.

    ``partners`` are (code, name), ``back`` the address and words of the list it belongs to.
    """
    form = PartnerChoiceForm()
    form.offer(partners)
    context = {"form": form, "title": title, "lead": lead, "back": back}
    return render(request, "ledgers/for_whom.html", context)
