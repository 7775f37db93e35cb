"""Slow, throttled, dead and swallowing servers, and what they cost the others; in virtual time."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.config import Limits
from fleet.engine.circuit import IN_A_ROW
from fleet.engine.stop import Stop
from fleet.inventory.model import Site
from fleet.results import Status
from tests.engine.virtual import Act, Played, Script, answer, play, virtually

GOOD = (Act(),) * 3
UNREACHABLE = Status.UNREACHABLE


def at_own(count: int, name: str = "own") -> list[tuple[str, str]]:
    return [(f"{name}{n}", f"{name}{n}.example") for n in range(count)]


def at(address: str, count: int, name: str = "s") -> list[tuple[str, str]]:
    return [(f"{name}{n}", address) for n in range(count)]


def run(sites: Sequence[tuple[str, str]], script: Script, limits: Limits, waves: int = 1) -> Played:
    return virtually(lambda: play(sites, script, limits, waves=waves))


def well(where: Site, visit: int) -> Sequence[Act]:
    return GOOD


@pytest.mark.parametrize("per_host", [2, 50])
@pytest.mark.parametrize("first", ["slow", "quick"])
def test_400_sites_on_one_slow_address_do_not_delay_400_others(per_host: int, first: str) -> None:
    def script(where: Site, visit: int) -> Sequence[Act]:
        return (Act(10.0),) * 3 if where.url.host == "slow.example" else GOOD

    limits = Limits(concurrency=50, per_host=per_host)
    slow, quick = at("slow.example", 400, "slow"), at_own(400)
    alone = run(quick, script, limits)
    both = run([*slow, *quick] if first == "slow" else [*quick, *slow], script, limits)
    ended = [
        moment
        for moment, event in both.events
        if getattr(getattr(event, "result", None), "site", "").startswith("own")
    ]
    assert len(ended) == 400
    assert max(ended) <= 1.25 * alone.last(Status.UNCHANGED)
    assert both.peak["slow.example"] <= per_host
    assert len(both.results) == 800


def test_a_slow_address_gets_all_places_when_nobody_else_wants_them() -> None:
    limits = Limits(concurrency=50, per_host=50)
    played = run(at("slow.example", 400), lambda *_: (Act(10.0),) * 3, limits)
    assert played.peak["slow.example"] == 50


def test_a_run_begins_slowly_and_reaches_its_limit() -> None:
    limits = Limits(concurrency=50, per_host=2, ramp=10)
    played = run(at_own(200), well, limits)
    assert (
        len([moment for starts in played.begun.values() for moment in starts if not moment]) == 10
    )
    assert played.peak[""] == 50


@pytest.mark.parametrize(("every", "left"), [(10, 0.6), (5, 0.5)])
def test_fault_02_addresses_that_swallow_connections_leave_the_throughput(
    every: int, left: float
) -> None:
    """Until the last site that answers nearly all of it; until the second tries are over, most."""
    count = 1500

    def swallows(where: Site) -> bool:
        return int(where.name.removeprefix("own")) % every == 0

    def script(where: Site, visit: int) -> Sequence[Act]:
        return (Act(hole=True),) if swallows(where) else (Act(),) * 6

    limits = Limits(concurrency=50, per_host=2)
    clean = run(at_own(count), lambda *_: (Act(),) * 6, limits).last(Status.UNCHANGED)
    played = run(at_own(count), script, limits)
    dead = sum(result.status is UNREACHABLE for result in played.results.values())
    assert dead == count // every
    assert count / played.last(Status.UNCHANGED) >= 0.95 * count / clean
    assert count / played.last(UNREACHABLE) >= left * count / clean
    assert played.peak[""] <= limits.concurrency + limits.aside


def test_a_site_that_comes_back_is_found_at_the_end_and_says_so() -> None:
    def script(where: Site, visit: int) -> Sequence[Act]:
        return (Act(refuses=True),) if where.name == "own3" and not visit else GOOD

    played = run(at_own(20), script, Limits(concurrency=4))
    result = played.results["own3"]
    assert (result.status, result.notes) == (
        Status.UNCHANGED,
        ("tried again at the end, after net.refused",),
    )
    assert result.usage.requests == 4
    assert played.visits == {f"own{n}": 2 if n == 3 else 1 for n in range(20)}
    assert sorted(played.started) == sorted(f"own{n}" for n in range(20))
    others = [moment for name, moments in played.begun.items() for moment in moments[:1]]
    assert played.begun["own3.example"][1] >= max(others)


def test_fault_02_the_second_try_has_more_time_to_connect() -> None:
    played = run(at_own(1), lambda *_: (Act(hole=True),), Limits())
    assert played.last(UNREACHABLE) == pytest.approx(14.0)


def test_fault_18_a_pause_that_is_asked_for_closes_the_address_and_holds_no_place() -> None:
    """Two sites of it: one is throttled; the other starts when the pause is over."""

    def script(where: Site, visit: int) -> Sequence[Act]:
        if where.name == "s0" and not visit:
            return (Act(reply=answer(429, Retry_After="30")),)
        return GOOD

    sites = [*at("busy.example", 2), *at_own(10)]
    played = run(sites, script, Limits(concurrency=1, per_host=1))
    first, *later = played.begun["busy.example"]
    assert all(moment >= first + 30 for moment in later)
    assert {result.status for result in played.results.values()} == {Status.UNCHANGED}
    ended = {e.result.site: at for at, e in played.events if hasattr(e, "result")}
    assert max(ended[f"own{n}"] for n in range(10)) < 10


@pytest.mark.parametrize(("wish", "visits"), [("60", 2), ("61", 1), ("3600", 1)])
def test_a_pause_that_is_too_long_ends_the_site(wish: str, visits: int) -> None:
    limited = (Act(reply=answer(429, Retry_After=wish)),)
    played = run(at("busy.example", 1), lambda *_: limited, Limits())
    (result,) = played.results.values()
    assert (result.kind, played.visits["s0"]) == ("throttle.limited", visits)


def test_of_a_dead_server_a_few_sites_are_tried_and_the_others_put_aside() -> None:
    def script(where: Site, visit: int) -> Sequence[Act]:
        return (Act(hole=True),) if where.url.host == "dead.example" else GOOD

    limits = Limits(concurrency=20, per_host=2)
    played = run([*at("dead.example", 1000), *at_own(100)], script, limits)
    results = [result for name, result in played.results.items() if name.startswith("s")]
    assert len(results) == 1000
    assert {(result.status, result.kind) for result in results} == {(UNREACHABLE, "net.timeout")}
    untried = [result for result in results if result.message.startswith("not tried: ")]
    assert len(untried) >= 1000 - IN_A_ROW - 6
    assert all(not result.usage.requests for result in untried)
    assert played.last(UNREACHABLE) < 60


def test_a_server_that_comes_back_is_used_again() -> None:
    """The half-open try finds it while the run goes on; nobody is left out."""
    tried: list[str] = []

    def script(where: Site, visit: int) -> Sequence[Act]:
        if where.url.host != "ill.example":
            return (Act(),) * 20
        tried.append(where.name)
        return (Act(refuses=True),) if len(tried) <= IN_A_ROW else GOOD

    limits = Limits(concurrency=4, per_host=2)
    played = run([*at("ill.example", 50), *at_own(40)], script, limits)
    assert {result.status for result in played.results.values()} == {Status.UNCHANGED}
    assert sum(played.visits[f"s{n}"] for n in range(50)) == 50 + IN_A_ROW


def test_what_was_learnt_of_a_server_is_kept_from_wave_to_wave() -> None:
    overloaded = (Act(reply=answer(500)),) * 3
    limits = Limits(concurrency=20, per_host=8, first=8)
    one = run(at("ill.example", 40), lambda *_: overloaded, limits)
    two = run(at("ill.example", 80), lambda *_: overloaded, limits, waves=2)
    assert one.peak["ill.example"] == 8
    late = two.begun["ill.example"][40:]
    assert len([moment for moment in late if moment == late[0]]) == 1


def test_names_that_nobody_tells_do_not_hold_up_the_others() -> None:
    async def lookup(host: str) -> str:
        if host.startswith("dead"):
            await anyio.sleep(5)
            raise OSError("no answer")
        return host

    async def work() -> Played:
        sites = [*at_own(100, "dead"), *at_own(100)]
        return await play(sites, well, Limits(concurrency=50), lookup=lookup)

    played = virtually(work)
    healthy = [played.begun[f"own{n}.example"][0] for n in range(100)]
    assert max(healthy) < 5


def test_a_stop_leaves_out_what_was_put_aside_and_keeps_what_was_found() -> None:
    def script(where: Site, visit: int) -> Sequence[Act]:
        return (Act(refuses=True),) if where.url.host == "dead.example" else (Act(),) * 100

    async def work() -> Played:
        stop = Stop()
        sites = [*at("dead.example", 100), *at_own(20)]
        limits = Limits(concurrency=10, per_host=2)
        async with anyio.create_task_group() as tasks:

            async def later() -> None:
                await anyio.sleep(3)
                stop.request("SIGINT")

            tasks.start_soon(later)
            return await play(sites, script, limits, stop)
        raise AssertionError

    played = virtually(work)
    tried = {name for name in played.visits if name.startswith("s")}
    assert 0 < len(tried) <= IN_A_ROW + 2
    assert {name for name in played.results if name.startswith("s")} == tried
    assert set(played.results) == set(played.started)
    assert max(played.visits.values()) == 1


def test_a_site_that_waits_at_a_server_that_goes_down_is_visited_no_third_time() -> None:
    """Its pause is over only after its neighbours have found nobody there."""

    def script(where: Site, visit: int) -> Sequence[Act]:
        if where.name == "s0" and not visit:
            return (Act(reply=answer(429, Retry_After="3")),)
        return (Act(refuses=True),)

    played = run(at("ill.example", 20), script, Limits(concurrency=20, per_host=20, first=20))
    assert len(played.results) == 20
    assert max(played.visits.values()) <= 2


def test_a_server_that_goes_down_at_the_very_end_leaves_nobody_behind() -> None:
    """The sites of the next wave are others, whatever their numbers."""

    def script(where: Site, visit: int) -> Sequence[Act]:
        return GOOD if visit > 1 or where.name == "s0" else (Act(refuses=True),)

    sites = at("ill.example", 24)
    limits = Limits(concurrency=20, per_host=4)
    for waves in (1, 2, 3):
        played = run(sites, script, limits, waves)
        assert set(played.results) == {name for name, _ in sites}


OUTCOMES = st.sampled_from(
    [
        GOOD,
        (Act(reply=answer(503)),),
        (Act(5.0),),
        (Act(hole=True),),
        (Act(refuses=True),),
        (Act(reply=answer(429, Retry_After="7")),),
        (Act(), Act(reply=answer(429, Retry_After="1"))),
    ]
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), OUTCOMES, OUTCOMES), max_size=40),
    st.integers(1, 8),
    st.integers(1, 4),
    st.one_of(st.none(), st.floats(0, 60)),
    st.integers(1, 3),
)
def test_no_site_is_lost_or_doubled_and_no_limit_is_exceeded(
    made: list[tuple[int, Sequence[Act], Sequence[Act]]],
    concurrency: int,
    per_host: int,
    stops: float | None,
    waves: int,
) -> None:
    sites = [(f"s{n}", f"lane{lane}.example") for n, (lane, *_) in enumerate(made)]
    limits = Limits(concurrency, per_host, waiting=5, ramp=3)

    def script(where: Site, visit: int) -> Sequence[Act]:
        assert visit < 2
        return made[int(where.name[1:])][visit + 1]  # type: ignore[return-value]

    async def work() -> Played:
        stop = Stop()
        found: list[Played] = []
        async with anyio.create_task_group() as tasks:

            async def run_through() -> None:
                found.append(await play(sites, script, limits, stop, waves=waves))
                tasks.cancel_scope.cancel()

            tasks.start_soon(run_through)
            if stops is not None:
                await anyio.sleep(stops)
                stop.request("SIGINT")
        return found[0]

    played = virtually(work)
    names = {name for name, _ in sites}
    assert set(played.results) <= names
    assert stops is not None or set(played.results) == names
    assert set(played.visits) <= set(played.results)
    assert max((peak for key, peak in played.peak.items() if key), default=0) <= per_host
    assert played.peak[""] <= concurrency + limits.aside
