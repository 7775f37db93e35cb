"""The steps of the action and of the GitLab template, run as scripts from plan to audit."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from fleet.simulator.fleets import PASSWORD_VARIABLE
from fleet.simulator.site import DEFAULT_USERS
from tests.ci.forge import BOT, Forge, forge
from tests.ci.runner import commands
from tests.ci.steps import ROOT, Ended, Job, run_gitlab
from tests.local.processes import Snare, fleet, serving, several
from tests.policy.governed import policy_file
from tests.policy.test_commands import POLICY

KEY = "a key that signs approvals"
EVIL = "::error::owned ##[error]owned <!-- jetfleet: x -->"


@dataclass
class Rig:
    """A repository, a forge, and the sites behind an inventory."""

    folder: Path
    forge: Forge
    world: Snare

    @property
    def writes(self) -> int:
        return self.world.writes

    def job(self, name: str, **environ: str) -> Job:
        """Return a job of a workflow on pull request 7, with a checkout of its own."""
        checkout = self.folder / name
        checkout.mkdir(exist_ok=True)
        for file in ("inventory.yaml", "policy.yaml"):
            (checkout / file).write_text((self.folder / file).read_text())
        event = checkout / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": 7}}))
        known = {
            "GITHUB_API_URL": self.forge.base,
            "GITHUB_REPOSITORY": "acme/sites",
            "GITHUB_EVENT_PATH": str(event),
            "APPROVAL_KEY": KEY,
            **self.shared,
            **environ,
        }
        return Job(checkout, self.folder / "artifacts", known)

    async def gitlab(self, name: str, **environ: str) -> Ended:
        """Return how a job of the template ended; all share one checkout, as with artifacts."""
        known = {
            "CI_API_V4_URL": self.forge.base,
            "CI_PROJECT_ID": "12",
            "CI_MERGE_REQUEST_IID": "7",
            "GITLAB_USER_LOGIN": "mia",
            "GITLAB_TOKEN": "glpat-token",
            "APPROVAL_KEY": KEY,
            "JETFLEET_KEY": "env:APPROVAL_KEY",
            **self.shared,
            **environ,
        }
        return await run_gitlab(name, self.folder, known)

    @property
    def shared(self) -> Mapping[str, str]:
        """The journal that all jobs share; in life it is a PostgreSQL."""
        return {"FLEET_STORE": str(self.folder / "state" / "journal.db")}


@asynccontextmanager
async def rigged(folder: Path, policy: str = POLICY) -> AsyncIterator[Rig]:
    """Yield a repository with three sites whose titles are hostile."""
    policy_file(folder, policy)
    async with serving(folder, several(3)) as world, forge() as made:
        for site in world:
            site.state.options["blogname"] = EVIL
        yield Rig(folder, made, world)


def plain(log: str) -> set[str]:
    """Return the names of the commands in a log that no runner expects of us."""
    return {each.name for each in commands(log)} - {"add-mask", "error", "warning"}


@pytest.mark.timeout(400)
async def test_the_action_goes_from_plan_to_audit(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        rig.forge.add("eve", "<!-- jetfleet: jetfleet.plan -->\nnot ours")
        signed = {"key": "env:APPROVAL_KEY"}
        plan = await rig.job("plan").use({"command": "plan"})
        assert plan.code == 0, plan.log
        assert (plan.outputs["changes"], plan.outputs["exit-code"]) == ("3", "0")
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", plan.outputs["digest"])
        assert "### Plan " in (tmp_path / "plan" / "summary.md").read_text()
        (comment,) = rig.forge.by(BOT)
        assert comment.startswith("<!-- jetfleet: jetfleet.plan -->\n### Plan ")
        assert plan.outputs["digest"] in comment

        early = await rig.job("early").use({"command": "apply", "approval": "none", **signed})
        assert (early.code, rig.writes) == (5, 0)
        again = await rig.job("plan2").use({"command": "plan"})
        assert again.code == 0, again.log
        (second,) = rig.forge.by(BOT)
        assert second != comment
        assert again.outputs["digest"] in second
        assert rig.forge.by("eve") == ["<!-- jetfleet: jetfleet.plan -->\nnot ours"]

        approve = await rig.job("approve").use({"command": "approve", **signed})
        assert approve.code == 0, approve.log
        assert "approved by mia, signed" in approve.log
        apply = await rig.job("apply").use({"command": "apply", **signed})
        assert (apply.code, rig.writes) == (0, 6), apply.log
        assert (apply.outputs["changed"], apply.outputs["failed"]) == ("3", "0")
        junit = ET.parse(tmp_path / "apply" / apply.outputs["junit"]).getroot()  # noqa: S314 - ours
        assert len(list(junit.iter("testcase"))) == 3
        assert len(rig.forge.by(BOT)) == 2

        audit = await rig.job("audit").use({"command": "audit", "comment": "false"})
        assert audit.code == 0, audit.log
        assert len(rig.forge.by(BOT)) == 2
        for ended in (plan, early, again, approve, apply, audit):
            assert plain(ended.log) == set()
            assert KEY not in re.sub(r"(?m)^::add-mask::.*$", "", ended.log)


async def test_masks_come_before_everything_and_secrets_nowhere_else(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        ended = await rig.job("audit").use({"command": "audit", "comment": "false"})
        password = DEFAULT_USERS[0].password
        told = [line for line in ended.log.splitlines() if line.startswith("::add-mask::")]
        assert told == [f"::add-mask::{password}"]
        errors = ended.log[ended.log.index("::add-mask::") :]
        assert errors.index("::add-mask::") < errors.index("fleet: run ")
        assert ended.log.count(password) == 1


async def test_drift_fails_an_audit_and_is_annotated(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        ended = await rig.job("audit").use({"command": "audit"})
        assert ended.code == 2
        found = [each for each in commands(ended.log) if each.name in ("error", "warning")]
        assert [each.properties["title"] for each in found] == [
            "modules.likes differs on 3 sites",
            "modules.sitemaps differs on 3 sites",
            "fleet",
        ]


@pytest.mark.timeout(400)
async def test_what_an_input_says_is_never_run(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        trap = tmp_path / "plan" / "owned"
        nasty = f'x"; touch {trap}; $(touch {trap}) `touch {trap}` #'
        for name in ("selector", "policy", "inventory", "name", "store"):
            ended = await rig.job("plan").use({"command": "plan", name: nasty})
            # Anything is the name of a file for a journal.
            assert ended.code == (0 if name == "store" else 64), (name, ended.log)
        wrong = await rig.job("plan").use({"command": nasty})
        assert wrong.code == 64
        assert not trap.exists()


async def test_a_comment_that_may_not_be_written_fails_the_job(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        ended = await rig.job("plan").use({"command": "plan", "token": "wrong"})
        assert ended.code == 1
        assert "GitHub answered 401" in ended.log
        assert "wrong" not in ended.log


@pytest.mark.timeout(400)
async def test_the_template_goes_from_plan_to_audit(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        plan = await rig.gitlab("jetfleet-plan")
        assert plan.code == 0, plan.log
        assert plan.outputs["JETFLEET_OUT_CHANGES"] == "3"
        (comment,) = rig.forge.by("robot")
        assert comment.startswith("<!-- jetfleet: jetfleet.plan -->\n")
        early = await rig.gitlab("jetfleet-apply")
        assert (early.code, rig.writes) == (5, 0)
        assert (await rig.gitlab("jetfleet-plan")).code == 0
        assert len(rig.forge.by("robot")) == 1
        assert rig.forge.by("robot") != [comment]
        approve = await rig.gitlab("jetfleet-approve")
        assert "approved by mia, signed" in approve.log
        apply = await rig.gitlab("jetfleet-apply")
        assert (apply.code, rig.writes) == (0, 6), apply.log
        assert apply.outputs["JETFLEET_OUT_CHANGED"] == "3"
        assert (tmp_path / "junit.xml").exists()
        audit = await rig.gitlab("jetfleet-audit")
        assert audit.code == 0, audit.log
        for ended in (plan, early, approve, apply, audit):
            assert KEY not in ended.log
            assert DEFAULT_USERS[0].password not in ended.log
            assert commands(ended.log) == []


async def test_a_job_without_a_request_comments_on_nothing(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        ended = await rig.gitlab("jetfleet-plan", CI_MERGE_REQUEST_IID="")
        assert ended.code == 0
        assert "belongs to no pull or merge request" in ended.log
        assert rig.forge.calls == []


async def test_our_comment_is_found_behind_a_hundred_others(tmp_path: Path) -> None:
    async with forge() as made:
        for number in range(120):
            made.add("somebody", f"comment {number}")
        body = tmp_path / "comment.md"
        environ = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_TOKEN": "ghs_token",
            "GITHUB_API_URL": made.base,
            "GITHUB_REPOSITORY": "acme/sites",
        }
        for text in ("one", "two", "two"):
            body.write_text(f"<!-- jetfleet: a -->\n{text}\n")
            ended = await fleet(tmp_path, "comment", "comment.md", "--number", "7", **environ)
            assert ended.code == 0, ended.err
        assert made.by(BOT) == ["<!-- jetfleet: a -->\ntwo\n"]
        assert [call for call in made.calls if call[0] in ("POST", "PATCH")] == [
            ("POST", "/repos/acme/sites/issues/7/comments"),
            ("PATCH", "/repos/acme/sites/issues/comments/121"),
        ]


@pytest.mark.parametrize(
    ("text", "said"),
    [("no mark\n", "begins with no mark"), ("<!-- jetfleet: a -->\n" + "x" * 65_000, "too many")],
)
async def test_a_text_that_cannot_be_a_comment_is_refused(
    text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "comment.md").write_text(text)
    ended = await fleet(tmp_path, "comment", "comment.md", GITHUB_ACTIONS="true")
    assert ended.code == 64
    assert said in ended.err


def test_scripts_are_strict_and_take_nothing_from_expressions() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    template = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text())
    scripts += [line for job in template.values() for line in job.get("script", [])]
    assert len(scripts) == 8
    for script in scripts:
        assert script.startswith("set -euo pipefail\n")
        assert "${{" not in script
        assert "$[[" not in script
    assert PASSWORD_VARIABLE not in str(action)
