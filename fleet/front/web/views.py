"""The pages: each reads what it shows from the journal when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from aiohttp import web
from multidict import MultiMapping

from fleet.errors import InputError
from fleet.front.web.access import Access
from fleet.front.web.comparing import compared
from fleet.front.web.guards import session_of
from fleet.front.web.labels import Labels
from fleet.front.web.rendering import render
from fleet.front.web.shown import GRAVEST, Live, bars, link
from fleet.journal.looking import Order, Wanted
from fleet.journal.overview import Overview
from fleet.journal.records import RunRow
from fleet.results import SiteResult, Status

__all__ = ["Views"]

_PAGE = 50
"""Rows of a page."""

_MOST = 1000
"""Sites that match are counted so far."""

_PAST = 60
_KEYS = 200
_SLOWEST = 5
_LONGEST = 200
"""Characters of a text to look for."""

_DEEPEST = 100_000
_ORDERS = {
    "site": Order("site"),
    "status": Order("status"),
    "newest": Order("at", falling=True),
    "oldest": Order("at"),
}
_RUN = re.compile(r"[\w.:-]{1,100}")


class Views:
    """Answers what is asked for.

    Args:
        overview: The journal.
        labels: What the inventory says of sites.
        access: Gives the forms of a page their token.
    """

    def __init__(self, overview: Overview, labels: Labels, access: Access) -> None:
        self._overview = overview
        self._labels = labels
        self._access = access

    async def grid(self, request: web.Request) -> web.Response:
        """Show how every site stands, a page of them."""
        query = request.query
        chosen = _Chosen(query)
        complaint = ""
        names = None
        if self._labels.known:
            try:
                names = self._labels.matching(chosen.labels)
            except InputError as error:
                complaint, names = str(error), ()
        wanted = Wanted(chosen.text, chosen.statuses, chosen.drifting, names)
        after = (query["value"], query["site"]) if {"value", "site"} <= query.keys() else None
        order = _ORDERS[chosen.order]
        if after and order.by == "at" and not _is_moment(after[0]):
            raise web.HTTPBadRequest(reason="this page begins at no time")
        rows = await self._overview.states(wanted, order, after, _PAGE + 1)
        more = ""
        if len(rows) > _PAGE:
            value, site = rows[_PAGE - 1].mark(order)
            more = link("/", **chosen.query, value=value, site=site)
        totals = await self._overview.totals()
        context = {
            "chosen": chosen,
            "complaint": complaint,
            "rows": rows[:_PAGE],
            "more": more,
            "first": after is None,
            "totals": totals,
            "known": sum(totals.values()),
            "matching": await self._matching(wanted, chosen, sum(totals.values())),
            "most": _MOST,
            "drift": await self._overview.drift(),
            "bars": bars(totals),
            "labels": self._labels,
        }
        return self._page(request, "grid.html", context)

    async def _matching(self, wanted: Wanted, chosen: _Chosen, known: int) -> int:
        """Return how many sites match, counted up to a bound; a fleet is not gone through twice."""
        return await self._overview.matching(wanted, _MOST + 1) if chosen.anything else known

    async def site(self, request: web.Request) -> web.Response:
        """Show one site: what is open, its last results, its history."""
        name = request.match_info["site"]
        state = await self._overview.state(name)
        if state is None:
            raise web.HTTPNotFound(reason="no run has met a site of this name")
        past = await self._overview.past(name, _PAST)
        context = {
            "state": state,
            "labels": self._labels.of_site(name),
            "findings": await self._overview.findings(None, name, None, _KEYS),
            "latest": await self._overview.latest(name, 12),
            "past": past,
            "longest": _PAST,
        }
        return self._page(request, "site.html", context)

    async def history(self, request: web.Request) -> web.Response:
        """Show the runs, newest first."""
        passed = _number(request.query.get("passed", "0"))
        runs = await self._overview.runs(_PAGE // 2 + 1, passed)
        more = link("/runs", passed=passed + _PAGE // 2) if len(runs) > _PAGE // 2 else ""
        context = {"runs": [(run, bars(run.totals)) for run in runs[: _PAGE // 2]], "more": more}
        return self._page(request, "history.html", context)

    async def run(self, request: web.Request) -> web.Response:
        """Show one run, what needs a person first."""
        run = await self._overview.run(_run_name(request.match_info["run"]))
        context = await self._progress(run)
        rows, more = await self._outcomes(run, request.query)
        status = _status(request.query.get("status", ""))
        context.update(rows=rows, more=more, status=status, first="after" not in request.query)
        return self._page(request, "run.html", context)

    async def live(self, request: web.Request) -> web.Response:
        """Show how far a run is; this part of its page is asked for again and again."""
        run = await self._overview.run(_run_name(request.match_info["run"]))
        context = await self._progress(run)
        rows, more = await self._outcomes(run, {})
        context.update(rows=rows, more=more, status=None, first=True)
        return self._page(request, "live.html", context)

    async def compare(self, request: web.Request) -> web.Response:
        """Show what one run found that another one did not."""
        runs = await self._overview.runs(_PAGE)
        a, b = request.query.get("a", ""), request.query.get("b", "")
        found = None
        if a and b:
            earlier = await self._overview.run(_run_name(a))
            later = await self._overview.run(_run_name(b))
            found = await compared(self._overview, earlier, later)
        return self._page(request, "compare.html", {"runs": runs, "a": a, "b": b, "found": found})

    async def drift(self, request: web.Request) -> web.Response:
        """Show what differs from policies, by key and by site."""
        query = request.query
        key = query.get("key") or None
        after = (query["after"], query["at"]) if {"after", "at"} <= query.keys() else None
        rows = await self._overview.findings(key, None, after, _PAGE + 1)
        more = ""
        if len(rows) > _PAGE:
            last = rows[_PAGE - 1].finding.name
            more = link("/drift", key=key, after=last.site, at=last.key)
        context = {
            "key": key,
            "keys": await self._overview.keys(_KEYS),
            "rows": rows[:_PAGE],
            "more": more,
            "first": after is None,
            "drift": await self._overview.drift(),
        }
        return self._page(request, "drift.html", context)

    async def _progress(self, run: RunRow) -> dict[str, object]:
        return {
            "run": run,
            "live": Live.of(run, datetime.now(UTC)),
            "bars": bars(run.totals),
            "slowest": await self._overview.slowest(run.run_id, _SLOWEST),
            "troubles": await self._overview.troubles(run.run_id),
        }

    async def _outcomes(
        self, run: RunRow, query: Mapping[str, str]
    ) -> tuple[list[SiteResult], str]:
        """Return a page of results, the gravest first, and the address of the next page."""
        only, at = _status(query.get("status", "")), _status(query.get("at", ""))
        after = query.get("after", "")
        order = [only] if only else list(GRAVEST)
        if at in order:
            order = order[order.index(at) :]
        rows: list[SiteResult] = []
        for number, status in enumerate(order):
            if not run.totals[status]:
                continue
            begin = after if number == 0 and at else ""
            rows += await self._overview.outcomes(run.run_id, status, begin, _PAGE + 1 - len(rows))
            if len(rows) > _PAGE:
                last = rows[_PAGE - 1]
                address = f"/runs/{run.run_id}"
                return rows[:_PAGE], link(
                    address,
                    status=only.value if only else "",
                    at=last.status.value,
                    after=last.site,
                )
        return rows, ""

    def _page(
        self, request: web.Request, template: str, context: Mapping[str, object]
    ) -> web.Response:
        token = self._access.form_token(session_of(request))
        return render(request, template, {**context, "form_token": token})


class _Chosen:
    """What somebody asked the grid for; what makes no sense is left out."""

    def __init__(self, query: MultiMapping[str]) -> None:
        found = query.getall("status", [])
        self.text = query.get("q", "").strip()[:_LONGEST]
        self.labels = query.get("labels", "").strip()[:_LONGEST]
        self.statuses = tuple(status for status in Status if status.value in found)
        self.drifting = query.get("drift") == "open"
        order = query.get("order", "site")
        self.order = order if order in _ORDERS else "site"

    @property
    def query(self) -> dict[str, object]:
        """Return the same again as parts of an address."""
        return {
            "q": self.text,
            "labels": self.labels,
            "status": [status.value for status in self.statuses],
            "drift": "open" if self.drifting else "",
            "order": self.order if self.order != "site" else "",
        }

    @property
    def anything(self) -> bool:
        """Return whether some sites may be left out."""
        return bool(self.text or self.labels or self.statuses or self.drifting)


def _status(word: str) -> Status | None:
    return Status(word) if word in [status.value for status in Status] else None


def _run_name(text: str) -> str:
    if not _RUN.fullmatch(text):
        raise web.HTTPNotFound(reason="no run has such a name")
    return text


def _number(text: str) -> int:
    return min(int(text), _DEEPEST) if text.isascii() and text.isdecimal() else 0


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
