"""Imports every table, so that ``Base.metadata`` is complete for migrations and COPY."""

from server.accounts import models as accounts
from server.agreements import models as agreements
from server.areas import models as areas
from server.audit import models as audit
from server.citysettings import models as citysettings
from server.cleanups import models as cleanups
from server.db.base import Base
from server.opportunities import models as opportunities
from server.partners import models as partners

__all__ = [
    "Base", "accounts", "agreements", "areas", "audit", "citysettings", "cleanups",
    "opportunities", "partners",
]  # fmt: skip
