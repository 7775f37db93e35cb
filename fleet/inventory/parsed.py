"""What was read once, kept so that the same files need not be read as YAML again.

An entry says which files, folders and outputs it was made from, by the hash of their content.
Before it is used all of them are looked at again, and so is every file of this machine that the
settings name; only then it stands for them. It has references to secrets in it, never a secret:
an inventory with one written in it is not kept.
"""

from __future__ import annotations

import hashlib
import json
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet.config import USER_AGENT
from fleet.inventory.layers import Layer
from fleet.inventory.profiles import Profile, plain_layer, read_layer
from fleet.inventory.store import SiteStore
from fleet.private_files import PrivateFolder

__all__ = ["Inputs", "ParsedCache", "digest_of_file", "digest_of_folder"]

FORMAT = 1
"""To be raised with every change of what is written here, or of what an inventory may say."""
PREFIX = "inventory-parsed-"
KEPT = 16
MAX_BYTES = 2 * 1024 * 1024 * 1024
WORTHWHILE = 64 * 1024
"""Bytes of input from which keeping the outcome saves more than it costs."""
_CHUNK = 1024 * 1024
_HASH = 32


@dataclass(slots=True)
class Inputs:
    """All that an inventory was made from.

    Args:
        found: The digest of each input by its kind (``file``, ``folder``, ``source``) and name.
        needs: Files of this machine that have to be there.
        size: Bytes in all.
        lasting: False where something was read that is another thing each time.
    """

    found: dict[tuple[str, str], str] = field(default_factory=dict)
    needs: set[Path] = field(default_factory=set)
    size: int = 0
    lasting: bool = True

    def note(self, kind: str, name: str, digest: str, size: int = 0) -> None:
        """Note an input."""
        self.found[kind, name] = digest
        self.size += size


def digest_of_file(path: Path) -> str | None:
    """Return the hash of what a file holds, or None where it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                found.update(chunk)
    except OSError:
        return None
    return found.hexdigest()


def digest_of_folder(names: Iterable[str]) -> str:
    """Return the hash of the names of the files in a folder that count."""
    return hashlib.sha256("\0".join(names).encode()).hexdigest()


class ParsedCache:
    """The outcome of one request: the same paths in the same order, asked for in one folder.

    Args:
        folder: Where entries are kept.
        paths: What is asked for.
    """

    def __init__(self, folder: PrivateFolder, paths: Sequence[Path]) -> None:
        self._folder = folder
        request = json.dumps([str(Path.cwd()), [str(path) for path in paths], FORMAT, _VERSION])
        self._name = f"{PREFIX}{hashlib.sha256(request.encode()).hexdigest()[:32]}"

    def load(
        self, current: Callable[[str, str], str | None]
    ) -> tuple[SiteStore, tuple[Path, ...]] | None:
        """Return the sites and the files they stand in, or None where they have to be read.

        Args:
            current: Returns the digest that an input has now, by its kind and name.
        """
        data = self._folder.read(self._name, MAX_BYTES)
        if data is None:
            return None
        try:
            return self._loaded(data, current)
        except (ValueError, TypeError, LookupError):  # not what `save` writes
            return None

    def _loaded(
        self, data: bytes, current: Callable[[str, str], str | None]
    ) -> tuple[SiteStore, tuple[Path, ...]] | None:
        if hashlib.sha256(memoryview(data)[_HASH:]).digest() != data[:_HASH]:
            return None
        end = data.index(b"\n", _HASH)
        plain = json.loads(data[_HASH:end])
        if any(current(kind, name) != digest for kind, name, digest in plain["inputs"]):
            return None
        if not all(Path(path).is_file() for path in plain["needs"]):
            return None
        self._folder.used(self._name)
        body = memoryview(data)[end + 1 :]
        return _read_store(plain, body), tuple(map(Path, plain["files"]))

    def save(self, store: SiteStore, files: Sequence[Path], inputs: Inputs) -> None:
        """Keep what was read, where it may be kept and is large enough for that to help."""
        if store.has_inline or not inputs.lasting or inputs.size < WORTHWHILE:
            return
        plain = {
            **_plain_profiles(store.profiles),
            "inputs": [[*key, digest] for key, digest in inputs.found.items()],
            "needs": sorted(map(str, inputs.needs)),
            "files": [str(file) for file in files],
            "count": len(store),
        }
        body = b"".join(
            (
                json.dumps(plain).encode() + b"\n",
                array("Q", store.ends).tobytes(),
                array("I", store.hashes).tobytes(),
                array("I", store.order).tobytes(),
                store.blob,
            )
        )
        if self._folder.write(self._name, hashlib.sha256(body).digest() + body):
            self._folder.prune(PREFIX, KEPT)


def _plain_profiles(profiles: Sequence[Profile]) -> dict[str, object]:
    """Return profiles as JSON, each of their layers once."""
    layers: dict[int, tuple[int, Layer]] = {}
    for profile in profiles:
        for layer in profile.layers:
            layers.setdefault(id(layer), (len(layers), layer))
    return {
        "layers": [plain_layer(layer) for _, layer in layers.values()],
        "profiles": [
            [
                profile.file,
                profile.groups,
                profile.listed,
                [layers[id(layer)][0] for layer in profile.layers],
            ]
            for profile in profiles
        ],
    }


def _read_store(plain: Mapping[str, Any], body: memoryview) -> SiteStore:
    layers = [read_layer(each) for each in plain["layers"]]
    profiles = [
        Profile(file, groups, [layers[n] for n in numbers], listed=listed)
        for file, groups, listed, numbers in plain["profiles"]
    ]
    count = plain["count"]
    wide, narrow = count * array("Q").itemsize, count * array("I").itemsize
    ends = body[:wide].cast("Q")
    hashes = body[wide : wide + narrow].cast("I")
    order = body[wide + narrow : wide + 2 * narrow].cast("I")
    return SiteStore(profiles, [], body[wide + 2 * narrow :], ends, hashes, order)


def _version() -> list[object]:
    """Return what the bytes of an entry depend on besides our own format."""
    return [sys.byteorder, array("Q").itemsize, array("I").itemsize, USER_AGENT]


_VERSION = _version()
