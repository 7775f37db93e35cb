"""Sites that a plugin knows.

Its rows go the way of any other source's rows from elsewhere: they are checked the same, may not
name files or commands of this machine, and are kept as the inventory says.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from queue import Empty, Queue
from typing import cast

from fleet.errors import InputError
from fleet.inventory.includes import SourceSpec
from fleet.inventory.source_commands import MAX_OUTPUT
from fleet.plugins import Group, Plugins, plugin_failed

__all__ = ["ask_source_plugin"]

Rows = Callable[[Mapping[str, str]], Iterable[Mapping[str, object]]]
"""What a plugin is: told its options, it returns rows as the lines of a JSONL inventory."""


def ask_source_plugin(spec: SourceSpec, plugins: Plugins) -> bytes:
    """Return the rows of a plugin as JSON Lines.

    It works beside the main thread, and is left to itself after ``spec.timeout``.

    Raises:
        InputError: It cannot be loaded, fails, takes too long, or gives too much.
    """
    rows = cast("Rows", plugins.load(Group.SOURCES, spec.source))
    answers: Queue[bytes | Exception] = Queue()

    def ask() -> None:
        try:
            answers.put(_lines(rows(spec.options)))
        except Exception as error:  # noqa: BLE001 - it is the plugin's, whatever it is
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=spec.timeout)
    except Empty:
        raise InputError(f"the plugin gave no sites within {spec.timeout:g}s") from None
    if isinstance(answer, Exception):
        plugin = plugins.described(Group.SOURCES, spec.source)
        raise plugin_failed(plugin, "gave no sites", answer)
    return answer


def _lines(rows: Iterable[Mapping[str, object]]) -> bytes:
    output = bytearray()
    for row in rows:
        output += json.dumps(dict(row)).encode("ascii") + b"\n"
        if len(output) > MAX_OUTPUT:
            raise InputError(f"it gives more than {MAX_OUTPUT // (1024 * 1024)} MiB")
    return bytes(output)
