"""Fixtures of the tier with a real WordPress."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wordpress.stack import WordPressStack, missing_parts, started

_HERE = Path(__file__).parent
_START_AND_TEST = 180  # seconds; the first test of the tier pays for the start


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and keep them on one worker where xdist can."""
    for item in items:
        if _HERE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.wordpress)
        item.add_marker(pytest.mark.timeout(_START_AND_TEST))
        if config.pluginmanager.hasplugin("xdist"):
            item.add_marker(pytest.mark.xdist_group("wordpress"))


@pytest.fixture(scope="session")
def running_wordpress() -> Iterator[WordPressStack]:
    """Four running sites; use `wordpress`, which puts them back before each test."""
    if missing := missing_parts():
        reason = f"a real WordPress is not installed here: {missing}"
        # CI installs everything, so there a skip would hide that nothing was tested.
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with started() as stack:
        yield stack


@pytest.fixture
def wordpress(running_wordpress: WordPressStack) -> WordPressStack:
    """Four running sites in their first state, with empty access logs."""
    running_wordpress.reset()
    return running_wordpress
