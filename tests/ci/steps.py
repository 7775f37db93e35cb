"""Runs the steps of a composite action and the scripts of a GitLab job, as a runner would."""

from __future__ import annotations

import os
import re
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, create_subprocess_exec
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fleet.simulator.fleets import PASSWORD_VARIABLE
from fleet.simulator.site import DEFAULT_USERS
from tests.ci.runner import outputs

__all__ = ["ROOT", "Ended", "Job", "run_gitlab"]

ROOT = Path(__file__).parents[2]
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_NAME = re.compile(r"'[^']*'|\b(?:inputs|steps|github)(?:\.[\w-]+)+")


@dataclass
class Ended:
    """How a job ended: the first exit code that was not 0, the log, and its outputs."""

    code: int
    log: str
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Job:
    """One job that uses the action.

    Args:
        folder: The checked out repository.
        artifacts: Where the artifacts of the workflow are.
        environ: Variables of the job.
    """

    folder: Path
    artifacts: Path
    environ: Mapping[str, str]

    async def use(self, inputs: Mapping[str, str]) -> Ended:
        """Run the action's steps and return how they ended."""
        action = yaml.safe_load((ROOT / "action.yml").read_text())
        given = {name: each.get("default", "") for name, each in action["inputs"].items()}
        assert set(inputs) <= set(given)
        state = _State({**given, **inputs, "install": "false"}, failed=0)
        log = ""
        for step in action["runs"]["steps"]:
            condition = str(step.get("if", "success()"))
            if not state.holds(condition):
                continue
            if "uses" in step:
                self._artifact(step["uses"], state.filled(step["with"]))
                continue
            code, said, told = await self._run(step, state)
            log += said
            state.steps[step.get("id", step["name"])] = told
            state.failed = state.failed or code
        values = {name: str(state.fill(each["value"])) for name, each in action["outputs"].items()}
        return Ended(state.failed, log, values)

    async def _run(self, step: Mapping[str, Any], state: _State) -> tuple[int, str, dict[str, str]]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "what a script is told comes by its environment"
        output = self.folder / "github-output"
        output.write_text("")
        environ = {
            **base(self.folder),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            **self.environ,
            **state.filled(step.get("env", {})),
        }
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        words = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script))
        code, log = await _started(words, self.folder, environ)
        return code, log, outputs(output)

    def _artifact(self, uses: str, options: Mapping[str, str]) -> None:
        kept = self.artifacts / options["name"]
        if uses.startswith("actions/upload-artifact@"):
            kept.mkdir(parents=True, exist_ok=True)
            source = self.folder / options["path"]
            shutil.copy(source, kept / source.name)
            return
        assert uses.startswith("actions/download-artifact@")
        target = self.folder / options["path"]
        target.mkdir(parents=True, exist_ok=True)
        for file in kept.iterdir():
            shutil.copy(file, target / file.name)


@dataclass
class _State:
    inputs: Mapping[str, str]
    failed: int
    steps: dict[str, dict[str, str]] = field(default_factory=dict)

    def holds(self, condition: str) -> bool:
        """Return whether a step is to run."""
        if "always()" not in condition and self.failed:
            return False
        return bool(self._value(condition))

    def fill(self, text: str) -> str:
        """Return a text with its expressions replaced by their values."""
        return _EXPRESSION.sub(lambda found: str(self._value(found[1])), text)

    def filled(self, values: Mapping[str, object]) -> dict[str, str]:
        """Return texts by name with their expressions replaced."""
        return {name: self.fill(str(value)) for name, value in values.items()}

    def _value(self, expression: str) -> object:
        text = _NAME.sub(lambda found: repr(self._named(found[0])), expression)
        text = text.replace("&&", " and ").replace("||", " or ")
        text = re.sub(r"\b(always|success)\(\)", "True", text)
        return eval(text, {"__builtins__": {}})  # noqa: S307 - our own file, words replaced

    def _named(self, word: str) -> str:
        if word.startswith("'"):
            return word[1:-1]
        room, *path = word.split(".")
        if room == "inputs":
            return self.fill(self.inputs[path[0]])
        if room == "steps":
            assert path[1] == "outputs"
            return self.steps.get(path[0], {}).get(path[2], "")
        return {"triggering_actor": "mia", "token": "ghs_token", "action_path": str(ROOT)}[path[0]]


def base(folder: Path) -> dict[str, str]:
    """Return the variables that a runner gives to every script."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        PASSWORD_VARIABLE: DEFAULT_USERS[0].password,
    }


async def run_gitlab(name: str, folder: Path, environ: Mapping[str, str]) -> Ended:
    """Run the script of a job of the template and return how it ended."""
    whole = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text())
    job = whole[name]
    variables = {**whole["variables"], **whole[job["extends"]]["variables"]}
    variables |= job.get("variables", {})
    script = folder / "step.sh"
    script.write_text("\n".join(job["script"]))
    given = {**base(folder), "GITLAB_CI": "true", **variables, **environ}
    code, log = await _started(("bash", str(script)), folder, given)
    dotenv = folder / variables["FLEET_DOTENV"]
    lines = dotenv.read_text().splitlines() if dotenv.exists() else []
    return Ended(code, log, dict(line.split("=", 1) for line in lines))


async def _started(
    words: tuple[str, ...], folder: Path, environ: Mapping[str, str]
) -> tuple[int, str]:
    process = await create_subprocess_exec(
        *words, cwd=folder, env=dict(environ), stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, (out + b"\n" + err).decode()
