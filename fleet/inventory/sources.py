"""What sources give, new or from an earlier time.

An output is kept only after everything in it was found to be right and free of secrets, so what
is kept can be shown to anybody who can read this user's files. An old one stands in for a source
that fails only where the inventory says so, and people are told.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass

from fleet.errors import InputError
from fleet.inventory.ansible import rows_of
from fleet.inventory.includes import SOURCES, SourceSpec
from fleet.inventory.source_commands import MAX_OUTPUT, run_source_command
from fleet.inventory.source_plugins import ask_source_plugin
from fleet.plugins import Plugins
from fleet.private_files import PrivateFolder

__all__ = ["Output", "Sources", "source_digest"]

PREFIX = "inventory-source-"
KEPT = 32
_LOG = logging.getLogger("fleet")


@dataclass(frozen=True, slots=True)
class Output:
    """What a source gave.

    Args:
        data: The bytes; of Ansible's document the rows made of it.
        format: What they are: ``jsonl``, ``csv`` or ``yaml``.
        name: What they are called in places, a file beside the inventory that names the source.
        kept: The name under which they are kept for later.
        fresh: Whether they have just been made.
        stale: Whether they are older than the inventory wants them.
    """

    data: bytes
    format: str
    name: str
    kept: str
    fresh: bool
    stale: bool = False


class Sources:
    """Asks sources.

    Args:
        cache: Where outputs are kept; None keeps none.
        environ: Variables that commands get; by default this process's.
        plugins: Know further sources.
    """

    def __init__(
        self,
        cache: PrivateFolder | None,
        environ: Mapping[str, str] | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        self._cache = cache
        self._plugins = plugins or Plugins()
        self._environ = os.environ if environ is None else environ

    def output(self, spec: SourceSpec) -> Output:
        """Return what a source gives.

        Raises:
            InputError: It fails, and nothing older may stand in for it.
        """
        kept = _kept_name(spec)
        recent = self._kept(kept, spec.cache)
        if recent is not None:
            return _output(spec, recent, kept, fresh=False)
        try:
            return _output(spec, self._asked(spec), kept, fresh=True)
        except InputError as error:
            message = f"the source {spec.name}: {error.message}"
            old = self._kept(kept, float("inf")) if spec.stale else None
            if old is None:
                raise InputError(message, spec.place) from None
            age = (self._cache.age(kept) if self._cache else None) or 0.0
            _LOG.warning("%s %s; its sites are those of %s ago", spec.place, message, _ago(age))
            return _output(spec, old, kept, fresh=False, stale=True)

    def keep(self, output: Output) -> None:
        """Keep an output in which everything was right and nothing secret."""
        if self._cache and output.fresh and self._cache.write(output.kept, output.data):
            self._cache.prune(PREFIX, KEPT)

    def _asked(self, spec: SourceSpec) -> bytes:
        if spec.source == "http":
            # Loaded here, because few inventories have one, and its client takes long to load.
            from fleet.inventory.source_addresses import ask_source_address  # noqa: PLC0415

            data = ask_source_address(spec)
        elif spec.source not in SOURCES:
            data = ask_source_plugin(spec, self._plugins)
        else:
            data = run_source_command(spec, self._environ)
        return rows_of(data) if spec.format == "ansible" else data

    def _kept(self, name: str, seconds: float) -> bytes | None:
        return kept_output(self._cache, name, seconds) if self._cache and seconds else None


def kept_output(cache: PrivateFolder, name: str, seconds: float) -> bytes | None:
    """Return an output that is not older than that many seconds, or None."""
    age = cache.age(name)
    return cache.read(name, 2 * MAX_OUTPUT) if age is not None and age < seconds else None


def source_digest(cache: PrivateFolder | None, name: str) -> str | None:
    """Return the hash of a kept output.

    Args:
        cache: Where outputs are kept.
        name: The seconds for which it will do, a space, and the name it is kept under.
    """
    seconds, _, kept = name.partition(" ")
    data = kept_output(cache, kept, float(seconds)) if cache else None
    return None if data is None else hashlib.sha256(data).hexdigest()


def _kept_name(spec: SourceSpec) -> str:
    folder = str(spec.file.parent.absolute())
    headers = {name: ref.text for name, ref in spec.headers.items()}
    what = [spec.source, folder, spec.format, spec.run, str(spec.url), headers, str(spec.ca_file)]
    what += [dict(spec.options)] if spec.options else []
    return f"{PREFIX}{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]}"


def _output(
    spec: SourceSpec, data: bytes, kept: str, *, fresh: bool, stale: bool = False
) -> Output:
    format_ = "jsonl" if spec.format == "ansible" else spec.format
    label = "".join(c if c.isprintable() and c not in "/<>" else "_" for c in spec.name)
    return Output(data, format_, str(spec.file.parent / f"<{label}>"), kept, fresh, stale)


def _ago(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"
