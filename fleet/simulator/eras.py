"""The Jetpack releases the simulator can be, each with the WordPress it was seen on.

Two more are known from Jetpack's code alone; they stand apart, since no recording holds them to
reality. Every question about what a release can do is a property here, so that no handler compares
version numbers of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ERAS", "RELEASES", "Era", "within"]


def _number(text: str) -> tuple[int, int]:
    major, _, rest = text.partition(".")
    return int(major), int(rest.split(".")[0] or 0)


@dataclass(frozen=True, slots=True)
class Era:
    """One release.

    Args:
        name: Its short name, such as ``16.1``.
        jetpack: Full version of Jetpack.
        wordpress: Full version of WordPress.
    """

    name: str
    jetpack: str
    wordpress: str

    @property
    def number(self) -> tuple[int, int]:
        """Return major and minor number of Jetpack."""
        return _number(self.jetpack)

    @property
    def core(self) -> tuple[int, int]:
        """Return major and minor number of WordPress."""
        return _number(self.wordpress)

    @property
    def many_settings(self) -> bool:
        """Return whether `settings` takes modules and options (since 4.4)."""
        return self.number >= (4, 4)

    @property
    def tells_settings(self) -> bool:
        """Return whether `settings` tells what it takes, stored modules among it (since 4.6).

        Before, it also fails to switch off what is off, and to store options of a module that
        is off.
        """
        return self.number >= (4, 6)

    @property
    def plan_gate(self) -> bool:
        """Return whether toggling looks at the plan (since 6.0)."""
        return self.number >= (6, 0)

    @property
    def owners(self) -> bool:
        """Return whether connected owners are told apart (since 10.4)."""
        return self.number >= (10, 4)

    @property
    def connection_package(self) -> bool:
        """Return whether `connection` validates its argument (since 10.0)."""
        return self.number >= (10, 0)

    @property
    def echoes_toggles(self) -> bool:
        """Return whether POST settings repeats toggled modules (since 14.3)."""
        return self.number >= (14, 3)

    @property
    def forgets_false(self) -> bool:
        """Return whether false cannot be stored over an unsaved default of true (until 12.2)."""
        return self.number < (12, 3)

    @property
    def null_message(self) -> bool:
        """Return whether permission errors have ``"message": null`` (seen in 8.9)."""
        return self.number == (8, 9)

    @property
    def admin_page_shape(self) -> str:
        """Return how Initial_State is written: ``localized``, ``encoded`` or ``plain``."""
        if self.number < (8, 4):
            return "localized"
        return "encoded" if self.number < (15, 4) else "plain"

    @property
    def nonce_middleware(self) -> bool:
        """Return whether the Jetpack page loads core's api-fetch (seen from 13.9 on)."""
        return self.number >= (13, 9)

    @property
    def hides_ssl_notice(self) -> bool:
        """Return whether offline mode hides the notice about SSL (seen in 16.1, not in 11.5)."""
        return self.number >= (16, 0)

    @property
    def my_jetpack(self) -> bool:
        """Return whether there is a My Jetpack page and namespace (since 11.2)."""
        return self.number >= (11, 2)

    @property
    def rest_nonce(self) -> bool:
        """Return whether admin-ajax hands out nonces (WordPress 5.3)."""
        return self.core >= (5, 3)

    @property
    def nested_fields(self) -> bool:
        """Return whether `_fields` understands dots (WordPress 5.3)."""
        return self.core >= (5, 3)

    @property
    def application_passwords(self) -> bool:
        """Return whether Basic authentication exists (WordPress 5.6)."""
        return self.core >= (5, 6)

    @property
    def abilities(self) -> bool:
        """Return whether WordPress tells its own version by REST (WordPress 6.9)."""
        return self.core >= (6, 9)

    @property
    def modern_rest(self) -> bool:
        """Return whether REST answers look as from WordPress 5.5 on (details, empty null)."""
        return self.core >= (5, 5)

    @property
    def no_cache(self) -> str:
        """Return the value of Cache-Control where WordPress forbids caching."""
        plain = "no-cache, must-revalidate, max-age=0"
        return f"{plain}, no-store, private" if self.core >= (6, 3) else plain


def within(number: tuple[int, int], since: str, until: str) -> bool:
    """Return whether a release lies in `since` (included) to `until` (excluded, may be empty)."""
    return number >= _number(since) and (not until or number < _number(until))


def _named(*eras: Era) -> dict[str, Era]:
    return {era.name: era for era in eras}


ERAS: dict[str, Era] = _named(
    Era("4.3", "4.3.2", "4.9.31"),
    Era("6.1", "6.1", "4.9.31"),
    Era("8.9", "8.9.1", "6.0.14"),
    Era("11.5", "11.5.1", "6.1.12"),
    Era("13.9", "13.9.1", "6.5.10"),
    Era("15.1", "15.1", "6.8.8"),
    Era("16.1", "16.1.2", "7.1.0"),
)
"""The releases that were seen on running servers."""

RELEASES: dict[str, Era] = ERAS | _named(Era("4.4", "4.4.1", "4.9.31"), Era("4.5", "4.5", "4.9.31"))
"""These and those known from their code alone."""
