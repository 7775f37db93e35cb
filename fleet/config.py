"""Frozen settings of a run, in groups; flags and environment are turned into these in `front`."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["USER_AGENT", "HttpLimits", "Limits", "Retries", "Settings", "Watching"]

USER_AGENT = "jetfleet/0.1"
"""Sent with every request. WordPress stores it with each session, so it stays short and stable."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may happen at once.

    Args:
        concurrency: Sites worked on at the same time.
        per_host: Sites of one server address worked on at the same time.
        waiting: Further sites that wait for their connection or make a pause that they asked
            for, no more than twenty times as many as are worked on.
        first: Sites of one server address to begin with, until it has shown that it keeps up.
        ramp: Sites to begin with in all; one more for each answer. A handshake costs a
            millisecond of computing, and many at once would hold up everybody.
        processes: Processes that make the visits of a run that writes nothing; None for as many
            as pay off. The limits above are shared out among them; a server belongs to one.
    """

    concurrency: int = 50
    per_host: int = 2
    waiting: int = 1000
    first: int = 4
    ramp: int = 16
    processes: int | None = None

    @property
    def aside(self) -> int:
        """Return how many sites may wait beside the others; none where one at a time is wanted."""
        return min(self.waiting, 20 * (self.concurrency - 1))


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a read is asked again; writes never are.

    Args:
        attempts: Requests in all, the first included.
        within: Seconds after which no further attempt starts.
        first_pause: Seconds before the second attempt, doubled each time, with jitter.
        longest_pause: Seconds at most between two attempts, also for ``Retry-After``.
    """

    attempts: int = 3
    within: float = 30.0
    first_pause: float = 0.5
    longest_pause: float = 10.0


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one answer may cost.

    Args:
        dns_timeout: Seconds to find out a host's address.
        connect_timeout: Seconds to reach the server.
        first_connect_timeout: Seconds to reach it at the first try of a run, where another one
            follows at the end.
        body: Decoded bytes of one body.
        redirects: Hops followed while looking for the REST root, without credentials.
    """

    dns_timeout: float = 5.0
    connect_timeout: float = 10.0
    first_connect_timeout: float = 4.0
    body: int = 8 * 1024 * 1024
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Watching:
    """How it is noticed that this process could not run.

    Args:
        beat: Seconds between two looks at the clocks.
        lag: Seconds of standing still that count; less is the usual crowd.
        telling: Seconds that people are told of.
    """

    beat: float = 0.5
    lag: float = 1.0
    telling: float = 3.0


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a run."""

    limits: Limits = field(default_factory=Limits)
    retries: Retries = field(default_factory=Retries)
    http: HttpLimits = field(default_factory=HttpLimits)
    watching: Watching = field(default_factory=Watching)
