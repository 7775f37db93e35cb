"""Entry point of the command ``fleet`` and of ``python -m fleet``."""

from __future__ import annotations

import sys

from fleet.front.app import run_command_line

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
