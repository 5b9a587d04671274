"""What somebody would like to do, where and when. Everything here is optional."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from server.db.base import Base, CreatedAt, Geom, UuidPk, geometry_column, one_of
from server.opportunities.models import STRENGTHS

TRAVELS = ("walk", "bicycle", "car")
COMPANIES = ("alone", "family", "school", "company", "group")
TOOLS = ("mower_course", "mower", "chainsaw_course", "truck", "tongs", "first_aid")
BANDS = ("morning", "afternoon", "evening")
# Free times: ISO weekday and part of the day, such as "7-morning".
FREE_TIMES = tuple(f"{day}-{band}" for day in range(1, 8) for band in BANDS)


class Preferences(Base):
    """One person's wishes. ``home`` is the middle of a cell of about 500 m, never exact."""

    __tablename__ = "preferences"
    __table_args__ = (
        CheckConstraint("reach_m BETWEEN 200 AND 50000", name="reach_range"),
        CheckConstraint(one_of("travel", TRAVELS), name="travel_known"),
        CheckConstraint(one_of("company", COMPANIES), name="company_known"),
        CheckConstraint(one_of("strength", STRENGTHS), name="strength_known"),
        CheckConstraint("group_people BETWEEN 1 AND 50", name="group_range"),
        CheckConstraint("help_per_month BETWEEN 0 AND 31", name="help_range"),
        Index("ix_preferences_home_geog", text("(home::geography)"), postgresql_using="gist"),
    )

    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    home: Mapped[Geom | None] = mapped_column(geometry_column("POINT"))
    home_label: Mapped[str] = mapped_column(default="")
    reach_m: Mapped[int] = mapped_column(default=3000)
    travel: Mapped[str] = mapped_column(default="walk")
    free_times: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    works: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    strength: Mapped[str] = mapped_column(default="hard")  # the hardest that is welcome
    with_children: Mapped[bool] = mapped_column(default=False)
    step_free: Mapped[bool] = mapped_column(default=False)
    tools: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    company: Mapped[str] = mapped_column(default="alone")
    group_people: Mapped[int] = mapped_column(default=1)
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    helps: Mapped[bool] = mapped_column(default=False)  # may be asked by help calls
    help_per_month: Mapped[int] = mapped_column(default=2)  # and how often, at most
    updated_at: Mapped[CreatedAt]


class SavedSearch(Base):
    """A search that tells when something new fits (「近くに新しい活動」)."""

    __tablename__ = "saved_searches"
    __table_args__ = (
        CheckConstraint("radius_m BETWEEN 0 AND 50000", name="radius_range"),
        Index("ix_saved_searches_account", "account_id"),
        Index("ix_saved_searches_point_geog", text("(point::geography)"), postgresql_using="gist"),
    )

    id: Mapped[UuidPk]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    label: Mapped[str] = mapped_column(default="")
    point: Mapped[Geom | None] = mapped_column(geometry_column("POINT"))  # none = the whole city
    radius_m: Mapped[int] = mapped_column(default=3000)
    works: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    weekdays: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)  # ISO, "1" to "7"
    bands: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    children_ok: Mapped[bool] = mapped_column(default=False)
    empty_handed_ok: Mapped[bool] = mapped_column(default=False)
    step_free: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]
    told_until: Mapped[dt.datetime]  # activities published later are still to be told
