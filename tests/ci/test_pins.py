"""GitHub's own actions are named by the commit of a release, and the same one everywhere."""

from __future__ import annotations

import re
from pathlib import Path

from fleet.front.watch.nouns import Schedule
from fleet.front.watch.units import PRINTERS
from tests.ci.steps import ROOT

# As `git ls-remote --tags` of each repository tells, of annotated tags the commit behind (`^{}`).
# Whoever moves one looks there first: a commit typed from memory runs somebody else's code.
RELEASED = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
}


def texts() -> dict[str, str]:
    """Return what names actions, by where it is from."""
    pages = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}
    schedule = Schedule("nightly", "audit", "0 1 * * *")
    return {
        **pages,
        "action.yml": (ROOT / "action.yml").read_text(),
        "printed": PRINTERS["github"](schedule, Path("fleet.yaml")),
    }


def test_actions_of_others_are_pinned_to_a_release() -> None:
    found = {
        (where, action, version)
        for where, text in texts().items()
        for action, version in re.findall(r"uses: (actions/[\w-]+)@(.*)", text)
    }
    assert {where for where, _, _ in found} == {"action.yml", "ci.md", "printed"}
    assert {action for _, action, _ in found} == set(RELEASED)
    for where, action, version in sorted(found):
        assert version == " # ".join(RELEASED[action]), (where, action)


def test_the_action_uses_no_other_actions() -> None:
    used = re.findall(r"uses: ([^@\s]+)", (ROOT / "action.yml").read_text())
    assert set(used) == {"actions/upload-artifact", "actions/download-artifact"}
