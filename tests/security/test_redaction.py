"""The redactor: no secret in any disguise comes through, and clean text comes through unchanged."""

from __future__ import annotations

import base64
import html
import json
import shlex
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.disguises import Secret
from fleet.operations.caps import LONGEST, short
from fleet.redaction import MASK, NOTE, SHORTEST, Accounts, Redactor
from fleet.results import KeyResult, SiteResult, Status, Verdict
from fleet.site.discovery import Endpoints
from fleet.site.identity import Face
from fleet.site.wire import brief, excerpt
from tests.report.strategies import hostile, json_objects, patient, site_results, words
from tests.security.canaries import found_in
from tests.site.replies import HOME, reply

SECRET = "Kanarie%42&<\"é'x9Q"
APPLICATION = "abcd EFGH 1234 ijkl MNOP 5678"

DISGUISES: dict[str, Callable[[str], str]] = {
    "raw": str,
    "capitals": str.upper,
    "percent": lambda secret: quote(secret, safe=""),
    "form": quote_plus,
    "percent twice": lambda secret: quote(quote(secret)),
    "every byte percent": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "HTML": html.escape,
    "HTML by number": lambda secret: "".join(f"&#{ord(char)};" for char in secret),
    "HTML by hex": lambda secret: "".join(f"&#x{ord(char):X};" for char in secret),
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON with letters": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "HTML in JSON": lambda secret: json.dumps(html.escape(secret))[1:-1],
    "JSON in HTML": lambda secret: html.escape(json.dumps(secret)[1:-1]),
    "shell": shlex.quote,
    "hex": lambda secret: secret.encode().hex().upper(),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "Basic token": lambda secret: base64.b64encode(f"fleet-bot:{secret}".encode()).decode(),
    "base64 inside": lambda secret: base64.b64encode(f"x:{secret}:yz".encode()).decode(),
    "base64 for addresses": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
}


@pytest.mark.parametrize("way", DISGUISES)
@pytest.mark.parametrize("secret", [SECRET, APPLICATION, "hunter2+/%C3", "пароль-длинный"])
def test_a_secret_is_masked_in_every_disguise(secret: str, way: str) -> None:
    told = Redactor([secret]).text(f"the site said {DISGUISES[way](secret)} & more, 100 % sure")
    assert MASK in told
    assert found_in(told.encode(), {"secret": secret}) == []
    assert told.startswith("the site said ")
    assert told.endswith(" & more, 100 % sure")


def test_an_application_password_is_known_with_and_without_its_spaces() -> None:
    letters = APPLICATION.replace(" ", "")
    assert Redactor([APPLICATION]).text(f"<{letters}>") == f"<{MASK}>"
    assert Redactor([letters]).text(f"<{APPLICATION}>") == f"<{MASK}>"


@pytest.mark.parametrize("end", ["...", "…", "...)", '…"', "... (9000 characters in all)"])
def test_a_secret_that_was_cut_off_is_masked(end: str) -> None:
    assert Redactor([SECRET]).text(f"said {SECRET[:11]}{end}") == f"said {MASK}{end}"


def test_a_secret_at_one_of_our_own_ends_is_masked() -> None:
    redactor = Redactor([SECRET])
    long = f"{'x' * (LONGEST - 11)}{SECRET}"
    cut = f"{'x' * (LONGEST - 11)}{MASK}... ({len(long)} characters in all)"
    assert redactor.text(short(long)) == cut
    assert redactor.value({"a": [short(long)]}) == {"a": [cut]}
    assert redactor.text(brief(long)) == f"{'x' * (LONGEST - 11)}{MASK}"
    plain = "Kanarie42zeisig"
    page = reply(f"{plain} {'x' * 133}{plain}")
    assert Redactor([plain]).text(excerpt(page)) == f"{MASK} {'x' * 133}{MASK}"
    named = Endpoints(HOME, HOME, frozenset(), f"{'x' * 289}{SECRET}")
    assert redactor.value({"name": Face.of(named).name}) == {"name": f"{'x' * 289}{MASK}"}


WORDS = [
    ("HarbourCafe!2024", "HarbourCafe"),
    ("HarbourCafe!2024", "Welcome to HarbourCafe"),
    ("administrator2024", "administrator"),
    ("wordpress123", "Powered by wordpress"),
    ("HarbourCafe<2024!!", "Powered by HarbourCafe"),
]


