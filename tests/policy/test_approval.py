"""Approvals: of one plan, by somebody, for a time, and signed where there is a key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from fleet.errors import InputError, Refused
from fleet.policy.approval import (
    SignedApproval,
    approval_beside,
    approve_plan,
    load_approval,
    read_approval,
)
from fleet.policy.plan import (
    Limits,
    Plan,
    PlannedChange,
    PlannedSite,
    Wave,
    read_plan,
    render_plan,
)
from tests.policy.killing import fleet
from tests.policy.test_commands import POLICY, QUICK, sites, writes

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KEY = SecretStr("a key of some length")
HOUR = 3600.0
PLAN = Plan(
    id="0011223344556677",
    created=NOW,
    expires=NOW + timedelta(days=1),
    origin="policy",
    inventory="i",
    policy="p",
    looked_at=1,
    sites=(
        PlannedSite("shop", "https://shop.example", (PlannedChange("modules.likes", True, False),)),
    ),
    unread=(),
    waves=(Wave(("shop",), Limits()),),
    limits=Limits(),
)
NEEDS = POLICY.replace("rollout: {", "rollout: {approval: required, ")


def refusal(signed: SignedApproval, plan: Plan, now: datetime, key: SecretStr | None) -> str:
    with pytest.raises(Refused) as caught:
        signed.refuse_unless_fitting(plan, now, key)
    return str(caught.value)


def test_an_approval_holds_for_its_plan_until_it_expires() -> None:
    signed = approve_plan(PLAN, "mia", NOW, HOUR)
    signed.refuse_unless_fitting(PLAN, NOW + timedelta(minutes=59), None)
    assert "expired on 2026-11-25 13:00" in refusal(signed, PLAN, NOW + timedelta(hours=1), None)
    other = replace(PLAN, policy="q")
    assert "another plan" in refusal(signed, other, NOW, None)
    assert "still to come" in refusal(signed, PLAN, NOW - timedelta(hours=1), None)


def test_an_approval_never_outlives_its_plan() -> None:
    signed = approve_plan(PLAN, "mia", NOW, 30 * 24 * HOUR)
    assert signed.approval.expires == PLAN.expires
    with pytest.raises(Refused, match="this plan expired"):
        approve_plan(PLAN, "mia", PLAN.expires, HOUR)


def test_a_key_tells_who_may_have_written_it() -> None:
    signed = approve_plan(PLAN, "mia", NOW, HOUR, KEY)
    signed.refuse_unless_fitting(PLAN, NOW, KEY)
    signed.refuse_unless_fitting(PLAN, NOW, None)
    other = SecretStr("another key of some length")
    assert "another key" in refusal(signed, PLAN, NOW, other)
    unsigned = approve_plan(PLAN, "mia", NOW, HOUR)
    assert "is not signed" in refusal(unsigned, PLAN, NOW, KEY)


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.update(by="eve"),
        lambda found: found.update(expires="2027-01-01T00:00:00Z"),
        lambda found: found.update(at="2026-11-25T11:00:00Z"),
        lambda found: found.update(digest=found["digest"][:-1] + "x"),
        lambda found: found.update(plan="x"),
    ],
)
def test_whatever_is_changed_in_a_signed_approval_breaks_it(
    change: Callable[[dict[str, str]], None], tmp_path: Path
) -> None:
    document = approve_plan(PLAN, "mia", NOW, HOUR, KEY).document()
    change(document["approval"])
    file = tmp_path / "plan.approval.json"
    file.write_text(json.dumps(document))
    assert "signed with another key" in refusal(read_approval(file), PLAN, NOW, KEY)


def test_an_approval_is_read_as_it_was_written(tmp_path: Path) -> None:
    signed = approve_plan(PLAN, "Mia Åberg", NOW, HOUR, KEY)
    file = tmp_path / "a.json"
    file.write_text(signed.render())
    assert read_approval(file) == signed == load_approval(signed.document())
    assert KEY.get_secret_value() not in file.read_text() + repr(signed)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "jetfleet/approval/1"}', "[" * 9000, " " * 20_000, "NaN"]
)
def test_what_is_no_approval_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(Refused, match="no approval"):
        read_approval(file)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[2J", "\u202e", "x" * 101])
def test_a_name_is_one_line_that_people_can_read(name: str) -> None:
    with pytest.raises(InputError, match="--as"):
        approve_plan(PLAN, name, NOW, HOUR)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(InputError, match="16 characters"):
        approve_plan(PLAN, "mia", NOW, HOUR, SecretStr("short"))


def test_the_file_lies_beside_the_plan() -> None:
    assert approval_beside(Path("out/plan.json")) == Path("out/plan.approval.json")


async def test_a_plan_that_needs_an_approval_is_applied_with_one_only(tmp_path: Path) -> None:
    async with sites(tmp_path, 2, NEEDS) as world:
        assert (await fleet(tmp_path, "plan", "-o", "plan.json")).code == 0
        before = world.count
        refused = await fleet(tmp_path, "apply", "plan.json", *QUICK)
        assert (refused.code, world.count) == (5, before)
        assert "nobody has approved of this plan: fleet approve plan.json --as NAME" in refused.err
        at_once = await fleet(tmp_path, "apply", "-p", "policy.yaml", "--yes")
        assert (at_once.code, world.count) == (5, before)
        approved = await fleet(tmp_path, "approve", "plan.json", "--as", "mia", "--expires", "1h")
        assert approved.code == 0, approved.err
        assert "is approved by mia, not signed, until" in approved.out
        assert (tmp_path / "plan.approval.json").stat().st_mode & 0o777 == 0o600
        # Where the file does not go with the plan, the journal that both share has it.
        (tmp_path / "plan.approval.json").unlink()
        applied = await fleet(tmp_path, "apply", "plan.json", *QUICK, "-o", "json")
        assert (applied.code, writes(world)) == (0, 4)
        assert json.loads(applied.out)["parameters"]["approved"] == "mia"


async def test_an_edited_plan_is_not_the_one_that_was_approved(tmp_path: Path) -> None:
    async with sites(tmp_path, 2) as world:
        await fleet(tmp_path, "plan", "-o", "plan.json")
        await fleet(tmp_path, "approve", "plan.json", "--as", "mia")
        file = tmp_path / "plan.json"
        plan = read_plan(file)
        # Whoever edits a plan can write a digest that fits; the approval still does not.
        file.write_text(render_plan(replace(plan, origin="another")))
        before = world.count
        ended = await fleet(tmp_path, "apply", "plan.json", "--require-approval")
        assert (ended.code, world.count) == (5, before)
        assert "for another plan" in ended.err


async def test_with_a_key_only_its_holder_approves(tmp_path: Path) -> None:
    key = {"APPROVAL_SECRET": KEY.get_secret_value()}
    named = ("--key", "env:APPROVAL_SECRET")
    async with sites(tmp_path, 2) as world:
        await fleet(tmp_path, "plan", "-o", "plan.json")
        await fleet(tmp_path, "approve", "plan.json", "--as", "eve")
        for words, environ in ((named, key), ((*named, "--require-approval"), {})):
            ended = await fleet(tmp_path, "apply", "plan.json", *words, **environ)
            assert (ended.code, writes(world)) == (64 if not environ else 5, 0)
        typed = await fleet(tmp_path, "approve", "plan.json", "--as", "mia", "--key", "hunter2!")
        assert typed.code == 64
        assert "hunter2" not in typed.err
        signed = await fleet(tmp_path, "approve", "plan.json", "--as", "mia", *named, **key)
        assert "approved by mia, signed" in signed.out
        assert KEY.get_secret_value() not in (tmp_path / "plan.approval.json").read_text()
        assert (await fleet(tmp_path, "apply", "plan.json", *named, **key)).code == 0
        assert writes(world) == 4
