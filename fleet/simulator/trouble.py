"""Carries faults out: answers that replace the site's own, and harm done to its own.

Faults are data in `faults`; here is what each kind looks like to a client.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace

from fleet.simulator.faults import Fault
from fleet.simulator.pages import HTML_TYPE, html_page, not_found
from fleet.simulator.rest import RestError
from fleet.simulator.site import SimSite, SiteState
from fleet.simulator.wire import SimRequest, SimResponse, php_json, redirect

__all__ = ["Trouble"]

_JSON_TYPE = ("Content-Type", "application/json; charset=UTF-8")
_MEGABYTE = 1024 * 1024
_CREDENTIALS = ("authorization", "cookie", "x-wp-nonce")


def _error(status: int, title: str) -> Callable[[SimSite, SimRequest, Fault], SimResponse]:
    page = html_page(title, f"<body><center><h1>{title}</h1></center></body>")
    return lambda _site, _request, _fault: SimResponse(
        status, (("Content-Type", "text/html"),), page
    )


def _maintenance(site: SimSite, request: SimRequest, fault: Fault) -> SimResponse:
    wait = ("Retry-After", str(int(fault.amount(600))))
    if "application/json" in (request.header("accept") or "") and site.era.core >= (5, 2):
        error = RestError("wp_die", "Briefly unavailable for maintenance.", 503)
        return SimResponse(503, (_JSON_TYPE, wait), php_json(error.body))
    page = html_page("Maintenance", "<body><h1>Briefly unavailable.</h1></body>")
    return SimResponse(503, (HTML_TYPE, wait), page)


def _fatal(_site: SimSite, request: SimRequest, _fault: Fault) -> SimResponse:
    """Return what WordPress says when it died (5.2): JSON to those who ask for it."""
    if "application/json" in (request.header("accept") or ""):
        error = RestError("internal_server_error", "<p>Something broke.</p>", 500)
        return SimResponse(500, (_JSON_TYPE,), php_json(error.body))
    help_page = "https://wordpress.org/documentation/article/faq-troubleshooting/"
    body = f'<body id="error-page"><div class="wp-die-message"><a href="{help_page}">?</a></div>'
    return SimResponse(500, (HTML_TYPE,), html_page("Error", f"{body}</body>"))


def _rate_limit(_site: SimSite, _request: SimRequest, fault: Fault) -> SimResponse:
    wait = ("Retry-After", str(int(fault.amount(1))))
    return SimResponse(429, (HTML_TYPE, wait), html_page("Too many requests", "<body></body>"))


def _html(_site: SimSite, _request: SimRequest, _fault: Fault) -> SimResponse:
    return SimResponse(200, (HTML_TYPE,), html_page("Soon", "<body><h1>Coming soon</h1></body>"))


def _parked(_site: SimSite, _request: SimRequest, _fault: Fault) -> SimResponse:
    """Return what those show who park a domain: one page for every path."""
    script = '<script>window.park = "made up";</script>'
    page = html_page("A fine name", f"<body>{script}<h1>This name is for sale</h1></body>")
    return SimResponse(200, (HTML_TYPE,), page)


def _to_origin(_site: SimSite, request: SimRequest, _fault: Fault) -> SimResponse:
    return redirect(f"http://elsewhere.example{request.path}", status=301)


def _to_https(_site: SimSite, request: SimRequest, _fault: Fault) -> SimResponse:
    query = f"?{request.query}" if request.query else ""
    secure = request.origin.replace("http://", "https://", 1)
    return redirect(f"{secure}{request.path}{query}", status=301)


def _to_itself(_site: SimSite, request: SimRequest, _fault: Fault) -> SimResponse:
    query = f"?{request.query}" if request.query else ""
    return redirect(f"{request.origin}{request.path}{query}")


def _waf(_site: SimSite, _request: SimRequest, _fault: Fault) -> SimResponse:
    headers = (HTML_TYPE, ("Server", "cloudflare"), ("cf-mitigated", "challenge"))
    body = '<body><div id="challenge-running">Checking the browser</div></body>'
    return SimResponse(403, headers, html_page("Just a moment...", body))


def _no_rest(_site: SimSite, request: SimRequest, _fault: Fault) -> SimResponse:
    """Return a front page that links nothing, and nothing at all for the interface itself."""
    if "wp-json" in request.path or "rest_route=" in request.query:
        return not_found()
    return SimResponse(200, (HTML_TYPE,), html_page("Home", "<body><h1>Home</h1></body>"))


def _missing(_site: SimSite, _request: SimRequest, _fault: Fault) -> SimResponse:
    return not_found()


def _restricted(_site: SimSite, _request: SimRequest, _fault: Fault) -> SimResponse:
    error = RestError("rest_login_required", "The interface is for members.", 401)
    return SimResponse(401, (_JSON_TYPE,), php_json(error.body))


def _reset(_site: SimSite, _request: SimRequest, _fault: Fault) -> SimResponse:
    return SimResponse(drop=True)


def _oversized(_site: SimSite, _request: SimRequest, fault: Fault) -> SimResponse:
    size = int(fault.amount(20 * _MEGABYTE))
    return SimResponse(200, (_JSON_TYPE,), b'"' + b"x" * (size - 2) + b'"')


_REPLACE: dict[str, Callable[[SimSite, SimRequest, Fault], SimResponse]] = {
    "server_error": _error(500, "500 Internal Server Error"),
    "fatal": _fatal,
    "bad_gateway": _error(502, "502 Bad Gateway"),
    "unavailable": _error(503, "503 Service Unavailable"),
    "maintenance": _maintenance,
    "rate_limit": _rate_limit,
    "parked": _parked,
    "html": _html,
    "redirect_origin": _to_origin,
    "redirect_https": _to_https,
    "redirect_loop": _to_itself,
    "waf": _waf,
    "no_rest": _no_rest,
    "rest_restricted": _restricted,
    "hidden_login": _missing,
    "reset_before": _reset,
    "oversized": _oversized,
}


def _cached(response: SimResponse) -> SimResponse:
    """Return what a cache kept: without what WordPress sends to those it knows."""
    kept = [pair for pair in response.headers if pair[0] not in ("X-WP-Nonce", "Cache-Control")]
    return replace(response, headers=(*kept, ("Age", "120"), ("X-Cache", "HIT")))


def _truncated_json(response: SimResponse) -> SimResponse:
    return replace(response, body=response.body[: len(response.body) * 2 // 3])


def _notice(response: SimResponse) -> SimResponse:
    notice = b"<br />\n<b>Notice</b>: Undefined variable in <b>/srv/plugin.php</b> on line <b>7</b>"
    return replace(response, body=notice + b"<br />\n" + response.body)


def _some(response: SimResponse, fault: Fault) -> SimResponse:
    """Return the answer after a harm that needs neither the site nor its state."""
    changes: dict[str, Callable[[], SimResponse]] = {
        "cached": lambda: _cached(response),
        "slow": lambda: replace(response, delay=response.delay + fault.amount(1.0)),
        "drip": lambda: replace(response, drip=fault.amount(0.05)),
        "reset_after": lambda: replace(response, drop=True),
        "truncate": lambda: replace(
            response, cut=int(fault.amount(max(1, len(response.body) // 2)))
        ),
        "truncated_json": lambda: _truncated_json(response),
        "php_notice": lambda: _notice(response),
        "bom": lambda: replace(response, body=b"\xef\xbb\xbf" + response.body),
        "long_header": lambda: replace(
            response, headers=(*response.headers, ("X-Policy", "p" * int(fault.amount(9000))))
        ),
    }
    return changes[fault.kind]()


class Trouble:
    """Carries out the faults of all sites of a world; keeps the one big body it has to make."""

    def __init__(self) -> None:
        self._bombs: dict[int, bytes] = {}

    def prepare(self, site: SimSite, request: SimRequest, fault: Fault) -> SimRequest:
        """Do what happens before the site answers, and return the request that it sees."""
        if fault.kind == "drop_credentials":
            kept = [pair for pair in request.headers if pair[0].lower() not in _CREDENTIALS]
            return replace(request, headers=tuple(kept))
        if fault.kind == "expire_nonce":
            site.expire_nonces()
        else:
            site.expire_sessions()
        return request

    def instead(self, site: SimSite, request: SimRequest, fault: Fault) -> SimResponse:
        """Return the answer that comes instead of the site's own."""
        if fault.kind == "gzip_bomb":
            headers = (_JSON_TYPE, ("Content-Encoding", "gzip"))
            return SimResponse(200, headers, self._bomb(int(fault.amount(64 * _MEGABYTE))))
        return _REPLACE[fault.kind](site, request, fault)

    def afterwards(
        self, site: SimSite, fault: Fault, before: SiteState, response: SimResponse
    ) -> SimResponse:
        """Return what becomes of the site's own answer.

        Args:
            site: The site, with the write done.
            fault: The harm.
            before: Its state before the write.
            response: Its answer.
        """
        if fault.kind == "lie_unchanged":
            if site.state.changes(before):
                site.state = before
                site.ledger.pop()
            return response
        if fault.kind == "lie_applied":
            error = RestError("some_updated", "", 400)
            return replace(response, status=400, body=php_json(error.body))
        if fault.kind == "revert":
            if site.state.changes(before):
                site.pending_reverts.append((int(fault.amount(1)), before))
            return response
        return _some(response, fault)

    def _bomb(self, size: int) -> bytes:
        if size not in self._bombs:
            self._bombs[size] = gzip.compress(b'"' + b" " * (size - 2) + b'"', 9)
        return self._bombs[size]