@pytest.mark.parametrize(("secret", "text"), WORDS)
def test_words_that_a_secret_begins_with_are_no_secret(secret: str, text: str) -> None:
    redactor = Redactor([secret])
    key = KeyResult(text, Verdict.DRIFT, f"{text}...", {text: [text]}, text, None, "")
    told = SiteResult("s", "u", Status.DRIFT, None, "", "", (key,), {text: {text: text}}, ())
    assert redactor.result(told) == told
    assert redactor.value({text: [text, f"{text}…", f'"{text}"']}) == {
        text: [text, f"{text}…", f'"{text}"']
    }
    whole = {"a": f"{text} {secret}", secret: 1}
    assert redactor.value(whole) == {"a": f"{text} {MASK}", MASK: 1}


def test_a_name_is_never_cut_off() -> None:
    name = "administrator... (9000 characters in all)"
    assert Redactor(["administrator2024"]).value({name: 1}) == {name: 1}


def test_a_part_in_words_of_our_own_is_not_masked() -> None:
    redactor = Redactor(["HarbourCafe!2024"], known=["HarbourCafe"])
    assert redactor.text("the site HarbourCafe...") == "the site HarbourCafe..."
    redactor = Redactor(["HarbourCafe<2024!!"], known=["HarbourCafe"])
    assert redactor.text("the site HarbourCafe said") == "the site HarbourCafe said"


def test_the_half_of_a_secret_beside_markup_is_masked() -> None:
    redactor = Redactor(["Kanarie%42<b>Zeisig77"])
    assert redactor.text("Kanarie%42 Zeisig77") == f"{MASK} {MASK}"
    assert redactor.text("only Kanarie%42 here") == f"only {MASK} here"
    assert redactor.value(["Kanarie%42 Zeisig77"]) == [f"{MASK} {MASK}"]
    assert redactor.value(["only Kanarie%42 here"]) == ["only Kanarie%42 here"]


def test_short_secrets_and_words_of_our_own_are_not_looked_for() -> None:
    redactor = Redactor(
        ["a" * (SHORTEST - 1), "harbour-cafe"], known=["https://harbour-cafe.example"]
    )
    for text in ("aaaaa aaaaaaaa banana", "harbour-cafe is well"):
        assert redactor.text(text) == text
    assert Redactor(["a" * SHORTEST]).text("a" * SHORTEST) == MASK


def test_secrets_that_come_later_are_looked_for_too() -> None:
    redactor = Redactor([SECRET])
    assert redactor.text("nonce 0123456789 here") == "nonce 0123456789 here"
    redactor.add("0123456789")
    assert redactor.text("nonce 0123456789 here") == f"nonce {MASK} here"
    assert redactor.value(123456789) == 123456789
    assert Redactor(["123456789"]).value({"pin": 123456789, "n": 1.5}) == {"pin": MASK, "n": 1.5}


@patient
@given(hostile | st.text("abcABC123 %&\\<>'\"+/é", min_size=SHORTEST, max_size=40))
@example(APPLICATION)
@example("ΑΒΓΔΕΣ")
@example("%41%42cdef")
@example("hunter2+/%C3")
def test_every_form_of_a_secret_begins_with_letters_that_are_looked_for(text: str) -> None:
    secret = Secret(text)
    assert {form[:SHORTEST] for form in secret.forms()} == secret.heads


def test_what_is_made_of_one_account_masks_nothing_of_another() -> None:
    accounts = Accounts()
    first, second = "calm-harbour-7", "quiet-fjord-9"
    text = f"{first} {second} {base64.b64encode(f'bot:{first}'.encode()).decode()}"
    for _ in range(2):
        told = accounts.redactor("bot", first, ()).text(text)
        assert told == f"{MASK} {second} {MASK}"
        assert accounts.redactor("bot", second, ()).text(text) == text.replace(second, MASK)
        assert accounts.redactor("bot", first, [first]).text(first) == first
    assert repr(accounts) == "Accounts()"


class Counted(str):
    """A secret that counts how often its forms are made."""

    __slots__ = ("taken",)

    def encode(self, *given: Any, **named: Any) -> bytes:
        """Return the bytes, and count."""
        self.taken = getattr(self, "taken", 0) + 1
        return super().encode(*given, **named)


def test_a_secret_that_is_heard_again_costs_nothing() -> None:
    nonce = Counted("0123456789")
    redactor = Redactor([SECRET])
    redactor.add(nonce)
    assert redactor.text("nonce 0123456789 here") == f"nonce {MASK} here"
    once = nonce.taken
    for _ in range(9):
        redactor.add(nonce)
    assert nonce.taken == once > 0
    assert redactor.text("nonce 0123456789 here") == f"nonce {MASK} here"


