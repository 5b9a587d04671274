"""Who may do what. Every route names one policy; a route without one does not start.

A policy decides about the *page*. Which rows somebody sees is decided in SQL by the queries, which
take the actor's scope (own partners, own account), so that a stranger's row simply is not there.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from server.errors import Forbidden, LoginRequired, NotFound
from server.http.i18n import gettext as _


@dataclass(frozen=True)
class PartnerRef:
    """A partner somebody acts for."""

    id: uuid.UUID
    code: str
    name: str
    role: str  # manager | member


@dataclass(frozen=True)
class Actor:
    """Who is asking: one query at the start of the request, then only this value."""

    account_id: uuid.UUID
    display_name: str
    email: str | None = None
    roles: frozenset[str] = frozenset()
    section: str | None = None
    partners: tuple[PartnerRef, ...] = field(default=())
    has_wishes: bool = False  # whether preferences are kept, so that lists begin with what suits

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles

    @property
    def is_staff(self) -> bool:
        return bool(self.roles & {"staff", "admin"})

    @property
    def is_coordinator(self) -> bool:
        return bool(self.roles & {"coordinator", "staff", "admin"})

    @property
    def is_partner(self) -> bool:
        return bool(self.partners)

    @property
    def is_manager(self) -> bool:
        """Whether they may bind a partner: sign, renew, withdraw, send in its review."""
        return any(partner.role == "manager" for partner in self.partners)

    @property
    def partner_ids(self) -> tuple[uuid.UUID, ...]:
        return tuple(p.id for p in self.partners)

    @property
    def main_role(self) -> str:
        """The strongest role, for the audit trail."""
        for role in ("admin", "staff", "coordinator"):
            if role in self.roles:
                return role
        return "partner" if self.partners else "volunteer"


Check = Callable[[Actor], bool]


@dataclass(frozen=True)
class Policy:
    """A named rule. ``check`` is None for pages that anybody may read."""

    name: str
    check: Check | None

    @property
    def public(self) -> bool:
        return self.check is None

    def require(self, actor: Actor | None) -> None:
        """Raise unless the actor may. Nobody at all → log in; somebody else → forbidden."""
        if self.check is None:
            return
        if actor is None:
            raise LoginRequired(_("この先はログインが必要です。"))
        if not self.check(actor):
            raise Forbidden(_("この操作をする権限がありません。"))


PUBLIC = Policy("public", None)
SIGNED_IN = Policy("signed_in", lambda actor: True)
PARTNER = Policy("partner", lambda actor: actor.is_partner)
PARTNER_MANAGER = Policy("partner_manager", lambda actor: actor.is_manager)
PARTNER_OR_STAFF = Policy("partner_or_staff", lambda actor: actor.is_partner or actor.is_staff)
PARTNER_OR_CENTRE = Policy(
    "partner_or_centre", lambda actor: actor.is_partner or actor.is_coordinator
)
COORDINATOR = Policy("coordinator", lambda actor: actor.is_coordinator)
STAFF = Policy("staff", lambda actor: actor.is_staff)
ADMIN = Policy("admin", lambda actor: actor.is_admin)


def own_partner(actor: Actor, code: str | None) -> PartnerRef:
    """The partner of that code that the actor acts for (the first, without a code); else 404."""
    for partner in actor.partners:
        if code is None or partner.code == code:
            return partner
    raise NotFound(_("パートナーが見つかりません。"))
