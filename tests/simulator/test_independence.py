"""The simulator must not share a misunderstanding with the client."""

import ast
from pathlib import Path

from calls import simulator


def test_of_the_project_it_imports_the_clock_alone() -> None:
    imported = set()
    for path in Path(simulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module)
            elif isinstance(node, ast.Import):
                imported |= {name.name for name in node.names}
    ours = {
        name
        for name in imported
        if name.startswith(("calls", "batches", "reports", "speechai_site"))
        and not name.startswith("calls.simulator")
    }
    assert ours == {"speechai_site.runtime"}
