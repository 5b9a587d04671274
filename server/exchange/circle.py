"""Who takes part in the exchange: partner people, the centre, the city. And as whom they speak."""

import uuid
from dataclasses import dataclass

from server.errors import Forbidden
from server.http.i18n import gettext as _
from server.labels import VOICES
from server.policy import Actor


def must_belong(actor: Actor) -> None:
    """Raises Forbidden for people of no partner who are neither centre nor city."""
    if not (actor.is_partner or actor.is_coordinator):
        raise Forbidden(_("この画面は、まち「ピカ」パートナーの方のためのものです。"))


@dataclass(frozen=True)
class Voice:
    """As whom somebody writes. ``key`` is the value of the form's choice."""

    kind: str  # partner | centre | city
    words: str
    partner_id: uuid.UUID | None = None
    section: str = ""

    @property
    def key(self) -> str:
        return str(self.partner_id) if self.partner_id else self.kind


def voices(actor: Actor) -> tuple[Voice, ...]:
    """The voices somebody may use, the official one first."""
    found = []
    if actor.is_staff:
        found.append(
            Voice("city", voice_name("city", actor.section or ""), None, actor.section or "")
        )
    if "coordinator" in actor.roles:
        found.append(Voice("centre", voice_name("centre")))
    found += [Voice("partner", one.name, one.id) for one in actor.partners]
    return tuple(found)


def voice_name(
    kind: str, section: str = "", name: str | None = None, subject: str | None = None
) -> str:
    """How a voice is shown. ``name`` is None for a partner who is not to be named; a person's
    own name is never part of it."""
    if kind == "city" and section:
        return _("市(%(section)s)") % {"section": section}
    if kind != "partner":
        return str(VOICES[kind])
    if name:
        return name
    return _("個人パートナー") if subject == "citizen" else _("パートナー")
