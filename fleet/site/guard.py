"""Who decides whether a password may leave, and is told what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from fleet.site.identity import Face

__all__ = ["Guard", "Unguarded"]


class Guard(Protocol):
    """Stands between one visit and the site's login."""

    async def meet(self, face: Face, number: Callable[[], Awaitable[str | None]]) -> None:
        """Take a look at the site, before any credential is sent to it.

        Args:
            face: What it shows to everybody.
            number: Returns Jetpack's number of the site from a page, at the cost of a request:
                empty where the page tells none, None where there was no page.

        Raises:
            SiteError: ``identity.mismatch``, or another reason to send nothing.
        """

    def sending(self) -> AbstractAsyncContextManager[None]:
        """Return a context in which a credential is sent once; its trouble is taken note of.

        Raises:
            SiteError: On entering, where it may not be sent.
        """


class Unguarded:
    """Lets everything through."""

    async def meet(self, face: Face, number: Callable[[], Awaitable[str | None]]) -> None:
        """Do nothing."""

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Do nothing."""
        yield
