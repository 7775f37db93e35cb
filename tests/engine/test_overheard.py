"""What is overheard: the cookies of sessions are secrets, those that keep a choice are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.operations.settings import GetSettings
from fleet.redaction import MASK
from fleet.simulator.site import SiteSpec
from fleet.simulator.wire import SimRequest, SimResponse
from fleet.simulator.world import World
from tests.engine.simulated import simulated

KEY = "highlander_comment_form_prompt"


class Baking(World):
    """A world that sets one more cookie with each answer."""

    def __init__(self, cookie: str) -> None:
        super().__init__()
        self.cookie = cookie

    def handle(self, request: SimRequest) -> SimResponse:
        """Return the answer of the world with the cookie."""
        response = super().handle(request)
        return replace(response, headers=(*response.headers, ("Set-Cookie", self.cookie)))


async def told(folder: Path, cookie: str, value: str) -> object:
    """Return what is told of a setting with `value` by a site that sets `cookie`."""
    spec = SiteSpec("s", modules=("comments",), options={KEY: value})
    async with simulated(folder, spec, world=Baking(cookie)) as running:
        (result,) = (await running.fleet.run(GetSettings())).results
    settings = result.data["settings"]
    assert isinstance(settings, dict)
    return settings[KEY]


CHOICES = [
    ("tz", "America/New_York"),
    ("theme", "twentytwentyfive"),
    ("seen", "2026-11-24T10:00:00"),
    ("day", "2026-11-24-10-00-00"),
    ("comment_author_5f2a", "Captain-of-the-Harbour"),
    ("comment_author_url_5f2a", "https://harbour.example/"),
    ("wordpress_test_cookie", "WP Cookie check"),
    ("_ga", "GA1.2.1234567890.1763999999"),
    ("campaign", "HarbourCafe2026AutumnSale"),
]
SESSIONS = [
    ("wordpress_logged_in_5f2a", "captain-of-the-harbour"),
    ("PHPSESSID", "calm-lanterns-at-the-harbour"),
    ("my_auth", "calm-lanterns-at-the-harbour"),
    ("remember_token", "calm-lanterns-at-the-harbour"),
    ("a", "0123456789abcdef"),
    ("b", "7c9e6679-7425-40de-944b-e07fc1f90ae7"),
    ("c", "k3J9xQ2mZ7pL4vT8"),
    ("d", "q7o3m1v9k5t0a8c2e6g4i1s3u5"),
    ("e", "dGhpcyBpcyBhIHNlY3JldCB0b2tlbiBmb3IgdGVzdHM="),
    ("f", "calm-harbour-" * 20),
]


@pytest.mark.parametrize(("name", "value"), CHOICES)
async def test_a_cookie_that_keeps_a_choice_masks_no_setting(
    tmp_path: Path, name: str, value: str
) -> None:
    assert await told(tmp_path, f"{name}={value.replace(' ', '%20')}; path=/", value) == value


@pytest.mark.parametrize(("name", "value"), SESSIONS)
async def test_the_cookie_of_a_session_is_a_secret(tmp_path: Path, name: str, value: str) -> None:
    assert await told(tmp_path, f"{name}={value}; path=/", value) == MASK


async def test_the_address_in_a_cookie_of_many_parts_masks_no_setting(tmp_path: Path) -> None:
    address = "ep=https://harbour.example/shop/lanterns/"
    cookie = f"sbjs_first=fd=2026-11-24 10:00:00|||{address}|||rf=(none)".replace("|", "%7C")
    assert await told(tmp_path, cookie, address) == address
