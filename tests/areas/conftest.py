"""Fixtures of the import tests."""

from collections.abc import AsyncIterator

import pytest

from tests.areas.importkit import Site, open_site
from tests.conftest import FixedClock


@pytest.fixture
async def site(database_url: str, clock: FixedClock) -> AsyncIterator[Site]:
    """A site with real commits and a real worker."""
    async with open_site(database_url, clock) as made:
        yield made
