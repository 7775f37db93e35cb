"""``RESULTS.md``: the table with the machine, the versions and the date that it was made with."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.stub import nginx

__all__ = ["RESULTS", "surroundings", "write_results"]

RESULTS = Path(__file__).with_name("RESULTS.md")
_BEGIN, _END = "<!-- table -->", "<!-- end of table -->"
_PACKAGES = ("jetfleet", "aiohttp", "httpx", "requests", "nornir", "ansible-core")


def write_results(table: str) -> None:
    """Replace the table in `RESULTS`; what people wrote around it stays."""
    text = RESULTS.read_text() if RESULTS.exists() else f"# Results\n\n{_BEGIN}\n{_END}\n"
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    RESULTS.write_text(f"{before}{_BEGIN}\n{surroundings()}\n\n{table}{_END}{after}")


def surroundings() -> str:
    """Return the machine, the versions and the date, as one paragraph."""
    machine = f"{os.cpu_count()} cores ({_processor()}), {_memory()} memory"
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    date = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return f"Made on {date} on {machine}; {system}, {_nginx()}, {versions}."


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _nginx() -> str:
    program = nginx()
    if program is None:
        return "no nginx"
    told = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    return told.strip().partition(": ")[2]


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", path.read_text()) if path.exists() else None
    return found.group(1) if found else platform.machine()


def _memory() -> str:
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{size / 2**30:.0f} GiB"
