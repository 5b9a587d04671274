"""Writing the audit trail, in the same transaction as the act itself."""

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.models import AuditEvent
from server.db.context import now, reference
from server.policy import Actor


def record(
    db: AsyncSession,
    actor: Actor | None,
    action: str,
    object_type: str,
    object_id: uuid.UUID | str,
    **detail: object,
) -> None:
    """Note an act: ``action`` is ``<noun>.<verb>`` (``cleanup.withdraw``); ``detail`` what changed.

    Never put contact data into ``detail``: the trail is kept for good.
    """
    db.add(
        AuditEvent(
            at=now(db),
            actor_id=actor.account_id if actor else None,
            actor_role=actor.main_role if actor else "nobody",
            action=action,
            object_type=object_type,
            object_id=str(object_id),
            detail=detail,
            request_id=reference(db),
        )
    )
