"""Which runs are meant by ``last~1``, and where a view of them goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fleet.errors import InputError
from fleet.front.console import put, tell
from fleet.journal.journal import Journal
from fleet.journal.records import RunRow
from fleet.report.writer import write_file

__all__ = ["Target", "chosen_runs", "view_targets", "write_views"]

Target = tuple[str, Path | None]
_LAST = re.compile(r"last(?:~([0-9]{1,4}))?")
_FORMATS = ("text", "md", "json")


async def chosen_runs(
    journal: Journal, earlier: str, later: str, kind: str | None
) -> tuple[RunRow, RunRow]:
    """Return the two runs that are meant.

    ``last`` and ``last~N`` count runs of one kind and operation: the kind asked for, else that of
    the other run where it is named, else that of the newest run.

    Raises:
        InputError: There is no such run.
    """
    named = [
        None if _LAST.fullmatch(word) else await journal.run(word) for word in (earlier, later)
    ]
    model = named[1] or named[0]
    if model is None:
        newest = await journal.runs(1, kind)
        model = newest[0] if newest else None
    if model is None:
        raise InputError("there is no such run in the journal yet")
    pair = [
        row or await _counted(journal, word, kind or model.kind, model.operation)
        for row, word in zip(named, (earlier, later), strict=True)
    ]
    if pair[0].run_id == pair[1].run_id:
        raise InputError(f"{earlier} and {later} are the same run, {pair[0].run_id}")
    return pair[0], pair[1]


async def _counted(journal: Journal, word: str, kind: str, operation: str) -> RunRow:
    match = _LAST.fullmatch(word)
    back = int(match[1] or 0) if match else 0
    limit = back + 1
    while True:
        rows = await journal.runs(limit, kind)
        same = [row for row in rows if row.operation == operation]
        if len(same) > back:
            return same[back]
        if len(rows) < limit:
            raise InputError(f"{word}: the journal has {len(same)} such runs ({kind} {operation})")
        limit *= 4


def view_targets(values: Sequence[str]) -> tuple[Target, ...]:
    """Return what the values of ``-o`` ask for: FORMAT or FORMAT=FILE.

    Raises:
        InputError: There is no such format, or two go to standard output.
    """
    targets: list[Target] = []
    for value in values:
        name, equals, file = value.partition("=")
        if name not in _FORMATS or (equals and not file):
            raise InputError(f"-o {value}: write text, md, json or FORMAT=FILE")
        targets.append((name, Path(file) if file and file != "-" else None))
    if sum(path is None for _, path in targets) > 1:
        raise InputError("-o: only one format can go to standard output")
    return tuple(targets)


def write_views(targets: Sequence[Target], texts: Mapping[str, Callable[[], str]]) -> int:
    """Write texts wherever they were asked for; return 1 where one could not be written."""
    code = 0
    for name, path in sorted(targets, key=lambda target: target[1] is None):
        if path is None:
            put(texts[name]())
            continue
        try:
            write_file(path, texts[name]())
        except OSError as error:
            tell(f"fleet: {path} could not be written: {error.strerror}")
            code = 1
    return code
