"""How distances are said: rounded in one place, and never backwards at the seams."""

import pytest

from server.http.i18n import jdistance


@pytest.mark.parametrize(
    ("metres", "said"),
    [
        (3, "約10m"), (94, "約90m"), (600, "約600m"), (950, "約950m"), (974, "約950m"),
        (975, "約1.0km"), (1_900, "約1.9km"), (1_950, "約2.0km"), (12_345, "約12km"),
    ],
)  # fmt: skip
def test_distance_in_words(metres: float, said: str) -> None:
    assert jdistance(metres) == said
