"""Results come back from their text as they were."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from sqlalchemy.dialects.sqlite import dialect

from fleet.errors import JournalError
from fleet.journal.codec import (
    decode_object,
    decode_result,
    decode_value,
    encode_result,
    encode_value,
)
from fleet.journal.records import Owner
from fleet.journal.tables import Words
from fleet.results import SiteResult, Status
from tests.report.strategies import hostile, json_objects, json_values, patient, site_results

DIALECT = dialect()


@patient
@given(site_results("a", hostile, json_objects))
def test_a_result_comes_back_exactly(result: SiteResult) -> None:
    text = encode_result(result)

    assert decode_result(text) == result
    assert text.isascii()
    json.loads(text)


@given(json_values)
def test_a_value_comes_back_exactly(value: object) -> None:
    assert decode_value(encode_value(value)) == value


@given(hostile, hostile)
def test_any_words_are_stored_and_different_ones_stay_different(one: str, other: str) -> None:
    words = Words()
    stored = [words.process_bind_param(text, DIALECT) for text in (one, other)]

    assert [words.process_result_value(text, DIALECT) for text in stored] == [one, other]
    assert (stored[0] == stored[1]) == (one == other)
    assert "\0" not in str(stored)
    str(stored).encode()


def test_a_plain_result_is_small() -> None:
    text = encode_result(SiteResult("a", "https://a.example/", Status.UNCHANGED))

    assert json.loads(text) == {"site": "a", "url": "https://a.example/", "status": "unchanged"}


def test_what_is_no_json_is_kept_as_text() -> None:
    assert decode_value(encode_value({1: (2, {3}), "n": 10**5000})) == {
        "1": [2, "{3}"],
        "n": "(more than 4000 digits)",
    }


@pytest.mark.parametrize("text", ["", "[]", "1", "[" * 100_000])
def test_damage_is_told(text: str) -> None:
    with pytest.raises(JournalError, match="damaged"):
        decode_object(text)


def test_the_owner_of_a_process_is_told_as_people_know_it() -> None:
    owner = Owner.here()

    assert str(owner) == f"{owner.user}@{owner.host} pid {owner.pid}"
    assert all((owner.user, owner.host, owner.pid))
