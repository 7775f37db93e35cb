"""The command ``fleet``: its commands, and how every error becomes a message and an exit code.

Commands are loaded when they are called, so that ``--help`` does not pay for aiohttp.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from types import FrameType

from cyclopts import App, CycloptsError

from fleet.engine.garbage import collect_rarely
from fleet.errors import (
    FleetError,
    InputError,
    InputErrors,
    Interrupted,
    JournalError,
    LeaseLost,
    LockHeld,
    Refused,
)
from fleet.front.console import console_on, finish_output, tell
from fleet.front.guard import where_it_struck
from fleet.front.variables import Variables

__all__ = ["CONSENT", "build_app", "collect_rarely", "end_on_sigterm", "run_command_line"]

_COMMANDS = {
    "demo": ("demo:demo", "Run the main job on a simulated fleet, offline."),
    "init": ("init:init", "Write an inventory, a policy and schedules to begin with."),
    "sites": ("sites:app", "Show the inventory as it is understood."),
    "doctor": ("doctor:doctor", "Tell what keeps sites, and this machine, from working."),
    "operations": ("operations:operations", "List what can be done, with parameters and routes."),
    "plugins": ("plugins:app", "List the plugins that are installed."),
    "run": ("run:app", "Run one operation on the selected sites."),
    "comment": ("ci.comment:comment", "Keep a report as one comment of a pull or merge request."),
    "audit": ("audit:audit", "Tell how sites stand to their policies; nothing is changed."),
    "plan": ("plan:plan", "Tell what apply would change; nothing is changed."),
    "approve": ("approving:approve", "Approve of a plan, for a time and under a name."),
    "apply": ("apply:apply", "Change sites as a plan says, in waves."),
    "rollback": ("apply:rollback", "Put back what a run changed."),
    "resume": ("apply:resume", "Go on with an apply that was ended early."),
    "unlock": ("apply:unlock", "Free the sites of a run that died."),
    "report": ("report:app", "Tell of a run, or of a client's month, in any format."),
    "runs": ("runs:app", "Show the history of runs."),
    "watch": ("watch.command:watch", "Run the schedules of fleet.yaml and send alerts."),
    "schedule": ("watch.command:app", "Print schedules for systemd, cron, GitHub or Kubernetes."),
    "policy": ("policy:app", "Explain policies, and write them from what sites have."),
    "sessions": ("sessions:app", "Forget the sessions that are kept between runs."),
    "commands": ("commands:commands", "List every command, with flags and variables."),
    "api": ("api:api", "Call any REST route on the selected sites."),
    "completion": ("completion:completion", "Print a script by which a shell completes words."),
    "explain": ("explain:explain", "Tell what an error kind means and what to do about it."),
    "schema": ("schema:schema", "Print a JSON Schema, for editors and programs."),
    "serve": ("serve:serve", "Serve a dashboard of runs, sites and drift; it only looks."),
    "simulate": ("simulate:simulate", "Serve a simulated fleet to try commands on."),
}
"""Module and function of each command below `fleet.front`, and its line of help; the functions'
own docstrings would cost their import."""

CONSENT = (
    "FLEET_ALLOW_SITES",
    "FLEET_COMMANDS",
    "FLEET_CONFIRM",
    "FLEET_REVEAL",
    "FLEET_WRITABLE",
    "FLEET_WRITE",
)
"""Variables that would stand for the flags by which a person consents to something grave."""

_WITH_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s@]*:[^/?#\s@]*@")

USAGE = 64
REFUSED = 5
LOCKED = 6
UNRECORDED = 74
BUG = 1
INTERRUPTED = 130
TERMINATED = 143


def build_app(asked: Sequence[str] = ()) -> App:
    """Return the command line; every flag also has a ``FLEET_*`` variable.

    Args:
        asked: What was typed, which tells whether a plugin is needed.

    Raises:
        InputError: The plugin is broken.
    """
    app = App(
        name="fleet",
        help="Manage many WordPress sites with Jetpack through their own HTTP API.",
        version=_version,
        config=Variables(),
        console=console_on(sys.stdout, colour=True),
        suppress_keyboard_interrupt=False,
    )
    for name, (target, summary) in _COMMANDS.items():
        if name == "run" and asked[:1] == ["run"] and asked[1:2] and "." in asked[1]:
            # Loaded here, because the operation may be a plugin's.
            from fleet.front.run import run_app  # noqa: PLC0415

            app.command(run_app(asked[1]), name=name)
            continue
        app.command(f"fleet.front.{target}", name=name, help=summary)
    return app


def end_on_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does, with everything closed, where no run is on."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, end)


def run_command_line(arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: Words after the program's name.
        environ: Environment variables; this process's if None.
    """
    code = _run(arguments, os.environ if environ is None else environ)
    return code if finish_output() else code or BUG


def _run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    try:
        _refuse_inherited_consent(environ)
        _refuse_typed_passwords(arguments)
        result = _call(arguments)
    except CycloptsError as error:
        return _complain([str(error), "fleet --help lists the commands and flags"], USAGE)
    except InputErrors as error:
        return _complain([str(each) for each in error.errors], USAGE)
    except InputError as error:
        return _complain([str(error)], USAGE)
    except Refused as error:
        return _complain([str(error)], REFUSED)
    except (LockHeld, LeaseLost) as error:
        return _complain([str(error)], LOCKED)
    except JournalError as error:
        return _complain([str(error)], UNRECORDED)
    except KeyboardInterrupt as error:
        by = error.signal if isinstance(error, Interrupted) else "SIGINT"
        return _complain(["interrupted"], TERMINATED if by == "SIGTERM" else INTERRUPTED)
    except FleetError as error:
        return _complain([str(error)], BUG)
    except Exception as error:  # noqa: BLE001 - the last boundary; the text may hold secrets
        return _complain(where_it_struck(error), BUG)
    return result if isinstance(result, int) else 0


def _call(arguments: Sequence[str]) -> object:
    """Return what the command returns that is asked for, which may be its help."""
    try:
        return build_app(list(arguments))(
            list(arguments), exit_on_error=False, print_error=False, result_action="return_value"
        )
    except BrokenPipeError:
        return 0  # whoever read the help has read enough
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise FleetError(f"{error.strerror}: something could not be written") from error


def _refuse_inherited_consent(environ: Mapping[str, str]) -> None:
    """Refuse variables for the flags by which a person consents to something grave."""
    for name in CONSENT:
        if name in environ:
            raise InputError(f"{name} is set, but this consent has to be typed as a flag")


def _refuse_typed_passwords(arguments: Sequence[str]) -> None:
    """Refuse an address with a password in it, which every user of this machine can read."""
    if any(_WITH_PASSWORD.search(word) for word in arguments):
        raise InputError(
            "an address with a password was typed, and other users of this machine can see what"
            " is typed: set FLEET_STORE instead, or keep the password in ~/.pgpass"
        )


def _complain(lines: Sequence[str], code: int) -> int:
    for line in lines:
        tell(f"fleet: {line}")
    return code


def _version() -> str:
    try:
        return version("jetfleet")
    except PackageNotFoundError:
        return "not installed"