def test_a_redactor_says_nothing_of_what_it_looks_for() -> None:
    assert repr(Redactor([SECRET])) == "Redactor()"


def test_a_result_is_cleaned_everywhere_and_says_so() -> None:
    key = KeyResult(SECRET, Verdict.DRIFT, [SECRET], {SECRET: 1}, quote(SECRET), None, SECRET)
    data = {SECRET: {"deep": [{"deeper": f"x {SECRET}"}]}, "n": 7, "none": None}
    said = SiteResult("s", "u", Status.DRIFT, None, SECRET, SECRET, (key,), data, (SECRET,))
    told = Redactor([SECRET]).result(said)
    assert found_in(repr(told).encode(), {"secret": SECRET}) == []
    assert told.notes == (MASK, NOTE)
    assert told.keys == (KeyResult(MASK, Verdict.DRIFT, [MASK], {MASK: 1}, MASK, None, MASK),)
    assert told.data == {MASK: {"deep": [{"deeper": f"x {MASK}"}]}, "n": 7, "none": None}
    assert (told.site, told.url, told.status) == ("s", "u", Status.DRIFT)


@patient
@given(site_results("s", words, json_objects))
def test_a_clean_result_is_the_very_same(result: SiteResult) -> None:
    assert Redactor([SECRET, APPLICATION]).result(result) is result


@patient
@given(hostile, st.sampled_from(sorted(DISGUISES)), hostile)
@example("%", "raw", "\\u00")
@example("&#9999999999;", "HTML by number", "\\ud800")
def test_no_words_around_a_secret_let_it_through(before: str, way: str, after: str) -> None:
    told = Redactor([SECRET]).text(f"{before} {DISGUISES[way](SECRET)} {after}")
    assert found_in(told.encode("utf-8", "replace"), {"secret": SECRET}) == []


@patient
@given(hostile)
def test_any_text_can_be_a_secret(secret: str) -> None:
    redactor = Redactor([secret], known=[""])
    if len(secret) >= SHORTEST and secret.lower() not in MASK:
        assert secret not in redactor.text(f"x{secret}y")


@pytest.mark.parametrize("bar", ["|", "%7C", "%7c"])
def test_the_cookie_of_any_session_is_known_by_its_shape(bar: str) -> None:
    cookie = bar.join(("fleet-bot", "1795700000", "T" * 43, "0123abcd" * 8))
    assert Redactor().text(f"set {cookie} now") == f"set fleet-bot{MASK} now"
    assert Redactor([SECRET]).value({"a": [cookie]}) == {"a": [f"fleet-bot{MASK}"]}


@pytest.mark.parametrize("bar", ["|", "%7C", "%7c"])
@pytest.mark.parametrize("around", ["{}", "a:{}", "ab:{};b=c"])
@pytest.mark.parametrize("way", DISGUISES)
def test_the_session_of_another_run_is_known_in_every_disguise(
    way: str, around: str, bar: str
) -> None:
    token, mac = "kE3" + "xQ9z" * 10, "0123abcd" * 8
    disguised = DISGUISES[way](around.format(bar.join(("fleet-bot", "1795700001", token, mac))))
    for redactor in (Redactor(), Redactor([SECRET])):
        for told in (redactor.text(f"set {disguised} now"), str(redactor.value([disguised, 7]))):
            assert found_in(told.encode(), {"token": token, "mac": mac}) == []
            assert MASK in told


def test_the_session_of_another_run_is_known_where_its_end_is_cut_off() -> None:
    cookie = "|".join(("fleet-bot", "1795700001", "kE3" + "xQ9z" * 10, "0123abcd" * 8))
    for way in ("raw", "percent", "base64", "hex"):
        cut = DISGUISES[way](cookie)[:-20]
        assert Redactor().text(f"Wrong: {cut}") != f"Wrong: {cut}", way


def test_what_only_looks_like_a_session_is_told_as_it_is() -> None:
    date = base64.b64encode(b"1795700001 and so on, " * 9).decode()
    for text in (date, date * 40, "3" * 400, "|1795700001|too-short|", "a|1795700001|" + "x" * 44):
        assert Redactor([SECRET]).value({text: text}) == {text: text}


def test_values_nested_without_end_are_gone_through() -> None:
    deep: object = SECRET
    for _ in range(5000):
        deep = [deep]
    told: object = Redactor([SECRET]).value(deep)
    for _ in range(64):
        assert isinstance(told, list)
        (told,) = told
    assert told == MASK
