"""Input of log-in and of one's own page."""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from wtforms import Form
from wtforms.validators import ValidationError
from wtforms.widgets import EmailInput

from server.accounts.actions import CODE_DIGITS
from server.http.forms import BaseForm, Words, nfkc, required_text, tidy
from server.http.i18n import gettext as _
from server.http.i18n import lazy as _l

# Dots anywhere in the local part: Japanese phone companies gave out addresses like "a..b.@…".
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_UNWELCOME = re.compile(r"[\ufffd\x00-\x20\x7f-\xa0\u2028\u2029\\]")


def clean_email(text: str | None) -> str:
    """Full-width becomes ordinary, the domain lower-case; the local part stays as it is written."""
    local, at, domain = nfkc(text).replace(" ", "").rpartition("@")
    return f"{local}{at}{domain.lower()}"


def is_email(text: str) -> bool:
    """Whether a cleaned address looks like one that mail can be sent to."""
    return len(text) <= 254 and _EMAIL.fullmatch(text) is not None


def clean_code(text: str | None) -> str:
    """１２３ ４５６ and 123-456 are 123456."""
    return re.sub(r"[\s-]", "", nfkc(text))


def clean_name(text: str | None) -> str:
    """Tidy, and without invisible marks that could turn the rest of a line around."""
    return "".join(c for c in tidy(text) if unicodedata.category(c) != "Cf")


def local_path(value: str | None) -> str | None:
    """``value`` if it is a path on this site, else None: where log-in may lead afterwards.

    Browsers read ``//host``, ``/\\host`` and paths with a tab inside as other sites.
    """
    if not value or len(value) > 500 or _UNWELCOME.search(value):
        return None
    if not value.startswith("/") or value.startswith("//"):
        return None
    parts = urlsplit(value)
    return value if not parts.scheme and not parts.netloc else None


def _looks_like_email(_form: Form, field: Any) -> None:
    if not is_email(field.data):
        raise ValidationError(_("メールアドレスの形になっていません。例: hanako@example.jp"))


def _six_digits(_form: Form, field: Any) -> None:
    if not (field.data.isascii() and field.data.isdigit() and len(field.data) == CODE_DIGITS):
        raise ValidationError(_("6けたの数字を入れてください。"))


class LoginForm(BaseForm):
    """Where to send the code."""

    email = Words(
        _l("メールアドレス"),
        [required_text(_l("メールアドレスを入れてください。")), _looks_like_email],
        clean=clean_email,
        max_length=254,
        widget=EmailInput(),
        description=_l("ログインのコード(6けたの数字)を送ります。パスワードはいりません。"),
    )


class CodeForm(BaseForm):
    """The code from the mail."""

    code = Words(
        _l("コード(6けたの数字)"),
        [required_text(_l("メールで届いたコードを入れてください。")), _six_digits],
        clean=clean_code,
        max_length=20,
    )


class NameForm(BaseForm):
    """How to be called."""

    display_name = Words(
        _l("お名前(ニックネームでもかまいません)"),
        [required_text(_l("お名前を入れてください。"))],
        clean=clean_name,
        max_length=40,
        description=_l("活動の主催者が、申し込んだ人の名簿で見ます。ほかの人には見えません。"),
    )
