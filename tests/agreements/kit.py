"""What the tests of agreements share: a case that waits for one, and the form of a proposal."""

import re
import uuid
from typing import Any

import httpx2
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.models import Account
from server.agreements.models import Agreement
from server.areas.models import Area
from server.audit.models import AuditEvent
from server.db.base import uuid7
from server.enrolments.machine import ENROLMENT
from server.enrolments.models import Enrolment, EnrolmentArea
from tests import factories

NAME = "見本髙﨑𠮷商店"
ANSWERS: dict[str, Any] = {
    "name": NAME,
    "name_kana": "ミホンタカサキヨシショウテン",
    "representative": {"name": "見本髙﨑", "title": "代表取締役", "phone": "0143-00-0000"},
    "emergency": {"name": "見本みどり", "phone": "090-0000-0000"},
    "people": 12,
    "minors": 2,
    "works": ["litter", "weeding"],
    "times_per_year": 6,
    "season": "4月から11月まで",
    "supports": ["bags", "pickup"],
    "consent_name": True,
    "consent_photos": False,
}
DRAWN = "LINESTRING(140.9750 42.3160, 140.9780 42.3172, 140.9801 42.3180)"
PAPER = ("scan.pdf", b"%PDF-1.4\n%%EOF\n", "application/pdf")


async def case_to_agree(
    db: AsyncSession, applicant: Account | None, picked: list[Area], *, drawn: str | None = DRAWN,
    state: str = "checking", subject: str = "company", **answers: Any,
) -> Enrolment:  # fmt: skip
    """A filed application with areas of the register and, if wanted, a drawn one."""
    case = Enrolment(
        state="draft", subject=subject, by_proxy=applicant is None, section="地域生活課",
        requested_by=applicant.id if applicant else None, answers={**ANSWERS, **answers},
    )  # fmt: skip
    db.add(case)
    await db.flush()
    await db.refresh(case)
    for area in picked:
        db.add(EnrolmentArea(id=uuid7(), enrolment_id=case.id, area_id=area.id))
    if drawn:
        db.add(EnrolmentArea(id=uuid7(), enrolment_id=case.id, geom=f"SRID=4326;{drawn}",
                             name="見本通り", kind="city_road"))  # fmt: skip
    await db.flush()
    if state != "draft":
        await factories.bring_to(db, ENROLMENT, case, state)
    await db.commit()
    return case


def form_of(html: str) -> dict[str, Any]:
    """The fields of the page's form as a browser would send them."""
    form = html[html.index("<main") : html.index("</main>")]
    fields: dict[str, Any] = {}

    def add(name: str, value: str) -> None:
        fields[name] = [*fields[name], value] if name in fields else [value]

    for tag in re.findall(r"<input\b[^>]*>", form):
        values = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        boxed = values.get("type") in ("checkbox", "radio")
        if "name" in values and (not boxed or re.search(r"\bchecked\b", tag)):
            add(values["name"], values.get("value", "y"))
    for attributes, body in re.findall(r"<textarea\b([^>]*)>(.*?)</textarea>", form, re.S):
        add(str(_name(attributes)), body.strip())
    for attributes, body in re.findall(r"<select\b([^>]*)>(.*?)</select>", form, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', body)
        add(str(_name(attributes)), chosen[1] if chosen else "")
    return fields


def _name(attributes: str) -> str:
    found = re.search(r'\bname="([^"]*)"', attributes)
    assert found, attributes
    return found[1]


async def proposal(
    client: httpx2.AsyncClient, case: Enrolment, **changes: Any
) -> tuple[httpx2.Response, dict[str, Any]]:
    """Open the form of a proposal and send it as it is, but for ``changes``."""
    page = await client.get(f"/staff/applications/{case.id}/agreement")
    assert page.status_code == 200, page.text
    sent = {**form_of(page.text), **changes}
    for name in [name for name, value in sent.items() if value is None]:
        del sent[name]
    answer = await client.post(f"/staff/applications/{case.id}/agreement", data=sent)
    return answer, sent


async def proposed(client: httpx2.AsyncClient, case: Enrolment, **changes: Any) -> uuid.UUID:
    """A saved proposal; its id."""
    answer, _sent = await proposal(client, case, **changes)
    assert answer.status_code == 303, answer.text
    return uuid.UUID(answer.headers["location"].rsplit("/", 1)[1])


async def agree(
    client: httpx2.AsyncClient, row: Agreement, side: str, sha256: str | None = None
) -> httpx2.Response:
    """Press 「この内容で合意します」."""
    form = {"sha256": sha256 if sha256 is not None else row.document_sha256, "side": side}
    return await client.post(f"/agreements/{row.id}/confirm", data=form)


async def row_of(db: AsyncSession, id: uuid.UUID) -> Agreement:
    """The row as it is now."""
    query = select(Agreement).where(Agreement.id == id)
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one()


async def case_now(db: AsyncSession, id: uuid.UUID) -> Enrolment:
    """The case as it is now."""
    query = select(Enrolment).where(Enrolment.id == id)
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one()


async def audited(db: AsyncSession) -> list[str]:
    """All actions of the audit trail, in order."""
    return list(await db.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
