"""The house keeps its shape: who may import whom, and how large things may grow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import fleet

PACKAGE = Path(fleet.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))
SHARED = {"plugins", "errors", "results", "config", "series", "private_files"}
BELOW = {
    "kinds": set(),
    "private_files": set(),
    "errors": {"kinds"},
    "plugins": {"errors"},
    "series": set(),
    "results": {"errors", "series"},
    "disguises": set(),
    "redaction": {"disguises", "results"},
    "config": {"errors"},
    "inventory": SHARED,
    "site": SHARED | {"inventory"},
    "operations": SHARED | {"redaction", "inventory", "site"},
    "journal": {"results", "errors", "series"},
    "engine": SHARED | {"redaction", "inventory", "site", "operations", "journal"},
    "policy": SHARED | {"inventory", "site", "operations", "engine", "journal"},
    "report": {"results", "errors", "plugins"},
    "simulator": set[str](),
}
BELOW["front"] = {*BELOW, "policy", "report", "simulator"}
BELOW["__main__"] = {"front"}
BELOW["__init__"] = set(BELOW)
OPTIONAL = {
    "apprise": "apprise_backend.py",
    "cronsim": "cron.py",
    "distributed": "dask.py",
    "keyring": "keyring_backend.py",
    "aiohttp_jinja2": "rendering.py",
    "prometheus_client": "metrics.py",
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def rooms_imported_by(path: Path) -> set[str]:
    own = {name.split(".")[1] for name in imports(path) if name.startswith("fleet.")}
    return own - {room_of(path)}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            doc = ast.get_docstring(node)
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            yield node.name, size - (doc.count("\n") + 1 if doc else 0)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_import_only_what_lies_below(path: Path) -> None:
    assert rooms_imported_by(path) <= BELOW[room_of(path)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    assert path.read_text().count("\n") <= 400
    assert {name: size for name, size in functions(path) if size > 50} == {}


@pytest.mark.parametrize("library", ["aiohttp"])
def test_only_the_transport_and_servers_speak_http(library: str) -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if any(name.split(".")[0] == library for name in imports(path))
    }
    dashboard = {f"front/web/{name}.py" for name in ("guards", "rendering", "server", "views")}
    client = {"site/transport.py", "site/clients.py", "site/failures.py"}
    assert users <= {*client, "simulator/server.py", *dashboard}


@pytest.mark.parametrize(("library", "owner"), OPTIONAL.items())
def test_optional_packages_are_imported_in_one_module(library: str, owner: str) -> None:
    users = {path.name for path in MODULES if library in set(imports(path))}
    assert users <= {owner}


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    graph = {_dotted(path): set(imports(path)) for path in MODULES}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name in done or name not in graph:
            return
        for other in graph[name]:
            walk(other, (*trail, name))
        done.add(name)

    for name in graph:
        walk(name, ())


def _dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")
