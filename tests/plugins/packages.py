"""The packages of ``docs/extending.md``, and others, put where Python finds them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

__all__ = ["GALLERY", "OTHERS", "install", "installed"]

PAGE = (Path(__file__).parents[2] / "docs/extending.md").read_text()
_BLOCKS = re.findall(r"```(toml|python)\n(.*?)```", PAGE, re.S)
GALLERY, OTHERS = [
    (_BLOCKS[number][1], _BLOCKS[number + 1][1]) for number in range(0, len(_BLOCKS), 2)
]
"""What stands in ``pyproject.toml`` and in the module, of both packages of the page."""


def install(folder: Path, package: tuple[str, str]) -> None:
    """Write what ``pip install --target`` would write of a package with one module."""
    project = tomllib.loads(package[0])["project"]
    name = project["name"].replace("-", "_")
    (folder / f"{name}.py").write_text(package[1])
    info = folder / f"{name}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines: list[str] = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))


def installed(name: str, module: str, group: str, *points: str) -> tuple[str, str]:
    """Return a package with entry points in one group, as `install` takes it."""
    listed = "\n".join(points)
    project = f'[project]\nname = "{name}"\nversion = "1.0"\n'
    return f'{project}[project.entry-points."{group}"]\n{listed}\n', module
