"""Entry point of the command ``fleet`` and of ``python -m fleet``."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TextIO

__all__ = ["main"]

INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its code."""
    # Python has no stream where whoever started us closed it.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    try:
        # Loaded here, so that Ctrl-C while that goes on is no traceback.
        from fleet.front.app import (  # noqa: PLC0415
            collect_rarely,
            end_on_sigterm,
            run_command_line,
        )
        from fleet.front.guard import guard_process  # noqa: PLC0415

        guard_process()
        collect_rarely()
        end_on_sigterm()
        code = run_command_line(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    # All is done and told: a signal that comes this late has nothing to end any more.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(code)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


if __name__ == "__main__":
    main()
