"""``fleet init``: the files that a fleet begins with, in a folder of their own."""

from __future__ import annotations

from pathlib import Path

from fleet.errors import InputError
from fleet.front.console import say, tell

__all__ = ["init"]

_INVENTORY = """\
# The sites of the fleet. `fleet schema inventory` prints the schema for editors.
version: 1
defaults:
  # A password is a reference and never stands here: env:NAME, file:PATH, exec:COMMAND,
  # keyring:SERVICE/USER. An application password is safer than a login, where the site has them.
  auth: {method: application-password, username: fleet-bot, password: "env:FLEET_PASSWORD"}
sites:
  # Put your own here; the name is how you call the site.
  example-site:
    url: https://www.example.com
    labels: {client: example, env: prod}
"""

_POLICY = """\
# What sites should be. `fleet plan` tells what differs, `fleet apply` changes it.
version: 1
policies:
  - name: baseline
    select: "env=prod" # labels in the inventory
    modules:
      active: [protect, monitor]
exceptions: []
rollout:
  waves: [1, 10%, 100%] # one site first, then up to a tenth of them, then all
  max_failures: 5% # no further site is started once more than that have failed
"""

_SCHEDULES = """\
# What `fleet watch` does by itself. `fleet schedule print systemd` writes a unit of it instead.
version: 1
inventory: [inventory.yaml]
schedules:
  - name: nightly
    run: audit # audit, plan, or an operation that only reads
    policy: [policy.yaml]
    cron: "0 3 * * *" # at three every night
    tz: UTC
"""

_IGNORED = """\
# Secrets, and what runs leave behind: none of it belongs into a repository.
secrets/
.env
*.db
*.db-*
plan.json
report.*
"""

_FILES = {
    "inventory.yaml": _INVENTORY,
    "policy.yaml": _POLICY,
    "fleet.yaml": _SCHEDULES,
    ".gitignore": _IGNORED,
}


def init(folder: Path = Path(), /) -> int:
    """Write an inventory, a policy, schedules and a .gitignore to begin with.

    What is there already stays as it is.

    Args:
        folder: Where to; made where it does not exist.

    Raises:
        InputError: The folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in _FILES.items():
            written = _written(folder / name, text)
            tell(f"{folder / name}: {'written' if written else 'is there already, left alone'}")
    except OSError as error:
        raise InputError(f"{folder} cannot be written to: {error.strerror}") from None
    for line in _next(folder):
        say(line)
    return 0


def _written(path: Path, text: str) -> bool:
    """Write a file that is not there yet, a link counting as one; return whether it was not."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _next(folder: Path) -> tuple[str, ...]:
    where = f"cd {folder} && " if folder != Path() else ""
    return (
        f"{where}$EDITOR inventory.yaml",
        "read -rs FLEET_PASSWORD && export FLEET_PASSWORD",
        "fleet doctor",
    )
