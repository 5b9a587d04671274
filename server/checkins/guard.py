"""Limits on asking public pages again and again: nobody finds a code by trying."""

from starlette.requests import Request

from server.http.ratelimit import Limit, client_address, take

VERIFY = Limit("verify", 30, 600)
FORGED = Limit("checkin-forged", 30, 600)


async def count(request: Request, limit: Limit) -> None:
    """Use one token of the caller's address, in a transaction of its own that stays."""
    async with request.state["sessions"]() as db, db.begin():
        await take(db, limit, client_address(request))
