"""A report of 100,000 sites is written in little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from typing import overload

import pytest

from fleet.report.writer import RENDERERS
from fleet.results import KeyResult, RunReport, SiteResult, Status, Usage, Verdict
from tests.report.made import broken, run, url


class Lazy(Sequence[SiteResult]):
    """Results made anew on each pass, as those are that come from a disk."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> SiteResult: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[SiteResult]: ...
    def __getitem__(self, at: int | slice) -> SiteResult | Sequence[SiteResult]:
        raise AssertionError("results are walked, not picked")

    def __iter__(self) -> Iterator[SiteResult]:
        return map(self._made, range(self._count))

    def _made(self, at: int) -> SiteResult:
        name = f"site-{at}"
        if at % 3 == 0:
            return broken(name, "net.dns", f"{name} number {at} is not known.", f"said {at}")
        keys = (KeyResult(f"settings.k{at % 40}", Verdict.DRIFT, f"value {at}", at, None, None),)
        data = {"hits": {"value": at}, "word": f"w{at}"}
        notes = (f"seen {at} times",)
        status = Status.DRIFT if at % 3 == 1 else Status.NOT_STARTED
        return SiteResult(name, url(name), status, keys=keys, data=data, notes=notes)


class LazyReport(RunReport):
    @property
    def totals(self) -> dict[Status, int]:
        third = len(self.results) // 3
        counts = {Status.UNREACHABLE: third, Status.DRIFT: third, Status.NOT_STARTED: third}
        return {**dict.fromkeys(Status, 0), **counts}

    @property
    def usage(self) -> Usage:
        return Usage()

    @property
    def exit_code(self) -> int:
        return 3


class Null:
    def write(self, text: str, /) -> object:
        return len(text)


def lazy_report(sites: int) -> RunReport:
    empty = run([], read_only=True)
    fields = {field: getattr(empty, field) for field in RunReport.__dataclass_fields__}
    return LazyReport(**{**fields, "results": Lazy(sites)})


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", RENDERERS)
def test_a_hundred_thousand_sites_take_little_memory(name: str) -> None:
    render = RENDERERS[name]
    render(lazy_report(3), Null())
    report = lazy_report(99_999)
    tracemalloc.start()
    try:
        render(report, Null())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 30e6
