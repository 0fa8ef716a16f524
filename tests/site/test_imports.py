"""Imports go one way: runtime ← batches ← calls ← reports ← speechai_site."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

# Each may import those before it, and itself.
LAYERS = ("speechai_site.runtime", "batches", "calls", "reports", "speechai_site")
APP_OF_LAYER = {"speechai_site.runtime": "runtime"}
# What a process is started with; its code is not imported by the one that names it.
NAMED_FOR_ENTRY_POINTS = {"speechai_site.settings", "speechai_site.wsgi"}
SOURCES = [
    path
    for layer in ("speechai_site", "batches", "calls", "reports")
    for path in sorted((settings.BASE_DIR / layer).rglob("*.py"))
]


def layer_of(module: str) -> str | None:
    """The layer that a dotted name belongs to; None for other people's."""
    for layer in LAYERS[:-1]:
        if module == layer or module.startswith(layer + "."):
            return layer
    return "speechai_site" if module.split(".")[0] == "speechai_site" else None


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts)


def imported(path: Path) -> Iterator[str]:
    """What a file imports, anywhere in it, and the modules that it names in text."""
    package = module_of(path).rsplit(".", 1)[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: 1 - node.level or None])
            start = f"{base}.{node.module or ''}" if node.level else node.module
            yield from (f"{start}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _named(node.value)


def _named(text: str) -> Iterator[str]:
    """`calls.tasks.dial` in text names a module, such as a task of the queue."""
    parts = text.split(".")
    if len(parts) > 1 and all(part.isidentifier() for part in parts):
        folder = settings.BASE_DIR.joinpath(*parts[:2])
        if folder.with_suffix(".py").exists() or (folder / "__init__.py").exists():
            yield text


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_module_imports_only_lower_layers(path: Path) -> None:
    own = LAYERS.index(layer_of(module_of(path)))
    higher = {
        name
        for name in imported(path)
        if (layer := layer_of(name)) and LAYERS.index(layer) > own
    }
    assert higher <= NAMED_FOR_ENTRY_POINTS


def test_foreign_keys_point_to_lower_layers() -> None:
    order = [APP_OF_LAYER.get(layer, layer) for layer in LAYERS]
    upwards = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in order
        for field in model._meta.get_fields()
        if field.is_relation
        and field.related_model
        and not field.auto_created
        and field.related_model._meta.app_label in order
        and order.index(field.related_model._meta.app_label)
        > order.index(model._meta.app_label)
    ]
    assert upwards == []
