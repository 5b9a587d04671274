"""Errors of the domain, and the one table that says what HTTP makes of them."""


class DomainError(Exception):
    """Something the user can understand and act on. ``message`` is shown as it is."""

    code = "error"

    def __init__(self, message: str, **detail: object) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class NotFound(DomainError):
    """The thing does not exist, or is a stranger's: both look the same."""

    code = "not_found"


class Forbidden(DomainError):
    """The person is known and the thing is theirs to see, but not to change."""

    code = "forbidden"


class LoginRequired(DomainError):
    """Nobody is logged in, and the page needs somebody."""

    code = "login_required"


class Invalid(DomainError):
    """The input cannot be taken. ``field`` names the form field it belongs to, if one does."""

    code = "invalid"

    def __init__(self, message: str, field: str | None = None, **detail: object) -> None:
        super().__init__(message, **detail)
        self.field = field


class Conflict(DomainError):
    """Somebody was quicker, or the state has moved on."""

    code = "conflict"


class Full(Conflict):
    """No place is left."""

    code = "full"


class TooMany(DomainError):
    """A rate limit was met. ``retry_after_s`` says when to come back."""

    code = "too_many"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


STATUS: dict[type[DomainError], int] = {
    NotFound: 404,
    Forbidden: 403,
    LoginRequired: 401,
    Invalid: 422,
    Full: 409,
    Conflict: 409,
    TooMany: 429,
}


def status_of(error: DomainError) -> int:
    """HTTP status for a domain error: the nearest class in ``STATUS``."""
    return next((STATUS[c] for c in type(error).__mro__ if c in STATUS), 400)
