"""Certificates of participation (参加証明書): issued once, frozen, verified with their code.

The day somebody shows one, the city's own record answers, not the paper.
"""

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.agreements.document import in_japanese
from server.audit.actions import record
from server.checkins import participation
from server.checkins.codes import qr_svg
from server.checkins.models import Certificate
from server.citysettings.queries import City
from server.db.context import now
from server.errors import Invalid, NotFound
from server.http.forms import nfkc
from server.http.i18n import gettext as _
from server.http.pdf import to_pdf
from server.http.render import environment
from server.policy import Actor

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 O, 1 I L: the code is read out and typed
CODE_LENGTH = 12


@dataclass(frozen=True)
class Issued:
    """A certificate as it was issued."""

    id: uuid.UUID
    code: str
    from_on: dt.date
    to_on: dt.date
    content: dict[str, Any]
    issued_at: dt.datetime

    @property
    def name(self) -> str:
        return str(self.content["name"])

    @property
    def masked_name(self) -> str:
        """The first character only.

        Whoever verifies holds the paper and compares; whoever only has or guesses a code must not
        learn the name of somebody who was at a place on a day.
        """
        return f"{self.name[:1]}○○"

    @property
    def activities(self) -> list[dict[str, Any]]:
        """date, title, host, people, minutes of each."""
        return list(self.content["activities"])

    @property
    def count(self) -> int:
        return len(self.activities)

    @property
    def minutes(self) -> int:
        return sum(int(one["minutes"]) for one in self.activities)

    @property
    def spaced_code(self) -> str:
        """``ABCD-EFGH-JKMN``, as it is printed."""
        return "-".join(self.code[n : n + 4] for n in range(0, CODE_LENGTH, 4))


async def issue(
    db: AsyncSession, actor: Actor, city: City, id: uuid.UUID, name: str, from_on: dt.date,
    to_on: dt.date,
) -> uuid.UUID:  # fmt: skip
    """Make a certificate of the activities of these days; again with the same id is harmless.

    Raises Invalid when nothing was done in that time.
    """
    rows = await participation.of_person(db, actor.account_id, city.zone.key, now(db))
    within = sorted((r for r in rows if from_on <= r.done_on <= to_on), key=lambda r: r.done_on)
    if not within:
        raise Invalid(_("この期間に参加した活動がありません。"), "period")
    made = await db.scalar(
        insert(Certificate)
        .values(
            id=id, code=new_code(), account_id=actor.account_id, from_on=from_on, to_on=to_on,
            content=_content(name, city, within), issued_at=now(db),
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(Certificate.id)
    )  # fmt: skip
    if made:
        record(db, actor, "certificate.issue", "certificate", id, activities=len(within))
    return id


def _content(name: str, city: City, rows: Sequence[participation.Took]) -> dict[str, Any]:
    """What is printed: words and numbers that later changes of the records do not touch."""
    return {
        "name": name,
        "city": city.name,
        "signatory": city.rules.signatory,
        "activities": [
            {
                "date": row.done_on.isoformat(), "title": row.title, "people": row.people,
                "host": _("個人パートナー") if row.host is None else row.host or city.name,
                "minutes": row.minutes,
            }
            for row in rows
        ],
    }  # fmt: skip


def new_code() -> str:
    """Twelve characters that cannot be mistaken for each other (59 bits)."""
    return "".join(secrets.choice(ALPHABET) for _n in range(CODE_LENGTH))


def typed_code(text: str | None) -> str:
    """A code as people type it: full width, small, with spaces or dashes."""
    return "".join(c for c in nfkc(text).upper() if c.isascii() and c.isalnum())[:40]


_COLUMNS = (
    Certificate.id, Certificate.code, Certificate.from_on, Certificate.to_on,
    Certificate.content, Certificate.issued_at,
)  # fmt: skip


async def mine(db: AsyncSession, account_id: uuid.UUID) -> list[Issued]:
    """Somebody's certificates, the newest first."""
    rows = await db.execute(
        select(*_COLUMNS)
        .where(Certificate.account_id == account_id)
        .order_by(Certificate.issued_at.desc(), Certificate.id.desc())
        .limit(100)
    )
    return [Issued(**row._mapping) for row in rows]


async def one_of_mine(db: AsyncSession, id: uuid.UUID, account_id: uuid.UUID) -> Issued:
    """A certificate of one's own; a stranger's is not there (NotFound)."""
    mine_only = (Certificate.id == id) & (Certificate.account_id == account_id)
    row = (await db.execute(select(*_COLUMNS).where(mine_only))).first()
    if row is None:
        raise NotFound(_("この証明書は見つかりません。"))
    return Issued(**row._mapping)


async def verified(db: AsyncSession, code: str) -> Issued | None:
    """The certificate of a code, if the city issued it."""
    row = (await db.execute(select(*_COLUMNS).where(Certificate.code == code))).first()
    return Issued(**row._mapping) if row else None


async def certificate_pdf(issued: Issued, address: str) -> bytes:
    """The certificate to print; ``address`` (full) is where anybody verifies it."""

    def page() -> str:
        qr = Markup(qr_svg(address, _("確かめるためのQRコード"), error="q"))  # noqa: S704 - ours
        days = [{**one, "day": dt.date.fromisoformat(one["date"])} for one in issued.activities]
        template = environment().get_template("pdf/certificate.html")
        return template.render(issued=issued, activities=days, qr=qr, address=address)

    return await to_pdf(lambda: in_japanese(page))
