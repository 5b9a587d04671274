"""Small files, small functions: what one person can read."""

import ast
from pathlib import Path

import pytest

from server.settings import ROOT

FILE_LINES = 400
FUNCTION_LINES = 60
SOURCES = sorted(
    path
    for top in ("server", "geo")
    for path in (ROOT / top).rglob("*.py")
    if "migrations/versions" not in path.as_posix()
)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_something_to_measure() -> None:
    assert len(SOURCES) > 50


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_files_and_functions_are_small(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    lines = len(source.splitlines())
    assert lines <= FILE_LINES, f"{_name(path)} has {lines} lines"
    long = [
        f"{_name(path)}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []
