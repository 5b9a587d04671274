"""Writing on the board and looking after it."""

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.outbox import compose
from server.citysettings.registry import CityRules
from server.db.context import now
from server.errors import Conflict, Invalid, NotFound
from server.exchange.board_queries import BoardPost
from server.exchange.circle import Voice
from server.exchange.contacts import KINDS, find_contacts
from server.exchange.machine import POST
from server.exchange.models import Post
from server.http.i18n import gettext as _
from server.notices.actions import notify
from server.policy import Actor
from server.workflow.actions import begin, move
from server.workflow.audience import people

MOST_PENDING = 10  # of one person


@dataclass(frozen=True)
class Writing:
    """What somebody wrote, under an id made when the form was opened."""

    id: uuid.UUID
    title: str
    body: str


def refuse_contacts(value: str, field: str, rules: CityRules) -> None:
    """Raises Invalid that says what was found. The city's own office may be named."""
    found = find_contacts(value, rules.contact)
    if found:
        first = found[0]
        message = _(
            "%(kind)sらしいもの(%(text)s)があります。連絡先は書けません。消してから送ってください。"
        )
        raise Invalid(message % {"kind": KINDS[first.kind], "text": first.text[:60]}, field)


async def write(
    db: AsyncSession, actor: Actor, voice: Voice, writing: Writing, rules: CityRules,
    question: BoardPost | None = None,
) -> str:  # fmt: skip
    """Send a question, or an answer to ``question``; the state it is in now.

    What partners write waits to be looked at; what the centre and the city write is published at
    once. Sending again does nothing. Raises Invalid (with the field) for contact data, Conflict
    for a question that is not open.
    """
    if question is not None and question.state != "published":
        raise Conflict(_("この質問は公開されていないので、回答できません。"))
    for field, value in (("title", writing.title), ("body", writing.body)):
        refuse_contacts(value, field, rules)
    await _not_too_many(db, actor, writing.id)
    born = await _insert(db, actor, voice, writing, rules, question)
    if not born:
        return await _sent_before(db, actor, writing.id)
    begin(db, actor, POST, writing.id, "pending", hat=_hat(voice), voice=voice.kind)
    await db.flush()
    if voice.kind == "partner":
        return "pending"
    title = writing.title or (question.title if question else "")
    post = BoardPost(
        writing.id, "pending", question.id if question else None, writing.title, writing.body,
        voice.kind, voice.words, True, now(db), "", None, actor.account_id, title,
    )  # fmt: skip
    await publish(db, actor, post, question)
    return "published"


async def _not_too_many(db: AsyncSession, actor: Actor, but: uuid.UUID) -> None:
    """Somebody reads every post before it is shown; one person must not fill their queue."""
    waiting = select(func.count()).where(
        Post.requested_by == actor.account_id, Post.state == "pending", Post.id != but
    )
    if (await db.scalar(waiting) or 0) >= MOST_PENDING:
        words = _("確認を待っている書きこみが%(n)s件あります。公開されてから書いてください。")
        raise Invalid(words % {"n": MOST_PENDING}, "body")


def _hat(voice: Voice) -> str:
    return {"partner": "partner", "centre": "coordinator", "city": "staff"}[voice.kind]


async def _insert(
    db: AsyncSession, actor: Actor, voice: Voice, writing: Writing, rules: CityRules,
    question: BoardPost | None,
) -> bool:  # fmt: skip
    row = insert(Post).values(
        id=writing.id, state="pending", answers=question.id if question else None,
        title="" if question else writing.title, body=writing.body, voice=voice.kind,
        partner_id=voice.partner_id, requested_by=actor.account_id, created_at=now(db),
        # A partner's post is for the section in charge to look at; the city speaks as a section.
        section=rules.section_scheme if voice.kind == "partner" else voice.section,
    )  # fmt: skip
    added = row.on_conflict_do_nothing(index_elements=["id"]).returning(Post.id)
    return await db.scalar(added) is not None


async def _sent_before(db: AsyncSession, actor: Actor, id: uuid.UUID) -> str:
    """The state of a post that was sent before, by the same person."""
    statement = select(Post.state).where(Post.id == id, Post.requested_by == actor.account_id)
    state = await db.scalar(statement)
    if state is None:
        raise Conflict(_("この内容は送れません。もう一度、はじめから書いてください。"))
    return str(state)


async def publish(
    db: AsyncSession, actor: Actor, post: BoardPost, question: BoardPost | None
) -> None:
    """Show a post to all partners; whoever asked is told of an answer."""
    await move(db, actor, POST, post.stand, "publish")
    if question is None or question.requested_by in (None, actor.account_id, post.requested_by):
        return
    to = await people(db, partners=[], person=question.requested_by, without=actor.account_id)
    subject, body = compose("board_answer", title=question.title, who=post.who)
    await notify(
        db, "partner", to, subject=subject, body=body, path=f"/board/{question.id}",
        key=f"board_answer:{post.id}",
    )  # fmt: skip


async def look_after(
    db: AsyncSession, actor: Actor, posts: tuple[BoardPost, ...], id: uuid.UUID, verb: str,
    comment: str,
) -> None:  # fmt: skip
    """Publish, refuse or hide one of the posts of a page. Taking the same step again does
    nothing. Raises NotFound, Forbidden, Conflict, or Invalid (``comment``) without a reason."""
    post = next((one for one in posts if one.id == id), None)
    if post is None:
        raise NotFound(_("この書きこみは見つかりません。"))
    if post.state == POST.step(verb).target:
        return
    if verb == "publish":
        await publish(db, actor, post, posts[0] if post.answers else None)
    else:
        await move(db, actor, POST, post.stand, verb, comment=comment)
