"""Whose a connection is, who is linked, and the notice about SSL."""

from __future__ import annotations

import re

import pytest

from fleet.simulator import SimUser, SiteSpec, World
from tests.simulator.browser import ADMIN, Browser, administrator

BOSS = SimUser("boss", "tall-lantern-9", "administrator")
AJAX = "/wp-admin/admin-ajax.php"
PAGE = "/wp-admin/admin.php?page=jetpack"


def test_only_the_owner_stays_linked_until_everybody_goes(world: World) -> None:
    site = world.add(SiteSpec("shop", users=(BOSS, ADMIN)))
    browser = administrator(site, world)
    assert browser.post("connection/user", {"linked": False}).status == 200
    assert site.ledger[-1].changes == ((f"users.{ADMIN.name}", True, False),)
    assert browser.post("connection/user", {"linked": False}).status == 403
    boss = Browser(world, "shop")
    boss.log_in(BOSS)
    assert boss.post("connection/user", {"linked": False}).status == 400
    everybody = {"linked": False, "disconnect-all-users": True}
    assert boss.post("connection/user", everybody).status == 200
    assert not site.owned


@pytest.mark.parametrize(("ssl", "again"), [("mended", False), ("failed", True)])
def test_the_notice_about_ssl_goes_with_a_test_that_passes(
    world: World, ssl: str, again: bool
) -> None:
    browser = administrator(world.add(SiteSpec("shop", ssl=ssl)), world)
    page = browser.ask("GET", PAGE).text
    found = re.search("""'ajax-nonce': "([0-9a-f]{10})\"""", page)
    assert found
    fields = {"action": "jetpack-recheck-ssl", "ajax-nonce": found.group(1)}
    assert browser.form(AJAX, **fields).json() == {
        "enabled": not again,
        "message": "WordPress reports no SSL" if again else "",
    }
    assert ("jetpack-recheck-ssl" in browser.ask("GET", PAGE).text) is again


@pytest.mark.parametrize("nonce", ["", "0123456789"])
def test_ssl_is_not_tested_again_without_the_nonce(world: World, nonce: str) -> None:
    site = world.add(SiteSpec("shop", ssl="mended"))
    browser = administrator(site, world)
    answer = browser.form(AJAX, action="jetpack-recheck-ssl", **{"ajax-nonce": nonce})
    assert (answer.status, answer.text) == (403, "-1")
    assert site.ledger == []
