"""What answers say against a whole request, and how much of a site's text is kept."""

from __future__ import annotations

import time

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from fleet.operations.base import WriteLog
from fleet.operations.caps import LONGEST, short, shortened
from fleet.operations.connection import note_refusal
from fleet.operations.option_writes import OptionWriter
from fleet.operations.refusals import came_to_nothing, refusal
from fleet.results import Change
from fleet.site.wire import Answer


def answer(status: int, code: str, message: str = "") -> Answer:
    body = {"code": code, "message": message}
    return Answer(status, body, CIMultiDictProxy(CIMultiDict()))


@pytest.mark.parametrize(
    ("status", "code", "kind", "undone"),
    [
        pytest.param(403, "rest_cookie_invalid_nonce", "auth.session", True, id="nonce"),
        pytest.param(401, "rest_forbidden", "auth.anonymous", True, id="nobody"),
        pytest.param(403, "invalid_user_permission_x", "auth.forbidden", True, id="no rights"),
        pytest.param(403, "some_code", "auth.forbidden", False, id="said by the route itself"),
        pytest.param(400, "rest_invalid_param", None, True, id="bad argument"),
        pytest.param(404, "rest_no_route", None, True, id="no route"),
        pytest.param(400, "some_updated", None, False, id="perhaps a part"),
        pytest.param(500, "rest_forbidden", None, False, id="broke"),
        pytest.param(200, "success", None, False, id="yes"),
    ],
)
def test_refusals_tell_who_can_help_and_whether_anything_was_done(
    status: int, code: str, kind: str | None, undone: bool
) -> None:
    told = refusal(answer(status, code))
    assert (told.kind if told else None) == kind
    assert told is None or told.undone is undone
    assert came_to_nothing(answer(status, code)) is undone


def test_a_refused_nonce_is_noted_as_that() -> None:
    log, change = WriteLog(), Change("a", before=1, after=2)
    note_refusal(log, [change], answer(403, "rest_cookie_invalid_nonce"))
    assert (log.complaints["a"].kind, log.complaints["a"].undone) == ("auth.session", True)


async def refused(message: str, *names: str) -> WriteLog:
    async def read(keys: object) -> dict[str, object]:
        return {}

    async def write(values: object) -> Answer:
        return answer(400, "some_updated", message)

    log = WriteLog()
    changes = tuple(Change(f"settings.{name}", before=1, after=2) for name in names)
    await OptionWriter(read, write, log).send(changes)
    return log


async def test_a_refusal_is_searched_once_for_all_of_its_keys() -> None:
    names = [f"key_{number:03}" for number in range(300)]
    message = "key_000: key_001: " * 200_000
    began = time.perf_counter()
    log = await refused(message, *names)
    assert time.perf_counter() - began < 5
    assert len(log.complaints) == 300


async def test_the_longest_name_before_a_colon_counts() -> None:
    said = "voice: a. Passive voice: b. not-voice: c. Cliches: d"
    log = await refused(said, "Passive voice", "voice", "Cliches")
    reasons = {key.removeprefix("settings."): said.reason for key, said in log.complaints.items()}
    assert reasons == {
        "voice": "a",
        "Passive voice": "b. not-voice: c",
        "Cliches": "d",
    }


async def test_the_words_of_a_site_are_cut() -> None:
    log = await refused("a: " + "x" * 19_000, "a")
    assert len(log.complaints["settings.a"].reason) < LONGEST + 40
    assert log.complaints["settings.a"].reason.endswith("(19000 characters in all)")


def test_values_keep_their_shape_when_they_are_cut() -> None:
    long = "x" * (LONGEST + 1)
    assert short("x" * LONGEST) == "x" * LONGEST
    assert shortened({"a": [1, None, True, "b"], "c": {}}) == {"a": [1, None, True, "b"], "c": {}}
    assert shortened({long: [long]}) == {short(long): [short(long)]}
    assert short(long) != long


def test_a_value_that_is_nested_without_end_is_cut_too() -> None:
    deep: object = "x"
    for _ in range(900):
        deep = [deep]
    assert "nested too deeply" in str(shortened(deep))
