"""What exists is described, and what is described exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from fleet.errors import KINDS
from fleet.front.commands import Command, all_commands, flags_of_group
from fleet.front.watch.schema import fleet_schema
from fleet.inventory.schema import inventory_schema
from fleet.operations.registry import REGISTRY
from fleet.policy.schema import policy_schema
from fleet.results import Status
from tests.docs.pages import PAGES, prose, text_of

FOREIGN = {
    *("--nthreads", "--resources"),  # of dask
    *("--list", "--active", "--dist", "--with-deps"),  # of commands in examples
}
"""Flags in our pages that other programs have."""
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
_CODE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
COMMANDS = {each.path: each for each in all_commands()}


def keys(schema: object) -> Iterator[str]:
    """Yield the name of every key that a schema knows, at any depth."""
    if isinstance(schema, Mapping):
        properties = schema.get("properties", {})
        yield from properties
        for value in (*properties.values(), *(v for k, v in schema.items() if k != "properties")):
            yield from keys(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys(value)


@pytest.mark.parametrize(
    ("schema", "pages"),
    [
        pytest.param(inventory_schema(), ["docs/inventory.md"], id="inventory"),
        pytest.param(policy_schema(), ["docs/policy.md", "docs/rollout.md"], id="policy"),
        pytest.param(fleet_schema(), ["docs/schedules.md"], id="fleet"),
    ],
)
def test_every_key_of_a_file_is_described(schema: object, pages: list[str]) -> None:
    text = " ".join(text_of(page) for page in pages)
    found = set(keys(schema))
    assert len(found) > 20
    missing = {key for key in found if not re.search(rf"[`.{{]{key}(s?`|: )", text)}
    assert missing <= {"auth", "http", "window"}  # sections, whose keys are described


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_operation_is_described(name: str) -> None:
    assert f"| `{name}` |" in text_of("docs/operations.md")


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("page", ["README.md", "docs/reports.md"])
def test_every_status_is_described(status: Status, page: str) -> None:
    assert f"`{status}`" in text_of(page)


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "4", "5", "6", "64", "74", "130, 143"])
def test_every_exit_code_is_described(code: str) -> None:
    assert f"| {code} |" in text_of("docs/reports.md")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_error_is_described(kind: str) -> None:
    assert f"\n## `{kind}`\n" in text_of("docs/errors.md")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_flag_is_described(path: tuple[str, ...]) -> None:
    page = text_of("docs/commands.md")
    if path[0] == "run":
        assert f"| `{path[1]}` |" in page
    else:
        assert f"\n## `fleet {' '.join(path)}" in page
    assert [flag for flag in known_flags(COMMANDS[path]) if f"`{flag}`" not in page] == []


@pytest.mark.parametrize("page", PAGES)
def test_flags_in_the_text_exist(page: str) -> None:
    known = {flag for each in COMMANDS.values() for flag in known_flags(each)}
    for code in _CODE.findall(prose(page)):
        for flag in _FLAG.findall(code):
            assert flag in known | FOREIGN | {"--help", "--version"}, f"{page}: {code}"


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_the_text_exist(page: str) -> None:
    for code in _CODE.findall(prose(page)):
        words = code.split()
        if words[0] != "fleet" or len(words) == 1 or not words[1][0].islower():
            continue
        meant = [COMMANDS[path] for path in command_of(words[1:])]
        assert meant, f"{page}: {code}"
        known = {flag for each in meant for flag in known_flags(each)} | {"--help"}
        assert set(_FLAG.findall(code)) <= known, f"{page}: {code}"


def command_of(words: list[str]) -> list[tuple[str, ...]]:
    """Return the command that `words` begin with, or those below a word such as ``runs``.

    Words as ``list|show`` stand for several.
    """
    for length in (2, 1):
        heads = [tuple(each) for each in alternatives(words[:length])]
        exact = [path for path in COMMANDS if path in heads]
        if exact:
            return exact
    first = words[0]
    if len(words) == 1 or words[1].startswith("-") or words[1].isupper():
        return [path for path in COMMANDS if path[0] == first]
    return []


def alternatives(words: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for word in words:
        found = [[*each, option] for each in found for option in word.split("|")]
    return found


def known_flags(command: Command) -> set[str]:
    flags = [*command.own]
    for group in command.groups:
        flags += flags_of_group(group)
    return {name for flag in flags for name in flag.names if name.startswith("--")}
