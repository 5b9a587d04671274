"""The migrations build exactly the tables that the models describe."""

import io

from alembic import command
from alembic.config import Config

from server.settings import ROOT


def test_migrations_match_the_models(template: str) -> None:
    config = Config(str(ROOT / "alembic.ini"), stdout=io.StringIO())
    config.set_main_option("script_location", str(ROOT / "server/db/migrations"))
    config.attributes["url"] = template
    command.check(config)  # raises, naming the difference


def test_there_is_one_line_of_migrations() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(ROOT / "server/db/migrations"))
    assert len(scripts.get_heads()) == 1
