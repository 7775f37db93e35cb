"""Sends a report where ``-o`` says: to stdout, or whole into files.

A file appears complete or not at all, readable by its owner only, and never in place of something
that is not an ordinary file. What ``-o`` asks is checked before the run, so that no run is spent
on a report that has nowhere to go.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TextIO, cast

from fleet.errors import InputError, InputErrors
from fleet.plugins import Group, Plugins, plugin_failed
from fleet.report.data import write_json
from fleet.report.html import write_html
from fleet.report.inert import inert
from fleet.report.junit import write_junit
from fleet.report.lines import write_lines
from fleet.report.markdown import write_markdown
from fleet.report.sink import Sink, Speakable
from fleet.report.table import write_csv
from fleet.report.text import write_text
from fleet.results import RunReport

__all__ = [
    "RENDERERS",
    "Output",
    "Renderer",
    "parse_outputs",
    "write_file",
    "write_outputs",
    "write_whole",
]

Renderer = Callable[[RunReport, Sink], None]
"""Writes one format of a report piece by piece: a report of 100,000 sites is never one string."""

RENDERERS: Mapping[str, Renderer] = MappingProxyType(
    {
        "text": write_text,
        "json": write_json,
        "jsonl": write_lines,
        "csv": write_csv,
        "md": write_markdown,
        "junit": write_junit,
        "html": write_html,
    }
)
"""Every format ``-o`` knows, by name; a new format is one function and one entry."""


@dataclass(frozen=True, slots=True)
class Output:
    """One place a report goes to.

    Args:
        format: A name in `RENDERERS`, or of a plugin.
        path: The file to write, or None for stdout.
    """

    format: str
    path: Path | None = None


def parse_outputs(values: Iterable[str], *, checked: bool = False) -> tuple[Output, ...]:
    """Return what the values of ``-o`` ask for: each ``FORMAT``, ``FORMAT=FILE`` or ``FORMAT=-``.

    Args:
        values: The values.
        checked: They were looked at before the run: a folder that has vanished since must cost
            that one report only, which is told when it is written.

    Raises:
        InputErrors: Every mistake: an unknown format, a file that cannot be written, the same
            file twice, two formats for stdout.
    """
    outputs: list[Output] = []
    errors: list[InputError] = []
    for value in values:
        try:
            output = _parse(value, checked=checked)
            _refuse_clash(output, outputs)
        except InputError as error:
            errors.append(error)
        else:
            outputs.append(output)
    if errors:
        raise InputErrors(errors)
    return tuple(outputs)


def write_outputs(
    report: RunReport,
    outputs: Iterable[Output],
    stdout: TextIO,
    renderers: Mapping[str, Renderer] = RENDERERS,
) -> tuple[str, ...]:
    """Write a report to every place and return one sentence for each that could not be written.

    A run is over when its report is written: one full disk must cost neither the other outputs
    nor the exit code. A reader of stdout that went away early is no fault.
    """
    faults: list[str] = []
    for output in outputs:
        try:
            render = partial(renderers.get(output.format) or _foreign(output.format), report)
            if output.path:
                write_whole(output.path, render)
            else:
                render(Speakable(stdout))
                stdout.flush()
        except BrokenPipeError:
            continue
        except InputError as error:
            faults.append(error.message)
        except OSError as error:
            where = output.path or "stdout"
            faults.append(f"the {output.format} report could not be written to {where}: {error}")
    return tuple(faults)


def write_file(path: Path, text: str) -> None:
    """Write `text` as a whole file; see `write_whole`.

    Raises:
        OSError: As there.
    """
    write_whole(path, lambda file: file.write(text))


def write_whole(path: Path, write: Callable[[TextIO], object]) -> None:
    """Let `write` fill a file that appears in one step, mode 0600 whatever the umask.

    The old content stays until the new one is safely on the disk. A link, a device or a pipe
    of that name is left alone.

    Raises:
        OSError: It could not be written; what was there before is untouched.
    """
    if fault := _unwritable(path):
        raise OSError(errno.EINVAL, fault)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".jetfleet-")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, 0o600)
            write(file)
            file.flush()
            os.fsync(handle)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _foreign(name: str) -> Renderer:
    """Return what writes a plugin's format; whatever it raises is told with its distribution.

    Raises:
        InputError: The plugin cannot be loaded.
    """
    plugins = Plugins()
    render = cast("Renderer", plugins.load(Group.REPORTS, name))

    def guarded(report: RunReport, sink: Sink) -> None:
        try:
            render(report, sink)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - it is the plugin's, whatever it is
            plugin = plugins.described(Group.REPORTS, name)
            raise plugin_failed(plugin, f"could not write the {name} report", error) from None

    return guarded


def _parse(value: str, *, checked: bool) -> Output:
    name, equals, file = value.partition("=")
    if name not in RENDERERS and name in Plugins().names(Group.REPORTS):
        _foreign(name)  # loaded before the run, so that none is spent on a broken one
    elif name not in RENDERERS:
        known = ", ".join(RENDERERS)
        close = get_close_matches(name, RENDERERS, n=1)
        advice = f"did you mean {close[0]!r}?" if close else f"known formats: {known}"
        raise InputError(f"-o {inert(value)}: there is no format {inert(name)!r}; {advice}")
    if not equals or file == "-":
        return Output(name)
    if not file:
        raise InputError(f"-o {inert(value)}: a file name is missing after '='")
    path = Path(file)
    if not checked and (fault := _unwritable(path)):
        raise InputError(f"-o {inert(value)}: {fault}")
    return Output(name, path)


def _unwritable(path: Path) -> str:
    """Return why no file can be put at `path`, or an empty string.

    The last step of writing replaces what is there: a link or a device would be lost.
    """
    if not path.parent.is_dir():
        return f"the folder {inert(str(path.parent))} does not exist"
    if path.is_symlink():
        return "that is a symbolic link; name the file itself"
    if path.exists() and not path.is_file():
        return "that is not an ordinary file"
    return ""


def _refuse_clash(output: Output, others: Iterable[Output]) -> None:
    taken = {_place(other.path) for other in others}
    if _place(output.path) in taken:
        if output.path:
            raise InputError(f"-o {output.format}={output.path}: this file is asked for twice")
        raise InputError(f"-o {output.format}: only one format can go to stdout; add =FILE")


def _place(path: Path | None) -> Path | None:
    return path.resolve() if path else None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
