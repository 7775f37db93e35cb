"""What the tests of policy documents share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fleet.errors import InputErrors
from fleet.inventory.model import Inventory, Site
from fleet.policy.document import PolicyDocument
from tests.inventory.support import HEAD, written
from tests.inventory.support import load as load_inventory

TOP = "version: 1\npolicies:\n  - name: p\n"
"""The beginning of a file, up to the first policy's other keys."""


def load(folder: Path, text: str, name: str = "policy.yaml") -> PolicyDocument:
    """Return the document that consists of `text`."""
    return PolicyDocument.load([written(folder, text, name)])


def complaints(*files: Path) -> list[str]:
    """Return the mistakes in `files`, one ``name:line:column message`` each."""
    with pytest.raises(InputErrors) as caught:
        PolicyDocument.load(list(files))
    return [str(error).replace(f"{files[0].parent}/", "") for error in caught.value.errors]


def complaints_about(folder: Path, text: str) -> list[str]:
    """Return the mistakes in `text` as the content of ``policy.yaml``."""
    return complaints(written(folder, text, "policy.yaml"))


def fleet_of(folder: Path, labels: Mapping[str, Mapping[str, str]]) -> Inventory:
    """Return an inventory of sites with these labels by name."""
    sites = [
        f"  {name}: {{url: 'https://{name}.example', labels: {dict(each)}}}"
        for name, each in labels.items()
    ]
    return load_inventory(folder, "\n".join([HEAD + "sites:", *sites]) + "\n")


def one_site(folder: Path, name: str = "shop", **labels: str) -> Site:
    """Return a site with these labels."""
    return fleet_of(folder, {name: labels}).sites[name]
