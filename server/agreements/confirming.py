"""Confirming an agreement, by a button or on paper. The second confirmation concludes it."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from server.agreements.concluding import conclude
from server.agreements.models import Agreement
from server.agreements.proposals import locked_case, must_follow
from server.agreements.queries import AgreementView, agreement_of
from server.audit.actions import record
from server.citysettings.queries import City
from server.db.context import now
from server.errors import Conflict, Forbidden, Invalid
from server.files.actions import is_sent, keep_paper
from server.files.store import FileStore
from server.http.i18n import gettext as _
from server.policy import Actor

SIDES = ("partner", "city")


async def confirm(
    db: AsyncSession, actor: Actor, city: City, id: uuid.UUID, side: str, sha256: str
) -> AgreementView:
    """「この内容で合意します」: a named person says so for one side, of exactly the text they saw.

    Doing it again changes nothing. Raises NotFound for a stranger's, Forbidden for somebody who
    does not speak for that side, Conflict when the text is another one by now.
    """
    view, row = await _locked(db, actor, id)
    done = getattr(view, side) if side in SIDES else None
    if done and done.by == actor.account_id and view.sha256 == sha256:
        return view
    if not _speaks(view, actor, side):
        raise Forbidden(_("この合意書を確認できるのは、代表・担当の人と市の職員です。"))
    if view.sha256 != sha256:
        raise Conflict(
            _("合意書の内容が変わりました。新しい内容を読んで、もう一度確認してください。")
        )
    if getattr(view, side) is not None:
        return view
    if not view.is_open:
        raise Conflict(_("この合意書は、いまは確認できません。届出の状態を確かめてください。"))
    await _must_follow(db, city, row)
    if view.confirmed_by(actor):
        raise Forbidden(_("同じ人が、団体と市の両方の確認をすることはできません。"))
    _write(row, side, now(db), actor.account_id, actor.display_name, "app")
    record(db, actor, "agreement.confirm", "agreement", id, side=side, sha256=sha256, how="app")
    return await _conclude_if_both(db, actor, city, row, id)


async def confirm_on_paper(
    db: AsyncSession, actor: Actor, city: City, files: FileStore, id: uuid.UUID, *,
    sides: Sequence[str], day: dt.date | None, upload: UploadFile | None, sha256: str,
) -> AgreementView:  # fmt: skip
    """Staff attach the signed paper and note which sides have signed it, and on which day.

    For a concluded agreement only the scan is kept. A side that has confirmed already stays as it
    is. Raises Invalid on ``paper``, ``sides`` and ``day``, and Conflict as ``confirm`` does.
    """
    view, row = await _locked(db, actor, id)
    if view.sha256 != sha256:
        raise Conflict(_("合意書の内容が変わりました。新しい内容を確かめてください。"))
    open_sides = [side for side in sides if side in SIDES and getattr(view, side) is None]
    if open_sides and not view.is_open:
        raise Conflict(_("この合意書は、いまは確認できません。届出の状態を確かめてください。"))
    if open_sides:
        await _must_follow(db, city, row)
    if open_sides and (day is None or day > now(db).astimezone(city.zone).date()):
        raise Invalid(_("書面で合意した日を書いてください。先の日は書けません。"), "day")
    if not is_sent(upload) and (open_sides or not row.paper_file_id):
        raise Invalid(_("合意書の写し(PDFか写真)をえらんでください。"), "paper")
    if is_sent(upload) and upload is not None:
        kept = await keep_paper(
            db, files, actor, owner="agreement", owner_id=id, upload=upload, purpose="signed"
        )
        row.paper_file_id = kept.id
        record(db, actor, "agreement.paper", "agreement", id, file=str(kept.id))
    for side in open_sides:
        at = dt.datetime.combine(day or dt.date.min, dt.time(), city.zone)
        _write(row, side, at, actor.account_id, _signer(view, side), "paper")
        record(db, actor, "agreement.confirm", "agreement", id, side=side, sha256=sha256,
               how="paper", signed_on=at.date().isoformat())  # fmt: skip
    return await _conclude_if_both(db, actor, city, row, id)


def _signer(view: AgreementView, side: str) -> str:
    """Whose name stands on the paper."""
    if view.document is None:
        return ""
    if side == "city":
        return view.document.signatory or view.document.city_name
    return view.document.representative or view.document.partner_name


async def _locked(
    db: AsyncSession, actor: Actor, id: uuid.UUID
) -> tuple[AgreementView, Agreement]:  # fmt: skip
    """The agreement under lock, first its case and then itself: whoever comes second waits, and
    then sees what the first one did."""
    seen = await agreement_of(db, id, actor)
    if seen.case_id is None:
        raise Conflict(_("この合意書は、いまは確認できません。届出の状態を確かめてください。"))
    await locked_case(db, seen.case_id)
    row = (
        await db.execute(
            select(Agreement)
            .where(Agreement.id == id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).scalar_one()
    return await agreement_of(db, id, actor), row


async def _must_follow(db: AsyncSession, city: City, row: Agreement) -> None:
    today = now(db).astimezone(city.zone).date()
    if row.enrolment_id is not None:
        await must_follow(db, row.enrolment_id, row.occasion, row.period.lower, today)


def _speaks(view: AgreementView, actor: Actor, side: str) -> bool:
    if side == "city":
        return actor.is_staff
    return side == "partner" and view.stands_for_partner(actor)


def _write(row: Agreement, side: str, at: dt.datetime, by: uuid.UUID, name: str, how: str) -> None:
    values = {"at": at, "by": by, "name": name, "how": how}
    for part, value in values.items():
        setattr(row, f"{side}_confirmed_{part}", value)


async def _conclude_if_both(
    db: AsyncSession, actor: Actor, city: City, row: Agreement, id: uuid.UUID
) -> AgreementView:
    await db.flush()
    view = await agreement_of(db, id, actor)
    if view.partner and view.city and view.agreed_on is None:
        await conclude(db, actor, city, row, view)
        view = await agreement_of(db, id, actor)
    return view
