"""Every Japanese string that people see goes through gettext, in templates and in Python."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import nodes

from server.http.render import environment
from server.settings import ROOT

# Kana and kanji. Marks between words (・ 、) are no words and need no translation.
JAPANESE = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u3005\u3400-\u9fff]")
TRANSLATORS = {"_", "_l", "gettext", "ngettext", "lazy"}
PATTERNS = {"compile"}  # what people type is matched in Japanese; that is not said to anybody
TEMPLATES = sorted(
    path for suffix in ("html", "txt") for path in (ROOT / "templates").rglob(f"*.{suffix}")
)
# Not words on a page: each with its reason.
PYTHON_EXEMPT = {
    "server/demo": "sample data, Japanese by nature",
    "server/cli.py": "talks to an operator at a shell",
    "server/doctor.py": "talks to an operator at a shell",
    "server/db/embedded.py": "talks to an operator at a shell",
    "server/accounts/commands.py": "talks to an operator at a shell",
    "server/areas/commands.py": "talks to an operator at a shell",
    "server/citysettings/commands.py": "talks to an operator at a shell",
    "server/http/styleguide.py": "sample data, demo mode only",
    "server/http/i18n.py": "how Japanese writes dates and measures",
    "server/settings.py": "names the source of the default map, as its terms ask",
    "server/agreements/document.py": "the words of the printed agreement, Japanese on any screen",
    "server/agreements/wording.py": "the words of the printed agreement, Japanese on any screen",
    "server/citysettings/registry.py": "defaults of a city's own words, replaced by the city",
    "server/citysettings/queries.py": "stands in for the city's name before there is a city",
}
PYTHON = sorted(
    path
    for path in (ROOT / "server").rglob("*.py")
    if not any(str(path.relative_to(ROOT)).startswith(exempt) for exempt in PYTHON_EXEMPT)
)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- templates ------------------------------------------------------------------------------------


def _is_translation(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name):
        return False
    return node.node.name in TRANSLATORS


def _bare_words(node: nodes.Node, translated: bool = False) -> Iterator[tuple[int, str]]:
    """Japanese text of a template that stands outside gettext, with its line."""
    if isinstance(node, nodes.TemplateData):
        for offset, line in enumerate(node.data.split("\n")):
            if JAPANESE.search(line):
                yield node.lineno + offset, line.strip()
    elif isinstance(node, nodes.Const):
        if not translated and isinstance(node.value, str) and JAPANESE.search(node.value):
            yield node.lineno, node.value
    else:
        compared = isinstance(node, nodes.Compare)  # with a code of the data; not shown
        inside = translated or compared or _is_translation(node)
        for child in node.iter_child_nodes():
            yield from _bare_words(child, inside)


def _messages(node: nodes.Node) -> Iterator[tuple[int, str]]:
    """The messages of a template that stand in ``_("…")``."""
    for call in node.find_all(nodes.Call):
        if _is_translation(call) and call.args and isinstance(call.args[0], nodes.Const):
            yield call.lineno, str(call.args[0].value)


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_templates_are_translatable(path: Path) -> None:
    tree = environment().parse(path.read_text(encoding="utf-8"))
    assert [f"{_name(path)}:{line}: {text}" for line, text in _bare_words(tree)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_messages_hold_no_bare_percent_sign(path: Path) -> None:
    """Newstyle gettext formats every message: a bare % breaks the page when it is shown."""
    tree = environment().parse(path.read_text(encoding="utf-8"))
    bare = re.compile(r"%(?!\(\w+\)[sd]|%)")
    assert [f"{_name(path)}:{n}: {text}" for n, text in _messages(tree) if bare.search(text)] == []


@pytest.mark.parametrize(
    "source", ["<p>活動</p>", '{{ ui.button("送る") }}', '<a title="地図">', '{% set x = "町" %}']
)
def test_the_scanner_finds_bare_words(source: str) -> None:
    assert list(_bare_words(environment().parse(source)))


@pytest.mark.parametrize(
    "source",
    ['{{ _("活動") }}', "{% trans %}活動{% endtrans %}", "{# 活動 #}", "<p>OK – 1 · 2</p>"],
)
def test_the_scanner_lets_translated_words_pass(source: str) -> None:
    assert list(_bare_words(environment().parse(source))) == []


# --- Python ---------------------------------------------------------------------------------------


def _docstrings(tree: ast.Module) -> set[int]:
    """Ids of the expressions that are docstrings (of variables too) and not values."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def _called(node: ast.Call) -> str:
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _bare_literals(
    node: ast.AST, skip: set[int], translated: bool = False
) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Constant):
        wrong = isinstance(node.value, str) and JAPANESE.search(node.value)
        if wrong and not translated and id(node) not in skip:
            yield node
        return
    inside = translated or (isinstance(node, ast.Call) and _called(node) in TRANSLATORS | PATTERNS)
    for child in ast.iter_child_nodes(node):
        yield from _bare_literals(child, skip, inside)


@pytest.mark.parametrize("path", PYTHON, ids=_name)
def test_python_strings_are_translatable(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = _bare_literals(tree, _docstrings(tree))
    assert [f"{_name(path)}:{node.lineno}: {node.value}" for node in found] == []


def test_translated_strings_are_not_built_by_f_strings() -> None:
    """``_(f"…")`` looks up a text that no catalogue can hold."""
    wrong = [
        f"{_name(path)}:{node.lineno}"
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _called(node) in {"_", "_l"}
        if any(isinstance(argument, ast.JoinedStr) for argument in node.args)
    ]
    assert wrong == []


def test_exemptions_are_still_needed() -> None:
    gone = [name for name in PYTHON_EXEMPT if not (ROOT / name).exists()]
    assert [name for name in gone if name != "server/areas/commands.py"] == []
