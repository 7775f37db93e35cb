"""Every kind of trouble is complete and ends in a status that exists."""

from __future__ import annotations

import pytest

from fleet.errors import KINDS, InputError, InputErrors, Kind, Place, SiteError
from fleet.results import Status

PROMISED = (
    "net.dns net.refused net.timeout net.reset tls.expired tls.untrusted tls.name "
    "proto.not_json proto.too_large proto.truncated redirect.cross_origin "
    "redirect.downgrade redirect.loop auth.bad_credentials auth.locked_out "
    "auth.second_factor auth.session auth.anonymous auth.forbidden block.waf block.captcha "
    "site.maintenance site.server_error site.rest_unavailable jetpack.missing "
    "jetpack.offline jetpack.not_connected jetpack.plan jetpack.override "
    "jetpack.unsupported throttle.limited write.unconfirmed write.partial verify.mismatch "
    "plan.stale internal.bug"
)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_kinds_say_what_happened_and_what_to_do(kind: Kind) -> None:
    assert kind.meaning.endswith(".")
    assert kind.hint.endswith(".")
    assert Status(kind.ends) not in (Status.CHANGED, Status.UNCHANGED, Status.DRIFT)


@pytest.mark.parametrize("name", PROMISED.split())
def test_promised_kinds_exist(name: str) -> None:
    assert name in KINDS


@pytest.mark.parametrize(
    "name", ["auth.bad_credentials", "auth.locked_out", "auth.second_factor", "block.captcha"]
)
def test_trouble_with_a_login_is_never_retried(name: str) -> None:
    assert not SiteError(name, "no").retryable


def test_an_unknown_kind_is_a_bug_of_the_caller() -> None:
    with pytest.raises(KeyError):
        SiteError("net.gremlins", "no")


def test_a_site_error_has_its_kind_s_hint() -> None:
    assert SiteError("net.dns", "no such host").hint == KINDS["net.dns"].hint


def test_input_errors_start_with_their_place() -> None:
    error = InputErrors([InputError("bad url", Place("inventory.yaml", 17, 5)), InputError("x")])
    assert str(error) == "inventory.yaml:17:5 bad url\nx"


def test_a_place_without_a_line_is_the_file() -> None:
    assert str(Place("inventory.yaml")) == "inventory.yaml"
