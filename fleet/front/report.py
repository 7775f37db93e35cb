"""``fleet report``: a run again in any format, and the month of a client."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import App, Parameter

from fleet.errors import InputError
from fleet.front.brand import checked_colour, logo_address, read_brand
from fleet.front.console import put, tell
from fleet.front.execute import run_async, write_report
from fleet.front.options import Output
from fleet.inventory.model import Inventory
from fleet.journal.journal import Journal, open_journal
from fleet.report.client import ClientReport, Gathering
from fleet.report.client_formats import CLIENT_FORMATS, Brand
from fleet.report.inert import inert
from fleet.report.writer import parse_outputs, write_whole

__all__ = ["app", "month_of"]

T = TypeVar("T")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
BUG = 1
app = App(name="report", help="Tell of a run, or of a client's month, in any format.")


@app.default
def report(run: str = "last", /, *, out: Output | None = None) -> int:
    """Write the report of a run from the journal; exits as the run did.

    Args:
        run: Its id, the start of it, or last.
    """
    out = out or Output()
    parse_outputs(out.output)

    async def read(journal: Journal) -> int:
        row = await journal.run(run)
        return write_report(await journal.report(row.run_id), out, None)

    return _with_journal(out, read)


@app.command
def client(  # noqa: PLR0913 - each is a flag of its own
    *,
    client: str | None = None,
    month: str | None = None,
    selector: Annotated[str | None, Parameter(name=["--selector", "-l"])] = None,
    inventory: Annotated[tuple[Path, ...], Parameter(name=["--inventory", "-i"], negative="")] = (
        Path("inventory.yaml"),
    ),
    brand: Path | None = None,
    title: str | None = None,
    intro: str | None = None,
    accent: str | None = None,
    logo: Path | None = None,
    out: Output | None = None,
) -> int:
    """Write what was done for a client in a month, how the sites stand, and what is open.

    Args:
        client: Name of the client; its sites are those labelled client=NAME.
        month: Such as 2026-10, in UTC; the current month if not given.
        selector: Labels of the sites, instead of client=NAME.
        inventory: Inventory file or folder; may be repeated.
        brand: YAML file whose client_report says title, intro, agency, accent and logo.
        title: Heading of the report.
        intro: Sentences of your own at the top.
        accent: Colour such as #0b5cab.
        logo: PNG, JPEG, GIF or WebP picture of at most 200 KB.
    """
    out = out or Output()
    targets = _targets(out.output)
    looks = _looks(brand, title, intro, accent, logo)
    since, until = month_of(month, datetime.now(UTC))
    if client is None and selector is None:
        raise InputError("name the client with --client, or its sites with -l")
    chosen = Inventory.load(inventory).select(selector or f"client={client}")
    sites = {name: str(site.url) for name, site in chosen.sites.items()}
    name = client or selector or ""
    made = _with_journal(out, lambda journal: _gathered(journal, name, sites, (since, until)))
    return _write(targets, made, looks)


def month_of(text: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the first moment of a month and the first after it, in UTC.

    Args:
        text: Such as ``2026-10``; None for the month of `now`.
        now: The time.

    Raises:
        InputError: It is no month, or one that has not begun.
    """
    match = _MONTH.fullmatch(text if text is not None else f"{now:%Y-%m}")
    if match is None or match[1] == "0000" or match[1] == "9999":
        raise InputError(f"--month {inert(text or '', 40)}: write it as 2026-10")
    year, number = int(match[1]), int(match[2])
    since = datetime(year, number, 1, tzinfo=UTC)
    if since > now:
        raise InputError(f"--month {text}: that month has not begun")
    return since, datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


async def _gathered(
    journal: Journal, client: str, sites: dict[str, str], span: tuple[datetime, datetime]
) -> ClientReport:
    gathering = Gathering(sites)
    for row in await journal.history.runs(*span):
        found = journal.history.outcomes(row.run_id, list(sites))
        gathering.add_run([(outcome.result, outcome.at) async for outcome in found])
    return gathering.report(client, *span)


def _looks(
    file: Path | None, title: str | None, intro: str | None, accent: str | None, logo: Path | None
) -> Brand:
    """Return the looks of the file, with what the flags say instead."""
    looks = read_brand(file) if file else Brand()
    if title is not None:
        looks = replace(looks, title=title)
    if intro is not None:
        looks = replace(looks, intro=intro)
    if accent is not None:
        looks = replace(looks, accent=checked_colour(accent))
    return replace(looks, logo=logo_address(logo)) if logo else looks


def _targets(values: Sequence[str]) -> list[tuple[str, Path | None]]:
    targets: list[tuple[str, Path | None]] = []
    for value in values:
        name, equals, file = value.partition("=")
        if name not in CLIENT_FORMATS:
            close = get_close_matches(name, CLIENT_FORMATS, 1) or [", ".join(CLIENT_FORMATS)]
            raise InputError(f"-o {inert(value)}: a client's report is written as {close[0]}")
        if equals and not file:
            raise InputError(f"-o {inert(value)}: a file name is missing after '='")
        targets.append((name, Path(file) if file and file != "-" else None))
    parse_outputs([f"text={path}" for _, path in targets if path])
    if sum(path is None for _, path in targets) > 1:
        raise InputError("-o: only one format can go to standard output")
    return targets


def _write(targets: Sequence[tuple[str, Path | None]], made: ClientReport, looks: Brand) -> int:
    code = 0
    for name, path in targets:
        render = partial(CLIENT_FORMATS[name], made, looks)
        if path is None:
            text = io.StringIO()
            render(text)
            encoding = sys.stdout.encoding or "utf-8"
            put(text.getvalue().encode(encoding, "backslashreplace").decode(encoding))
            continue
        try:
            write_whole(path, render)
        except OSError as error:
            tell(f"fleet: {path} could not be written: {error.strerror}")
            code = BUG
    return code


def _with_journal(out: Output, call: Callable[[Journal], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_journal(out.store) as journal:
            return await call(journal)

    return run_async(run)
