"""What ``deploy/setup.sh`` leaves behind, and what a wrong setting says."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from server.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def test_a_refused_setting_prints_no_password() -> None:
    with pytest.raises(ValidationError, match="https://") as refused:
        Settings(
            environment="production",
            database_url="postgresql://u:geheim@h/d",
            smtp_url="smtp://u:geheim@h",
        )
    assert "geheim" not in str(refused.value)


def test_the_launcher_works_below_a_folder_with_odd_letters(tmp_path: Path) -> None:
    """The first line of a Python script cannot hold a path with spaces; ours need not."""
    here = tmp_path / "my $HOME's まち"
    (here / ".venv/bin").mkdir(parents=True)
    python = here / ".venv/bin/python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$PYTHONPATH" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    script = (ROOT / "deploy/setup.sh").read_text(encoding="utf-8")
    write = re.search(r"^  printf .*?> \.venv/bin/machipika$", script, re.MULTILINE | re.DOTALL)
    assert write
    subprocess.run(["/bin/bash", "-euc", write[0]], cwd=here, check=True)
    launcher = here / ".venv/bin/machipika"
    launcher.chmod(0o755)
    done = subprocess.run(
        [launcher, "serve", "a b"], capture_output=True, text=True, check=True,
        cwd="/", env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.stdout.splitlines() == [str(here), "-m", "server.cli", "serve", "a b"]
