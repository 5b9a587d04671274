"""``docs/states.md``: every state machine as a diagram and a table, made from its declaration.

python -m server.workflow.diagram > docs/states.md
"""

from server.labels import HATS
from server.workflow.machine import Machine
from server.workflow.registry import MACHINES

_INTRODUCTION = """# States

Made from `server/*/machine.py` by `python -m server.workflow.diagram > docs/states.md`; a test
compares. The database holds the same steps in `workflow_edges` and refuses all others.
"""


def page() -> str:
    """The whole page as Markdown."""
    return _INTRODUCTION + "".join(_section(machine) for machine in MACHINES.values())


def _section(machine: Machine) -> str:
    return f"\n## {machine.noun} (`{machine.name}`)\n\n{_diagram(machine)}\n{_table(machine)}"


def _diagram(machine: Machine) -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'  state "{label}" as {state}' for state, label in machine.states.items()]
    lines += [f"  [*] --> {state}" for state in machine.initial]
    for step in machine.steps:
        lines += [f"  {source} --> {step.target}: {step.label}" for source in step.sources]
    return "\n".join([*lines, "```\n"])


def _table(machine: Machine) -> str:
    head = "| step | from | to | who | must hold | reason | told |\n|---|---|---|---|---|---|---|\n"
    rows = []
    for step in machine.steps:
        cells = (
            f"{step.label} (`{step.verb}`)",
            " / ".join(str(machine.states[source]) for source in step.sources),
            str(machine.states[step.target]),
            " / ".join(str(HATS[hat]) for hat in HATS if hat in step.by),
            str(step.holds) or "–",
            "yes" if step.comment else "–",
            " / ".join(str(HATS[hat]) for hat in step.tells) or "–",
        )
        rows.append(f"| {' | '.join(cells)} |\n")
    return head + "".join(rows)


if __name__ == "__main__":
    print(page(), end="")
