"""Reads of the board. Nobody's own name is selected: a post speaks with a voice."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.exchange.circle import voice_name
from server.exchange.machine import POST
from server.http.forms import nfkc
from server.ledgers.lists import like
from server.policy import Actor
from server.workflow.actions import Stand

PAGE_ROWS = 30


@dataclass(frozen=True)
class BoardPost:
    """A question or an answer. ``who`` is its voice in words; ``mine`` = of the reader or the
    reader's partner; ``reason`` why it is not shown, for those who may know."""

    id: uuid.UUID
    state: str
    answers: uuid.UUID | None
    title: str
    body: str
    voice: str
    who: str
    mine: bool
    created_at: dt.datetime
    reason: str
    partner_id: uuid.UUID | None
    requested_by: uuid.UUID | None
    question_title: str = ""
    answer_count: int = 0

    @property
    def stand(self) -> Stand:
        """What ``move`` needs of it."""
        title = self.title or self.question_title
        return Stand(self.id, self.state, title, self.partner_id, self.requested_by)


_COLUMNS = """
       t.id, t.state, t.answers, t.title, t.body, t.voice, t.section, t.created_at, t.partner_id,
       t.requested_by, p.subject, CASE WHEN p.name_public THEN p.name END AS name,
       (t.requested_by = :me OR t.partner_id = ANY(cast(:mine AS uuid[]))) IS TRUE AS mine"""
# Readable: what is published (an answer: below a published question), what is one's own, and
# everything for those who look after the board.
_READABLE = """
       (:keeper OR t.requested_by = :me OR t.partner_id = ANY(cast(:mine AS uuid[]))
        OR (t.state = 'published' AND coalesce(q.state, 'published') = 'published'))"""
_REASON = """
       CASE WHEN t.state IN ('refused', 'hidden') THEN coalesce((
            SELECT c.comment FROM state_changes c
             WHERE c.object_id = t.id AND c.machine = 'post' AND c.to_state = t.state
             ORDER BY c.at DESC, c.id DESC LIMIT 1), '') ELSE '' END AS reason"""


def _asking(actor: Actor) -> dict[str, Any]:
    return {
        "me": actor.account_id, "mine": list(actor.partner_ids), "keeper": actor.is_coordinator,
    }  # fmt: skip


def _post(row: Any) -> BoardPost:
    return BoardPost(
        id=row.id, state=row.state, answers=row.answers, title=row.title, body=row.body,
        voice=row.voice, who=voice_name(row.voice, row.section, row.name, row.subject),
        mine=row.mine, created_at=row.created_at, reason=row.reason, partner_id=row.partner_id,
        requested_by=row.requested_by, question_title=getattr(row, "question_title", "") or "",
        answer_count=getattr(row, "answer_count", 0),
    )  # fmt: skip


# --- the list of questions -----------------------------------------------------------------------


@dataclass(frozen=True)
class BoardFilter:
    """``open`` = only questions without an answer."""

    q: str = ""
    open: bool = False
    page: int = 1

    def query(self, **changed: Any) -> str:
        """The query of an address with some of it changed; the first page is not said."""
        now = replace(self, **{"page": 1, **changed})
        said = {"q": now.q, "open": "1" if now.open else ""}
        return urlencode(
            {k: v for k, v in {**said, "page": now.page if now.page > 1 else ""}.items() if v}
        )


