"""Names of sites and labels for a shell that completes what is typed.

Nothing is run and nobody is asked for them: what sources gave is taken where it is kept already,
else what stands in the files themselves. What cannot be read gives no names, and no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from cyclopts.completion import CompletionContext

from fleet.errors import InputError
from fleet.inventory.document import Entry, read_document
from fleet.inventory.loader import load_kept
from fleet.inventory.mapping import Sites
from fleet.private_files import user_cache

__all__ = ["complete_labels", "complete_sites"]

_MOST = 1000
"""Candidates that a shell gets at most."""


def complete_sites(context: CompletionContext) -> list[str]:
    """Return the names of sites that begin as what is typed."""
    return _fitting((name for name, _ in _known(context)), context.incomplete)


def complete_labels(context: CompletionContext) -> list[str]:
    """Return labels as ``key=value`` that begin as what is typed."""
    pairs = (f"{key}={value}" for _, labels in _known(context) for key, value in labels)
    return _fitting(pairs, context.incomplete)


def _fitting(words: Iterable[str], begun: str) -> list[str]:
    found: dict[str, None] = {}
    for word in words:
        if word and word.startswith(begun) and word.isprintable():
            found[word] = None
        if len(found) == _MOST:
            break
    return sorted(found)


def _known(context: CompletionContext) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield name and labels of each site that can be known without running anything."""
    typed = context.get("--inventory")
    paths = [Path(text) for text in typed.raw_tokens] if typed else []
    paths = paths or [Path("inventory.yaml")]
    kept = load_kept(paths, user_cache())
    if kept is not None:
        for site in Sites(kept).values():
            yield site.name, list(site.labels.items())
        return
    for file in _files(paths):
        try:
            root = read_document(file).root
        except InputError:
            continue
        for section in ("groups", "sites"):
            for name, entry in _entries(root, section):
                yield (name if section == "sites" else ""), _labels(entry)
        yield "", [pair for key, entry in _entries(root, "defaults") if key == "labels"
                   for pair in _pairs(entry)]  # fmt: skip


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))
        elif path.suffix in (".yaml", ".yml"):
            yield path


def _entries(root: Mapping[str, Entry], key: str) -> list[tuple[str, Entry]]:
    value = root[key].node.value if key in root else None
    return list(value.items()) if isinstance(value, Mapping) else []


def _labels(entry: Entry) -> list[tuple[str, str]]:
    value = entry.node.value
    labels = value.get("labels") if isinstance(value, Mapping) else None
    return _pairs(labels) if labels is not None else []


def _pairs(labels: Entry) -> list[tuple[str, str]]:
    value = labels.node.value
    if not isinstance(value, Mapping):
        return []
    return [(key, str(each.node.value)) for key, each in value.items()]
