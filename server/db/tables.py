"""Imports every table, so that ``Base.metadata`` is complete for migrations and COPY."""

from server.accidents import models as accidents
from server.accounts import models as accounts
from server.agreements import models as agreements
from server.areas import models as areas
from server.audit import models as audit
from server.calendars import models as calendars
from server.checkins import models as checkins
from server.citysettings import models as citysettings
from server.cleanups import models as cleanups
from server.db.base import Base
from server.desk import models as desk
from server.enrolments import models as enrolments
from server.exchange import models as exchange
from server.faults import models as faults
from server.files import models as files
from server.helpcalls import models as helpcalls
from server.loans import models as loans
from server.matching import models as matching
from server.notices import models as notices
from server.opportunities import models as opportunities
from server.partners import models as partners
from server.pickups import models as pickups
from server.reviews import models as reviews
from server.signs import models as signs
from server.successions import models as successions
from server.supplies import models as supplies
from server.workflow import models as workflow

__all__ = [
    "Base", "accidents", "accounts", "agreements", "areas", "audit", "calendars", "checkins",
    "citysettings", "cleanups", "desk", "enrolments", "exchange", "faults", "files", "helpcalls",
    "loans", "matching", "notices", "opportunities", "partners", "pickups", "reviews", "signs",
    "successions", "supplies", "workflow",
]  # fmt: skip
