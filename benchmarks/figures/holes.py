"""What servers that never answer cost the others."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks.lab import Lab
from benchmarks.recording import recorded
from benchmarks.sites import FOLDER, Work, urls
from benchmarks.table import Row, row

__all__ = ["black_hole", "black_holes"]

_FILLING = 16
"""Connections tried until no more are taken; a queue of length 0 takes one or two."""


def black_holes(lab: Lab) -> Sequence[Row]:
    """Return the throughput with a tenth of the sites black-holed, as a part of the clean one.

    Looking for the dead once more at the end takes some eight seconds, which a run of a few
    seconds does not make good.
    """
    count = lab.size(10_000, 40)
    lost = count // 10
    with lab.stub(recorded(Work.FULL)) as stub, black_hole() as hole:
        sites = urls(count, stub.port)
        dark = list(sites)[::10]
        some = {**sites, **{name: _moved(sites[name], hole) for name in dark}}
        with lab.fresh() as folder:
            clean = lab.ours(sites, folder).rate
        with lab.fresh() as folder:
            holed = lab.ours(some, folder, lost=lost).rate
    return (
        Row("10 % black holes", f"{holed:.0f} sites/s, clean {clean:.0f}"),
        row("10 % black holes: throughput / clean", 100 * holed / clean, "%", least=60),
    )


def _moved(url: str, port: int) -> str:
    return f"{url.rpartition(':')[0]}:{port}/{FOLDER}/"


@contextmanager
def black_hole() -> Iterator[int]:
    """Yield a port that on no loopback address ever answers a SYN.

    Its queue of connections that nobody accepts is full, and Linux then drops what comes, unless
    ``net.ipv4.tcp_abort_on_overflow`` is set.

    Raises:
        RuntimeError: This system answers all the same.
    """
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("0.0.0.0", 0))  # noqa: S104 - every loopback address is one of the sites'
        server.listen(0)
        port = int(server.getsockname()[1])
        for _ in range(_FILLING):
            client = stack.enter_context(socket.socket())
            client.settimeout(0.2)
            try:
                client.connect(("127.0.0.1", port))
            except TimeoutError:
                break
        else:
            raise RuntimeError("no black hole can be made here: connections are always taken")
        yield port
