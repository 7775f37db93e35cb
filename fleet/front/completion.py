"""``fleet completion``: a script that lets a shell complete commands, flags, sites and labels."""

from __future__ import annotations

from typing import Literal

from fleet.front.app import build_app
from fleet.front.console import put

__all__ = ["completion"]


def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """Print what a shell has to read, as in: source <(fleet completion bash).

    Args:
        shell: bash, zsh or fish.
    """
    put(build_app().generate_completion(prog_name="fleet", shell=shell))
    return 0
