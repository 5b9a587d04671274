"""The people of the demo. Everybody in the tests and on the demo log-in page is one of these."""

import uuid
from dataclasses import dataclass
from typing import Final

from server.demo.ids import fixed_uuid


@dataclass(frozen=True)
class Persona:
    """A sample person with a role; ``partner_code`` and ``partner_role`` for partner people."""

    key: str
    display_name: str
    email: str | None
    roles: tuple[str, ...] = ()
    section: str | None = None
    partner_code: str | None = None
    partner_role: str | None = None

    @property
    def id(self) -> uuid.UUID:
        """The account id: the same on every day and machine."""
        return fixed_uuid("account", self.key)


HANAKO: Final = Persona("hanako", "見本はなこ", "hanako@example.jp")
KENJI: Final = Persona(
    "kenji", "見本けんじ", "kenji@example.jp", partner_code="MP-0001", partner_role="manager"
)
# 75 years old and without an e-mail address: whatever asks for one shuts her out.
TOYO: Final = Persona("toyo", "見本とよ", None, partner_code="MP-0001", partner_role="member")
SATO: Final = Persona(
    "sato", "見本さとう", "sato@example.jp", roles=("staff",), section="土木課維持係"
)
KANAE: Final = Persona("kanae", "見本かなえ", "kanae@example.jp", roles=("coordinator",))
KANRI: Final = Persona("kanri", "見本かんり", "kanri@example.jp", roles=("admin",))

PERSONAS: Final = (HANAKO, KENJI, TOYO, SATO, KANAE, KANRI)

_GIVEN_NAMES: Final = (
    "あおい", "あかり", "いつき", "うみ", "えま", "おとは", "かいと", "かえで",
    "かずき", "きよし", "くるみ", "けいこ", "こうた", "さき", "さくら", "しげる",
    "すみれ", "せいじ", "そうた", "たいち", "ちひろ", "つむぎ", "てつお", "ともこ",
    "なお", "なぎさ", "のぞみ", "はると", "ひかり", "ひろし", "ふみえ", "まさる",
    "みお", "みつこ", "ゆうき", "ゆりこ", "よしえ", "りく", "れいな", "わたる",
)  # fmt: skip

# They take places in activities. Without an address nobody can log in as them.
VOLUNTEERS: Final = tuple(
    Persona(f"volunteer-{n:02}", f"見本{name}", None) for n, name in enumerate(_GIVEN_NAMES, 1)
)
