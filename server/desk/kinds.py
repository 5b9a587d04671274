"""What kinds of things wait on the desk: their names, and the page on which each is dealt with."""

from dataclasses import dataclass

from server.http.i18n import lazy as _l
from server.labels import CLEANUP_STATES
from server.workflow.registry import MACHINES


@dataclass(frozen=True)
class DeskKind:
    """A kind of record. ``route`` is its page (by id); ``accept`` says whether a whole list of
    them may be accepted at once, see ``actions.accept``."""

    label: str
    icon: str
    route: str
    accept: bool = False


# In the order of the filter. Keys are the kinds of the view ``desk_items``.
KINDS: dict[str, DeskKind] = {
    "enrolment": DeskKind(_l("届出・合意"), "people", "staff_application"),
    "notice": DeskKind(_l("変更届"), "edit", "notice"),
    "succession": DeskKind(_l("引き継ぎ"), "hands", "succession"),
    "supply": DeskKind(_l("支給"), "bag", "supply"),
    "loan": DeskKind(_l("草刈り機"), "clock", "loan"),
    "sign": DeskKind(_l("表示板"), "flag", "sign"),
    "pickup": DeskKind(_l("回収"), "trash", "pickup", accept=True),
    "fault": DeskKind(_l("情報提供"), "pin", "fault"),
    "accident": DeskKind(_l("事故"), "warning", "accident"),
    "post": DeskKind(_l("掲示板"), "mail", "post"),
    "cleanup": DeskKind(_l("活動報告"), "leaf", "cleanup", accept=True),
}


def state_label(kind: str, state: str) -> str:
    """The state of a waiting thing in words. Reports have no declared machine."""
    if kind == "cleanup":
        return CLEANUP_STATES[state]
    return MACHINES[kind].states[state]
