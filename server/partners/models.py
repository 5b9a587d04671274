"""Partners of the programme (まち「ピカ」パートナー)."""

import datetime as dt

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, CreatedAt, UuidPk, one_of

# 協働の主体, in the words and order of the city's guideline for co-creation.
SUBJECTS = ("citizen", "neighbourhood", "npo", "university", "company", "government")


class Partner(Base):
    """A partner. Whether it is active is computed from its agreements, never stored."""

    __tablename__ = "partners"
    __table_args__ = (
        CheckConstraint(one_of("subject", SUBJECTS), name="subject_known"),
        CheckConstraint(r"code ~ '^MP-[0-9]{4,}$'", name="code_shape"),
        CheckConstraint("registered_people >= 1", name="people_positive"),
    )

    id: Mapped[UuidPk]
    code: Mapped[str] = mapped_column(
        unique=True, server_default=text("next_code('MP', 'partner_code_seq')")
    )
    name: Mapped[str]
    name_kana: Mapped[str] = mapped_column(default="")
    subject: Mapped[str]
    name_public: Mapped[bool] = mapped_column(default=True)
    introduction: Mapped[str] = mapped_column(default="")
    registered_people: Mapped[int] = mapped_column(default=1)
    since: Mapped[dt.date]
    created_at: Mapped[CreatedAt]
