"""Changing the city's rules: only what differs from the default is kept, and every change noted."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.actions import record
from server.citysettings.models import CitySetting
from server.citysettings.problems import checked
from server.citysettings.queries import load_rules
from server.citysettings.registry import CityRules, Group
from server.db.context import now
from server.errors import Conflict, DomainError
from server.http.i18n import gettext as _
from server.policy import Actor


class BadRules(DomainError):
    """Rules that cannot be taken; ``problems`` says why, by rule."""

    code = "invalid"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(_("入力を確かめてください。"))
        self.problems = problems


def version_of(group: Group, rules: CityRules) -> str:
    """A short name for how a group stands, so that a form knows when it is out of date."""
    values = rules.model_dump(mode="json", include=set(group.rules))
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


async def lock_rules(db: AsyncSession) -> None:
    """One writer at a time, for a check over several rules must see them all."""
    await db.execute(text("LOCK TABLE city_settings IN SHARE ROW EXCLUSIVE MODE"))


async def save_group(
    db: AsyncSession, actor: Actor, group: Group, values: Mapping[str, Any], version: str
) -> bool:
    """Take the values of a group; False when they are in force already.

    Raises BadRules (with the rules it is about), Conflict when somebody saved the group since the
    form was opened at ``version``.
    """
    await lock_rules(db)
    before = await load_rules(db)
    after, problems = checked({**before.model_dump(mode="json"), **values})
    if problems or after is None:
        raise BadRules(problems)
    if after == before:
        return False
    if version_of(group, before) != version:
        raise Conflict(
            _(
                "ほかの人が先にこの設定を変えました。いまの内容を確かめて、もう一度保存してください。"
            )
        )
    await write_rules(db, actor, after, group.rules)
    note_change(db, actor, group.slug, before, after)
    return True


async def write_rules(
    db: AsyncSession, actor: Actor | None, rules: CityRules, keys: Mapping[str, object]
) -> None:
    """Bring the rows of these keys to what the rules say; a default needs no row."""
    default, values = CityRules().model_dump(mode="json"), rules.model_dump(mode="json")
    own = {key: values[key] for key in keys if values[key] != default[key]}
    await db.execute(
        delete(CitySetting).where(CitySetting.key.in_([key for key in keys if key not in own]))
    )
    if not own:
        return
    by = actor.account_id if actor else None
    rows = [
        {"key": key, "value": value, "changed_at": now(db), "changed_by": by}
        for key, value in own.items()
    ]
    new = insert(CitySetting).values(rows)
    changed = {name: new.excluded[name] for name in ("value", "changed_at", "changed_by")}
    await db.execute(
        new.on_conflict_do_update(
            index_elements=[CitySetting.key],
            set_=changed,
            where=CitySetting.value.is_distinct_from(new.excluded.value),
        )
    )


def note_change(
    db: AsyncSession, actor: Actor | None, name: str, before: CityRules, after: CityRules
) -> None:
    """Write the rules that changed into the audit trail, before and after."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    keys = [key for key in old if old[key] != new[key]]
    record(
        db, actor, "settings.change", "settings", name,
        before={key: old[key] for key in keys}, after={key: new[key] for key in keys},
    )  # fmt: skip
