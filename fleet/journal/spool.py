"""Texts of a run in a file without a name, so that a hundred thousand of them need no memory.

The file is open to nobody else: it has no name, its owner alone may read it, and it is gone with
the process. Where the disk takes no more, texts stay in memory: no result is lost for that.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import weakref
from array import array
from collections.abc import Sequence
from typing import cast

from fleet.journal.codec import decode_result, encode_result
from fleet.results import Results, SiteResult, Status, Tally
from fleet.series import Series

__all__ = ["SiteNames", "Spool", "Texts"]

_LOG = logging.getLogger("fleet")
_STATUSES = tuple(Status)
ROOM = 64 * 1024
"""Bytes of texts that are written at once."""


class Texts:
    """Numbered texts in a file.

    Args:
        count: How many there are at most; none of them is there at first.
    """

    def __init__(self, count: int) -> None:
        self._starts = array("q", bytes(8 * count))
        self._lengths = array("L", bytes(array("L").itemsize * count))
        self._end = 0
        self._file: int | None = None
        self._kept: dict[int, bytes] = {}
        self._fresh: dict[int, bytes] = {}
        self._room = ROOM

    def __len__(self) -> int:
        """Return how many there may be."""
        return len(self._starts)

    def put(self, number: int, text: str) -> None:
        """Keep a text, in place of an earlier one of that number."""
        content = text.encode("utf-8", "surrogatepass")
        self._kept.pop(number, None)
        self._fresh[number] = content
        self._room -= len(content)
        if self._room <= 0:
            self._put_away()

    def get(self, number: int) -> str | None:
        """Return a text, or None where none was put.

        Raises:
            OSError: The file cannot be read.
        """
        content = self._fresh.get(number) or self._kept.get(number)
        if content is None:
            length = self._lengths[number]
            if not length or self._file is None:
                return None
            content = os.pread(self._file, length, self._starts[number])
        return content.decode("utf-8", "surrogatepass")

    def _put_away(self) -> None:
        """Write the newest texts to the file, or keep them where it takes no more."""
        begin = self._end
        try:
            self._write(b"".join(self._fresh.values()))
        except OSError as error:
            if not self._kept:
                _LOG.warning(
                    "the folder for temporary files takes no more (%s): results stay in memory",
                    error.strerror,
                )
            self._kept.update(self._fresh)
        else:
            for number, content in self._fresh.items():
                self._starts[number], self._lengths[number] = begin, len(content)
                begin += len(content)
        self._fresh, self._room = {}, ROOM

    def _write(self, content: bytes) -> None:
        if self._file is None:
            with tempfile.TemporaryFile(buffering=0) as file:
                self._file = os.dup(file.fileno())
            weakref.finalize(self, os.close, self._file)
        left = memoryview(content)
        while left:
            written = os.pwrite(self._file, left, self._end)
            left = left[written:]
            self._end += written


class SiteNames(Series[tuple[str, str]]):
    """Names and addresses of sites that were read from a record.

    Args:
        count: How many sites there are.
    """

    def __init__(self, count: int) -> None:
        self._texts = Texts(count)
        self._count = 0

    def add(self, name: str, url: str) -> None:
        """Add the next site."""
        self._texts.put(self._count, json.dumps([name, url]))
        self._count += 1

    def at(self, index: int) -> tuple[str, str]:
        """Return the name and the address of a site."""
        name, url = cast("list[str]", json.loads(self._texts.get(index) or ""))
        return name, url

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count


class Spool(Results):
    """The results of a run in the order of its sites, whatever order they arrive in.

    Args:
        sites: (name, url) of each site; one without a result is `not_started`.
    """

    def __init__(self, sites: Sequence[tuple[str, str]]) -> None:
        self._sites = sites
        self._tally = Tally(len(sites))
        self._texts = Texts(len(sites))
        # One byte for each site: 0, or 1 + the place of its status.
        self._statuses = bytearray(len(sites))

    @property
    def tally(self) -> Tally:
        """Return what the results so far add up to."""
        return self._tally

    def put(self, index: int, result: SiteResult, text: str | None = None) -> None:
        """Keep the result of the site at `index`, in place of an earlier one.

        Args:
            index: Place of the site in the run.
            result: How it ended.
            text: What `encode_result` makes of it, where that is known already.
        """
        if self.status(index) is None:
            self._tally.totals[Status.NOT_STARTED] -= 1
        else:
            self._tally.count(self.at(index), -1)
        self._texts.put(index, text or encode_result(result))
        self._statuses[index] = 1 + _STATUSES.index(result.status)
        self._tally.count(result)

    def status(self, index: int) -> Status | None:
        """Return how the site at `index` ended, or None where it has not."""
        found = self._statuses[index]
        return _STATUSES[found - 1] if found else None

    def at(self, index: int) -> SiteResult:
        """Return the result of the site at `index`."""
        text = self._texts.get(index)
        if text is None:
            name, url = self._sites[index]
            return SiteResult(name, url, Status.NOT_STARTED)
        return decode_result(text)

    def __len__(self) -> int:
        """Return the number of sites."""
        return len(self._statuses)
