"""A server that is down is left alone, tried now and then, and given up at the end."""

from __future__ import annotations

import pytest

from fleet.engine.circuit import IN_A_ROW, Circuit


def down(now: float = 0.0) -> Circuit:
    circuit = Circuit()
    for _ in range(IN_A_ROW):
        assert not circuit.failed("net.timeout", now)
    return circuit


def test_it_opens_after_a_few_failures_in_a_row_and_not_before() -> None:
    circuit = Circuit()
    for _ in range(IN_A_ROW - 1):
        circuit.failed("net.refused", 0.0)
        assert not circuit.open
        assert circuit.allows(0.0, running=3)
    circuit.failed("net.timeout", 0.0)
    assert circuit.open
    assert circuit.kind == "net.timeout"
    assert not circuit.allows(0.0, running=0)


def test_any_answer_begins_the_count_anew() -> None:
    circuit = Circuit()
    for _ in range(3):
        for _ in range(IN_A_ROW - 1):
            circuit.failed("net.reset", 0.0)
        circuit.reached()
    assert not circuit.open
    assert circuit.calm


def test_after_the_pause_one_site_is_tried_and_no_second_one() -> None:
    circuit = down()
    assert not circuit.allows(4.9, running=0)
    assert circuit.allows(5.0, running=0)
    assert not circuit.allows(5.0, running=1)
    circuit.reached()
    assert circuit.allows(5.0, running=1)


def test_each_try_in_vain_doubles_the_pause() -> None:
    circuit, now, pauses = down(), 0.0, []
    for _ in range(6):
        pauses.append(circuit.until - now)
        now = circuit.until
        circuit.failed("net.timeout", now)
    assert pauses == [5, 10, 20, 40, 40, 40]


def test_failures_of_what_was_under_way_already_do_not_count_as_tries() -> None:
    circuit = down()
    circuit.failed("net.timeout", 1.0)
    assert circuit.until == 5.0


@pytest.mark.parametrize("answers", [True, False])
def test_the_last_try_decides(*, answers: bool) -> None:
    circuit = down()
    circuit.failed("net.timeout", 5.0)
    circuit.failed("net.timeout", 15.0)
    circuit.last_chance(16.0)
    assert circuit.allows(21.0, running=0)
    if answers:
        circuit.reached()
        assert circuit.allows(21.0, running=1)
    else:
        assert circuit.failed("net.timeout", 31.0)
