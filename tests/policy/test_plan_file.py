"""The file of a plan: written once, read back only as it was written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import InputError, Refused
from fleet.policy.plan import (
    Blocked,
    Limits,
    Plan,
    PlannedChange,
    PlannedCheck,
    PlannedSite,
    Unread,
    Wave,
    load_plan,
    plan_document,
    read_plan,
    render_plan,
)

NOW = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
EXAMPLE = Plan(
    id="00ff00ff00ff00ff",
    created=NOW,
    expires=NOW + timedelta(hours=24),
    origin="policy",
    inventory="1" * 64,
    policy="2" * 64,
    looked_at=4,
    sites=(
        PlannedSite(
            "alpha",
            "https://alpha.example/",
            (
                PlannedChange("modules.likes", True, False, rule="baseline", severity="high"),
                PlannedChange("settings.show", ["post"], ["page", "post"]),
                PlannedChange("settings.title", "(secret)", "x", known=False),
            ),
            (Blocked("modules.monitor", "jetpack.offline", "needs WordPress.com"),),
            ("a note",),
        ),
        PlannedSite("beta", "https://beta.example/", ()),
    ),
    unread=(Unread("gamma", "unreachable", "net.dns", "not known"),),
    waves=(Wave(("alpha",), Limits(0, None), 300.0),),
    limits=Limits(1, 2),
    checks=(PlannedCheck("/", (200, 301), "</html>", 5.0),),
    guard=("3 of 4 sites would change, and 2 may",),
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "plan.json"
    path.write_bytes(data)
    return path


def test_a_plan_comes_back_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path, render_plan(EXAMPLE).encode())
    assert read_plan(path) == EXAMPLE
    assert load_plan(json.loads(json.dumps(plan_document(EXAMPLE)))) == EXAMPLE


@given(before=values, after=values)
def test_every_value_of_json_comes_back(before: object, after: object) -> None:
    change = PlannedChange("settings.x", before, after)
    plan = replace(EXAMPLE, sites=(PlannedSite("a", "https://a.example/", (change,)),))
    again = load_plan(json.loads(render_plan(plan))["plan"])
    assert render_plan(again) == render_plan(plan)


def test_security_19_any_byte_that_is_changed_is_noticed(tmp_path: Path) -> None:
    data = render_plan(EXAMPLE).encode()
    path = tmp_path / "plan.json"
    for place in range(len(data)):
        other = b"0" if data[place : place + 1] != b"0" else b"1"
        path.write_bytes(data[:place] + other + data[place + 1 :])
        with pytest.raises(Refused):
            read_plan(path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data + b" ",
        lambda data: data[:-1],
        lambda data: data.replace(b'"looked_at": 4', b'"looked_at": 4.0'),
        lambda data: data.replace(b'"looked_at": 4', b'"looked_at": 4, "looked_at": 4'),
        lambda data: data.replace(b"true", b"NaN"),
        lambda data: json.dumps(json.loads(data)).encode(),
        lambda _: b"[" * 100_000,
        lambda _: b"\xff",
        lambda _: b"",
    ],
)
def test_other_edits_are_noticed_too(edit: object, tmp_path: Path) -> None:
    data = render_plan(EXAMPLE).encode()
    changed = edit(data)  # type: ignore[operator]
    assert changed != data
    with pytest.raises(Refused):
        read_plan(written(tmp_path, changed))


def test_a_digest_made_anew_after_an_edit_does_not_help_on_another_format(tmp_path: Path) -> None:
    text = render_plan(EXAMPLE).replace("jetfleet/plan/1", "jetfleet/plan/2")
    with pytest.raises(Refused, match="is no plan of this release"):
        read_plan(written(tmp_path, text.encode()))


def test_a_plan_that_is_not_there_is_a_mistake_of_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: no such file"):
        read_plan(tmp_path / "plan.json")


def test_the_text_is_ascii_and_holds_no_control_characters() -> None:
    change = PlannedChange("settings.x", "\x1b[2J\u202e", "é")
    plan = replace(EXAMPLE, sites=(PlannedSite("a", "https://a.example/", (change,)),))
    text = render_plan(plan)
    assert text.isascii()
    assert all(char.isprintable() or char == "\n" for char in text)
