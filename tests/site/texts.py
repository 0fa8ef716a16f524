"""The texts that a package has translated, read from its source: no gettext tools."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation.template import templatize

# How many leading arguments are texts: (context?, singular, plural?).
CALLS = {
    "_": 1,
    "gettext": 1,
    "gettext_lazy": 1,
    "gettext_noop": 1,
    "ngettext": 2,
    "ngettext_lazy": 2,
    "pgettext": 2,
    "pgettext_lazy": 2,
    "npgettext": 3,
    "npgettext_lazy": 3,
}
LITERAL = r"u?(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
IN_TEMPLATE = re.compile(rf"\b(n?p?gettext|_)\(({LITERAL}(?:,\s*{LITERAL})*)")


@dataclass(frozen=True)
class Text:
    """What is looked up in a catalogue. `where`: the file that says it."""

    context: str | None
    singular: str
    plural: str
    where: Path

    @property
    def key(self) -> tuple[str | None, str]:
        return self.context, self.singular


def texts_of(folder: Path) -> Iterator[Text]:
    """All translated texts of the Python files and templates below `folder`."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".py":
            yield from _of_python(path)
        elif path.suffix == ".html":
            yield from _of_template(path)


def _of_python(path: Path) -> Iterator[Text]:
    source = path.read_text(encoding="utf-8")
    if "gettext" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        literals = [
            argument.value
            for argument in node.args[: CALLS.get(name, 0)]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        if literals and len(literals) == CALLS[name]:
            yield _text(name, literals, path)


def _of_template(path: Path) -> Iterator[Text]:
    source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    for found in IN_TEMPLATE.finditer(source):
        name, literals = found.groups()
        yield _text(name, list(ast.literal_eval(f"({literals},)")), path)


def _text(name: str, literals: list[str], path: Path) -> Text:
    context = literals.pop(0) if "pgettext" in name else None
    return Text(context, literals[0], "".join(literals[1:]), path)
