"""The demo's sign-ups: a full activity with a queue, groups with children, slots, an open offer."""

import datetime as dt
import uuid
from typing import Any

from server.demo.ids import demo_uuid
from server.demo.personas import VOLUNTEERS
from server.demo.programme.kit import Demo

# who, people, under15, name of the group
Row = tuple[str, int, int, str]

FULL: tuple[Row, ...] = (
    ("volunteer-01", 2, 0, ""), ("volunteer-02", 1, 0, ""), ("volunteer-05", 3, 2, "見本家"),
    ("volunteer-08", 1, 0, ""),
)  # fmt: skip
QUEUE: tuple[Row, ...] = (
    ("volunteer-09", 1, 0, ""), ("hanako", 1, 0, ""), ("volunteer-11", 4, 3, "見本子ども会"),
    ("volunteer-14", 1, 0, ""),
)  # fmt: skip


def fill(demo: Demo) -> None:
    """A full flower bed with a queue, one where a place has got free for はなこ, one with slots."""
    full = _activity(demo, 9, "花壇の植えかえ", ["flowerbed", "planting"], 7,
                     guardian="accompany", kind="flowerbed")  # fmt: skip
    for n, row in enumerate(FULL):
        _signup(demo, full, row, n)
    for n, row in enumerate(QUEUE):
        _wait(demo, full, row, n)
    offered = _activity(demo, 12, "駅前の朝のごみ拾い", ["litter"], 6)
    for n, row in enumerate(FULL[:2]):
        _signup(demo, offered, row, n)
    _signup(demo, offered, ("volunteer-20", 1, 0, ""), 3)
    _wait(demo, offered, ("hanako", 2, 1, ""), 0, until=demo.moment(1, 18))
    _wait(demo, offered, ("volunteer-21", 3, 0, "見本サークル"), 1)
    _slots(demo)


def _slots(demo: Demo) -> None:
    """An activity that is shared out into roles, one of them full."""
    id = _activity(demo, 16, "海岸の草刈りとごみ拾い", ["weeding", "litter"], 20,
                   guardian="consent", deadline_at=demo.moment(14, 17))  # fmt: skip
    roles = (("受付", "reception", 2, False), ("草刈り機班", "mower", 4, True),
             ("ごみ拾い班", "litter", 14, False))  # fmt: skip
    slots = [
        demo.insert("opportunity_slots", opportunity_id=id, position=n, label=label, role=role,
                    capacity=capacity, needs_course=course,
                    id=demo_uuid(demo.moment(-8), "slot", label))
        for n, (label, role, capacity, course) in enumerate(roles)
    ]  # fmt: skip
    _signup(demo, id, ("volunteer-23", 2, 0, ""), 0, slots[0])
    _signup(demo, id, ("kenji", 2, 0, ""), 1, slots[1], for_partner_id=demo.partner("MP-0001"))
    _signup(demo, id, ("volunteer-25", 5, 4, "見本少年団"), 2, slots[2],
            guardian_name="見本なぎさ", consent_at=demo.moment(-3, 20))  # fmt: skip
    _wait(demo, id, ("volunteer-26", 1, 0, ""), 2, slot=slots[0])


def _activity(
    demo: Demo, day: int, title: str, works: list[str], capacity: int, **more: Any
) -> uuid.UUID:
    """An activity of MP-0001 on the next Saturday or Sunday from ``day`` days ahead."""
    while demo.day(day).weekday() < 5:
        day += 1
    return demo.insert(
        "opportunities", partner_id=demo.partner("MP-0001"), title=title,
        description="はじめての方も、道具の使い方から説明します。", works=works,
        starts_at=demo.moment(day, 9, 30), ends_at=demo.moment(day, 11, 0),
        meeting_place="母恋駅前の広場", meeting_point="SRID=4326;POINT(140.9890 42.3169)",
        capacity=capacity, children_ok=True, empty_handed_ok=True, bring="飲み物、ぼうし",
        safety_notes="", step_free=False, state="published", cancel_reason="", sequence=0,
        created_by=demo.account("kenji"), created_at=demo.moment(-10), updated_at=demo.moment(-10),
        published_at=demo.moment(-10), **more,
    )  # fmt: skip


def _account(demo: Demo, key: str) -> uuid.UUID:
    found = next((one.id for one in VOLUNTEERS if one.key == key), None)
    return found or demo.account(key)


def _signup(
    demo: Demo, id: uuid.UUID, row: Row, n: int, slot: uuid.UUID | None = None, **more: Any
) -> None:
    who, people, under15, group = row
    demo.insert(
        "signups", opportunity_id=id, account_id=_account(demo, who), people=people,
        under15=under15, group_name=group, slot_id=slot, created_at=demo.moment(-8 + n, 19, n),
        **more,
    )  # fmt: skip


def _wait(
    demo: Demo, id: uuid.UUID, row: Row, n: int, *, slot: uuid.UUID | None = None,
    until: dt.datetime | None = None,
) -> None:  # fmt: skip
    who, people, under15, group = row
    demo.insert(
        "waitlist_entries", opportunity_id=id, account_id=_account(demo, who), people=people,
        slot_id=slot, created_at=demo.moment(-4 + n, 20, n), answers={
            "under15": under15, "guardian_name": "", "consent_at": None, "group_name": group,
            "for_partner_id": None,
        },
        offered_at=demo.moment(0, 0, 5) if until else None, offer_expires_at=until,
        ended_how="",
    )  # fmt: skip
