"""Form kit: input is normalised, then validated, then bounded; messages are Japanese.

People type full-width digits, half-width kana and stray spaces. That is not an error.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Form,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # old stubs
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from server.errors import Invalid
from server.http.i18n import lazy as _l
from server.http.uow import HOLDS_CONNECTION

_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_FIELD_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OTHER_CHARSET = re.compile(r"charset\s*=(?!\s*\"?utf-?8\"?\s*(;|$))", re.IGNORECASE)
_UNSEEN = {"Cc", "Cs"}  # control characters; halves of characters, which no encoding takes
_LINE_ENDS = str.maketrans({"\r": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})


def nfkc(text: str | None) -> str:
    """Full-width letters and digits become ordinary ones, half-width kana full; ends trimmed."""
    return unicodedata.normalize("NFKC", text or "").strip()


def tidy(text: str | None) -> str:
    """Trimmed, line ends unified, control characters gone. Keeps 髙, 﨑 and 𠮷 as they are.

    U+2028 is a line end too: the subject of a mail with one in it is refused when it is sent.
    """
    unified = (text or "").replace("\r\n", "\n").translate(_LINE_ENDS)
    kept = "".join(c for c in unified if c == "\n" or unicodedata.category(c) not in _UNSEEN)
    return kept.strip()


def to_katakana(text: str | None) -> str:
    """フリガナ: hiragana and half-width kana become full-width katakana."""
    return nfkc(text).translate(_KATAKANA)


class _Normalised:
    """Mixin: every submitted value goes through NFKC before the field reads it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([nfkc(v) for v in valuelist])  # type: ignore[misc]


class WholeNumber(_Normalised, IntegerField):
    """An integer; １２ and " 12 " are 12."""


class Quantity(_Normalised, DecimalField):
    """A decimal number; ２．５ is 2.5."""


class Day(_Normalised, DateField):
    """A date as the native picker sends it; 2026/4/12 is understood too."""

    def __init__(self, label: str, validators: Iterable[Any] = (), **kwargs: Any) -> None:
        super().__init__(
            label, list(validators), format=["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"], **kwargs
        )


class ClockTime(_Normalised, TimeField):
    """A time of day; 9:00 and 09:00:00 are both understood."""

    def __init__(self, label: str, validators: Iterable[Any] = (), **kwargs: Any) -> None:
        super().__init__(label, list(validators), format=["%H:%M", "%H:%M:%S"], **kwargs)


class Words(StringField):
    """One line of text."""

    def __init__(
        self,
        label: str,
        validators: Iterable[Any] = (),
        *,
        clean: Callable[[str | None], str] = tidy,
        max_length: int = 200,
        **kwargs: Any,
    ) -> None:
        rules = [*validators, Length(max=max_length)]
        super().__init__(label, rules, filters=[clean, lambda t: t.replace("\n", " ")], **kwargs)


class Paragraphs(TextAreaField):
    """Several lines of text."""

    def __init__(
        self, label: str, validators: Iterable[Any] = (), *, max_length: int = 2000, **kwargs: Any
    ) -> None:
        super().__init__(label, [*validators, Length(max=max_length)], filters=[tidy], **kwargs)


class Choice(SelectField):
    """One of a code list (``labels.*``); ``blank`` adds an empty first choice."""

    def __init__(
        self,
        label: str,
        choices: Mapping[str, str],
        validators: Iterable[Any] = (),
        *,
        blank: str | None = None,
        **kwargs: Any,
    ) -> None:
        pairs = [("", blank)] if blank is not None else []
        offered = [SelectChoice(*pair) for pair in [*pairs, *choices.items()]]
        super().__init__(label, list(validators), choices=offered, **kwargs)


class Choices(SelectMultipleField):
    """Some of a code list."""

    def __init__(
        self, label: str, choices: Mapping[str, str], validators: Iterable[Any] = (), **kwargs: Any
    ) -> None:
        offered = [SelectChoice(*pair) for pair in choices.items()]
        super().__init__(label, list(validators), choices=offered, **kwargs)

    def pre_validate(self, form: Any) -> None:
        """As WTForms does, in words that its catalogue has only in English."""
        try:
            super().pre_validate(form)
        except ValidationError:
            raise ValidationError(_l("一覧にあるものから選んでください。")) from None


Check = BooleanField


class BaseForm(Form):
    """All forms: Japanese messages; ``errors_first`` for the summary."""

    class Meta:
        locales = ("ja_JP", "ja")

    def fail(self, error: Invalid) -> None:
        """Show a domain error beside its field (or on top, if it belongs to none)."""
        if error.field and error.field in self._fields:
            field = self._fields[error.field]
            field.errors = [*field.errors, error.message]
        else:
            self.form_errors.append(error.message)


def required(message: str | None = None) -> InputRequired:
    """The field must be filled in; shown as ※必須."""
    return InputRequired(message or _l("入力してください。"))


def required_text(message: str | None = None) -> DataRequired:
    """Text that is more than spaces; shown as ※必須."""
    return DataRequired(message or _l("入力してください。"))


def optional() -> Optional:
    """An empty field stops the other checks; shown as ※任意."""
    return Optional()


async def read_form(
    request: Request, *, max_fields: int = 200, files: Collection[str] = ()
) -> FormData:
    """The submitted fields, bounded in number; part sizes are bounded by the app.

    What no form of ours sends is gone before a field reads it: names that are no names, and
    files, but for those in ``files``, which ``request.close()`` closes.
    Raises HTTPException 400 for text in another encoding than UTF-8: Python would decode a
    multipart body by any codec that the sender names. A form is read before a ``unit_of_work``
    begins, for a slow sender would hold its connection.
    """
    if request.scope.get(HOLDS_CONNECTION):
        raise RuntimeError("read the form before the unit of work")
    if _OTHER_CHARSET.search(request.headers.get("content-type", "")):
        raise HTTPException(400)
    most = 8 if files else 2  # an empty file field is sent as a part too
    sent = await request.form(max_files=most, max_fields=max_fields, max_part_size=2 * 1024 * 1024)
    kept: list[tuple[str, str | UploadFile]] = []
    for name, value in sent.multi_items():
        if isinstance(value, UploadFile) and name not in files:
            await value.close()
        elif _FIELD_NAME.fullmatch(name):
            # No column takes a NUL. As a browser's parser does, it becomes the mark of a character
            # that cannot be read, so a code or number with one is still refused.
            kept.append(
                (name, value.replace("\x00", "\ufffd") if isinstance(value, str) else value)
            )
    return FormData(kept)
