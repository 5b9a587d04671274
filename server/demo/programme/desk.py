"""The demo's desk: who of the staff has taken what waits. Comes last, when everything waits."""

from server.demo.programme.kit import Demo

# Every third waiting thing is in somebody's hands, most of them in さとう's.
HANDS = ("sato", "", "", "kanri", "", "", "sato", "", "")


def fill(demo: Demo) -> None:
    """Put some of the waiting things into the staff's hands."""
    waiting = demo.connection.execute("SELECT kind, id FROM desk_items ORDER BY since, id")
    for number, (kind, id) in enumerate(waiting.fetchall()):
        who = HANDS[number % len(HANDS)]
        if who:
            demo.insert(
                "desk_assignments", kind=kind, object_id=id, account_id=demo.account(who),
                created_at=demo.moment(-1),
            )  # fmt: skip
