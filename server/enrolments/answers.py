"""What an application says: typed, with defaults, since a draft may be incomplete."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

# Groups have a name of their own, rules, officers and a list of people; a citizen has not.
GROUPS = ("neighbourhood", "npo", "university", "company", "government")


@dataclass(frozen=True)
class Person:
    """Somebody the city can reach. Private: staff and the applicant's own side only."""

    name: str = ""
    name_kana: str = ""
    title: str = ""
    postal_code: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""

    def __bool__(self) -> bool:
        return any(asdict(self).values())


@dataclass(frozen=True)
class Answers:
    """The fields of the form. ``people`` counts everybody, ``minors`` those under 18 of them.

    For a citizen ``name`` is the person's own, and the same as ``representative.name``.
    """

    name: str = ""
    name_kana: str = ""
    representative: Person = field(default_factory=Person)
    contact: Person | None = None  # None: the representative
    emergency: Person | None = None
    people: int | None = None
    minors: int | None = None
    adult: bool = False  # a citizen declares to be of the age the city asks for
    works: tuple[str, ...] = ()  # labels.WORKS
    times_per_year: int | None = None
    season: str = ""
    start_on: dt.date | None = None
    supports: tuple[str, ...] = ()  # labels.SUPPORTS
    bag_place: str = ""
    wants_sign: bool = False
    sign_wording: str = ""
    other_schemes: str = ""
    consent_name: bool | None = None  # None: not answered yet
    consent_photos: bool | None = None
    pledged: bool = False
    privacy_agreed: bool = False

    def to_json(self) -> dict[str, object]:
        """As it is stored: JSON types only."""
        data = asdict(self)
        data["works"], data["supports"] = list(self.works), list(self.supports)
        data["start_on"] = self.start_on.isoformat() if self.start_on else None
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Answers":
        """Read what is stored; what is missing or of another time stays at its default."""
        known: dict[str, Any] = {}
        for one in fields(cls):
            value = data.get(one.name)
            if value is None:
                continue
            if one.name in ("representative", "contact", "emergency"):
                known[one.name] = _person(value)
            elif one.name in ("works", "supports"):
                known[one.name] = tuple(str(item) for item in value)
            elif one.name == "start_on":
                known[one.name] = dt.date.fromisoformat(value)
            else:
                known[one.name] = value
        return cls(**known)


def _person(value: Mapping[str, Any]) -> Person:
    return Person(**{one.name: str(value.get(one.name) or "") for one in fields(Person)})
