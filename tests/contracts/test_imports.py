"""Who may import whom: the contracts of ``[tool.importlinter]`` in pyproject.toml."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from server.settings import ROOT


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_two_contracts_exist() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = [contract["name"] for contract in config["tool"]["importlinter"]["contracts"]]
    assert any(name.startswith("geo is pure") for name in names)
    assert any(name.startswith("pages hold no SQL") for name in names)


_FORBIDDEN = re.compile(r"^\s*(?:from|import) (sqlalchemy|shapely|psycopg)\b", re.MULTILINE)
_PAGES = sorted(p for p in (ROOT / "server").glob("*/*pages.py") if p.parent.name != "http")


@pytest.mark.parametrize("path", _PAGES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_pages_of_every_name_hold_no_sql(path: Path) -> None:
    """import-linter's wildcard reaches ``pages`` only; staffpages and the like follow it too."""
    assert _FORBIDDEN.findall(path.read_text(encoding="utf-8")) == []
