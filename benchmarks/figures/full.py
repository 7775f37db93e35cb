"""Sites per second with full answers: login, nonce, every module (about 80 KB), every setting."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.lab import Lab, Result, lacking
from benchmarks.recording import recorded
from benchmarks.script import Step, script_of
from benchmarks.sites import Work, urls
from benchmarks.stub import Stub
from benchmarks.table import Row, row, spread

__all__ = ["full_answers"]

_TARGETS = {"bare": 0.8, "nornir": 2.0, "requests": 2.0, "ansible": 40.0}
_NAMES = {
    "fleet": "fleet, journal on",
    "bare": "bare aiohttp loop",
    "httpx": "httpx, asynchronous",
    "requests": "requests, 50 threads",
    "nornir": "Nornir, 50 threads",
    "ansible": "Ansible uri, 50 forks",
}


def full_answers(lab: Lab) -> Sequence[Row]:
    """Return the rates of all, and how many times theirs ours is."""
    exchanges = recorded(Work.FULL)
    script = script_of(exchanges)
    with lab.stub(exchanges) as stub:
        results = _rounds(lab, stub, script)
    rows = [_told(who, found) for who, found in results.items()]
    return rows + [_ratio(who, results) for who in _NAMES if who != "fleet"]


def _rounds(lab: Lab, stub: Stub, script: Sequence[Step]) -> dict[str, list[Result]]:
    """Return the results of all, in turns, so that what else the machine does hits all alike."""
    # So many that what starts once, such as processes, counts as it does on a large fleet.
    sites = urls(lab.size(8000, 40), stub.port)
    some = dict(list(sites.items())[: lab.size(1000, 40)])
    few = dict(list(sites.items())[: lab.size(50, 1)])
    results: dict[str, list[Result]] = {who: [] for who in _NAMES if not lacking(who)}
    for turn in range(lab.size(3, 1)):
        for who, found in results.items():
            if who == "fleet":
                with lab.fresh() as folder:
                    found.append(lab.ours(sites, folder))
            elif who == "bare":
                found.append(lab.theirs(who, sites, script))
            elif who != "ansible":
                found.append(lab.theirs(who, some, script))
            elif turn == 0:
                found.append(lab.theirs(who, few, script))
    return results


def _told(who: str, found: Sequence[Result]) -> Row:
    rates = spread([each.rate for each in found], 1 if who == "ansible" else 0)
    cost = statistics.median(each.cost for each in found)
    sample = f", from {found[0].sites} sites" if who == "ansible" else ""
    return Row(f"full answers: {_NAMES[who]}", f"{rates} sites/s, {cost:.1f} ms CPU/site{sample}")


def _ratio(who: str, results: dict[str, list[Result]]) -> Row:
    figure = f"full answers: fleet / {_NAMES[who]}"
    if why := lacking(who):
        return Row(figure, why, f">= {_TARGETS[who]:g} x" if who in _TARGETS else "", "unknown")
    ours, theirs = (_median(results[name]) for name in ("fleet", who))
    if who not in _TARGETS:
        return Row(figure, f"{ours / theirs:.2f} x")
    return row(figure, ours / theirs, "x", least=_TARGETS[who])


def _median(found: Sequence[Result]) -> float:
    return statistics.median(each.rate for each in found)