def read_board_filter(params: Mapping[str, str]) -> BoardFilter:
    """The filter of an address; what makes no sense is left out."""
    page = params.get("page", "")
    return BoardFilter(
        q=nfkc(params.get("q"))[:60].replace("\x00", ""),
        open=params.get("open") == "1",
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


@dataclass(frozen=True)
class BoardPage:
    """Questions, the newest first; ``own`` are posts of the reader that are not shown."""

    rows: tuple[BoardPost, ...]
    more: bool
    own: tuple[BoardPost, ...]


_QUESTIONS = text(f"""
(SELECT 'question' AS part, {_COLUMNS}, '' AS reason, '' AS question_title,
       (SELECT count(*) FROM posts a WHERE a.answers = t.id AND a.state = 'published')
       AS answer_count
  FROM posts t LEFT JOIN partners p ON p.id = t.partner_id
 WHERE t.answers IS NULL AND t.state = 'published'
   AND (:q = '' OR t.title ILIKE :like OR t.body ILIKE :like OR EXISTS (
        SELECT FROM posts a
         WHERE a.answers = t.id AND a.state = 'published' AND a.body ILIKE :like))
   AND (NOT :open OR NOT EXISTS (
        SELECT FROM posts a WHERE a.answers = t.id AND a.state = 'published'))
 ORDER BY t.created_at DESC, t.id DESC LIMIT :rows OFFSET :skip)
UNION ALL
(SELECT 'own', {_COLUMNS}, {_REASON}, q.title, 0
  FROM posts t
  LEFT JOIN partners p ON p.id = t.partner_id
  LEFT JOIN posts q ON q.id = t.answers
 WHERE t.state <> 'published'
   AND (t.requested_by = :me OR t.partner_id = ANY(cast(:mine AS uuid[])))
 ORDER BY t.created_at DESC LIMIT 20)
""")  # noqa: S608 - fixed text only


async def questions(db: AsyncSession, actor: Actor, asked: BoardFilter) -> BoardPage:
    """Published questions, the newest first, and the reader's own posts that are not shown."""
    values = {
        **_asking(actor), "q": asked.q, "like": like(asked.q), "open": asked.open,
        "rows": PAGE_ROWS + 1, "skip": (asked.page - 1) * PAGE_ROWS,
    }  # fmt: skip
    del values["keeper"]
    found = (await db.execute(_QUESTIONS, values)).all()
    rows = [_post(row) for row in found if row.part == "question"]
    own = tuple(_post(row) for row in found if row.part == "own")
    return BoardPage(tuple(rows[:PAGE_ROWS]), len(rows) > PAGE_ROWS, own)


# --- one question --------------------------------------------------------------------------------

_THREAD = text(f"""
SELECT {_COLUMNS}, {_REASON}, q.title AS question_title, 0 AS answer_count
  FROM posts t
  LEFT JOIN partners p ON p.id = t.partner_id
  LEFT JOIN posts q ON q.id = t.answers
 WHERE coalesce(t.answers, t.id) = (SELECT coalesce(o.answers, o.id) FROM posts o WHERE o.id = :id)
   AND {_READABLE}
 ORDER BY t.answers NULLS FIRST, t.created_at, t.id
""")  # noqa: S608 - fixed text only


async def thread(db: AsyncSession, actor: Actor, id: uuid.UUID) -> tuple[BoardPost, ...]:
    """The question to which ``id`` belongs and its answers, the oldest first: what this person
    may read of them. Empty when ``id`` itself is not theirs to read."""
    rows = (await db.execute(_THREAD, {**_asking(actor), "id": id})).all()
    posts = tuple(_post(row) for row in rows)
    seen = any(post.id == id for post in posts)
    return posts if seen and posts[0].answers is None else ()


# --- looking after the board ---------------------------------------------------------------------

_QUEUE = text(f"""
SELECT {_COLUMNS}, {_REASON}, q.title AS question_title, 0 AS answer_count,
       (SELECT json_object_agg(s.state, s.n) FROM (
            SELECT state, count(*) AS n FROM posts GROUP BY state) s) AS counts
  FROM (SELECT * FROM posts WHERE state = :state
         ORDER BY CASE WHEN state = 'pending' THEN created_at END, created_at DESC LIMIT :rows) t
  LEFT JOIN partners p ON p.id = t.partner_id
  LEFT JOIN posts q ON q.id = t.answers
 RIGHT JOIN (SELECT 1) one ON true
 ORDER BY CASE WHEN t.state = 'pending' THEN t.created_at END, t.created_at DESC
""")  # noqa: S608 - fixed text only


@dataclass(frozen=True)
class Queue:
    """Posts in one state, the longest waiting first; ``counts`` of all states."""

    rows: tuple[BoardPost, ...]
    counts: dict[str, int]


async def queue(db: AsyncSession, actor: Actor, state: str) -> Queue:
    """The posts of a state for those who look after the board."""
    values = {**_asking(actor), "state": state, "rows": 100}
    del values["keeper"]
    found = (await db.execute(_QUEUE, values)).all()
    counts = dict.fromkeys(POST.states, 0) | dict(found[0].counts or {})
    return Queue(tuple(_post(row) for row in found if row.id), counts)
