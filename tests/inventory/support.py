"""What the inventory's tests share."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from fleet.errors import InputErrors
from fleet.inventory.model import Inventory

HEAD = """\
version: 1
defaults:
  auth: {username: bot, password: "env:FLEET_PASSWORD"}
"""


def written(folder: Path, text: str, name: str = "inventory.yaml") -> Path:
    """Return the path of a new file in `folder` with `text`."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(text), encoding="utf-8")
    return file


def load(folder: Path, text: str, name: str = "inventory.yaml") -> Inventory:
    """Return the inventory that consists of `text`."""
    return Inventory.load([written(folder, text, name)])


def complaints(*files: Path) -> list[str]:
    """Return the mistakes in `files`, one ``name:line:column message`` each."""
    with pytest.raises(InputErrors) as caught:
        Inventory.load(list(files))
    return [str(error).replace(f"{files[0].parent}/", "") for error in caught.value.errors]


def complaints_about(folder: Path, text: str) -> list[str]:
    """Return the mistakes in `text` as the content of ``inventory.yaml``."""
    return complaints(written(folder, text))
