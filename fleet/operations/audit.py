"""What an audit wants to know of Jetpack beyond its published list of endpoints.

A site that cannot answer ends with the kind that says who can mend it: no such route, no
connection, no rights. What the site says in its own language is never taken for a fact.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Query, Task
from fleet.operations.caps import trimmed
from fleet.operations.readers import Figure, inner, known, missing
from fleet.site.client import JetpackReader, demand
from fleet.site.wire import Answer

__all__ = ["OPERATIONS", "plugin_rows"]

_FAILED = "failed_"
_OLD_TEST = "connection_test_failed"
"""The only code of a failed test in Jetpack 6.8 to 7.0, which made one test."""


def _named(test: str) -> str:
    """Return a test as people may know it: ``test__outbound_http`` is ``outbound_http``."""
    return test.removeprefix(_FAILED).removeprefix("test__")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _items(value: object) -> list[object]:
    """Return the items of a list; PHP writes one with gaps in it as an object."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _supported(task: Task, answer: Answer, instead: str = "") -> Answer:
    """Return an answer unless it says that there is no such route.

    Raises:
        SiteError: ``jetpack.unsupported``, with what there is instead.
    """
    if answer.code != "rest_no_route":
        return answer
    hint = f"; {instead}" if instead else ""
    raise SiteError(
        "jetpack.unsupported", f"this site has no such route (Jetpack {task.life}){hint}"
    )


async def _from_afar(task: Task, reader: JetpackReader, answer: Answer) -> Answer:
    """Return a good answer of a route for which the site asks WordPress.com.

    Raises:
        SiteError: What a bad one means; an unconnected site is told by its connection, since
            the codes of its errors differ from route to route.
    """
    if not _supported(task, answer).ok and answer.status not in (401, 403):
        connection = await reader.connection()
        if not connection.connected and connection.offline:
            raise SiteError("jetpack.offline", "Jetpack runs in offline mode")
        if not connection.connected:
            raise SiteError("jetpack.not_connected", "the site is not connected to WordPress.com")
    return demand(answer)


@parameters(frozen=True)
class ConnectionTest(Query):
    """Have a site test its connection to WordPress.com; takes it several requests of its own."""

    name = "connection.test"
    summary = "Have each site test its connection to WordPress.com and name the failed tests."
    routes = ("GET connection/test",)
    life = "6.8 on"
    rights = "manage_options"
    apart = "the tests run all the same"

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``{"connection_test": {"passed", "failed", "run"}}``.

        ``failed`` lists names of tests; ``run`` is told from Jetpack 15.9 on.
        """
        instead = "connection.status tells whether the site is connected"
        answer = _supported(self, await reader.read("connection/test"), instead)
        failed = _failed_tests(answer)
        if not failed and demand(answer).code != "success":
            raise SiteError("jetpack.refused", "the site did not say how its tests ended")
        told = answer.value.get("tests_run") if isinstance(answer.value, dict) else None
        run: object = missing("told by Jetpack 15.9 on where all tests pass")
        if isinstance(told, list | dict):
            run = [_named(test) for test in _items(told) if isinstance(test, str)]
        return trimmed({"connection_test": {"passed": not failed, "failed": failed, "run": run}})


def _failed_tests(answer: Answer) -> list[str]:
    """Return the tests that an answer says have failed: the first as its code, the rest beside.

    The error carries no status of its own, so WordPress sends it as a 500.
    """
    if answer.code == _OLD_TEST:
        return ["connection"]
    if not answer.code.startswith(_FAILED):
        return []
    more = answer.mapping.get("additional_errors")
    codes = [_text(error.get("code")) for error in _items(more) if isinstance(error, dict)]
    named = [_named(code) for code in (answer.code, *codes) if code.startswith(_FAILED)]
    return list(dict.fromkeys(named))


@parameters(frozen=True)
class ConnectionPlugins(Query):
    """Read which plugins share a site's connection."""

    name = "connection.plugins"
    summary = "List the plugins that share each site's connection to WordPress.com."
    routes = ("GET connection/plugins",)
    life = "8.6 on"
    rights = "activate_plugins"

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``{"connection_plugins": [{"name", "slug"}]}``."""
        instead = "plugins.list names all plugins"
        answer = demand(_supported(self, await reader.read("connection/plugins"), instead))
        if not isinstance(answer.value, list | dict):
            raise SiteError("proto.not_json", "the site answered no list of plugins")
        rows = [
            {"name": _text(item.get("name")), "slug": _text(item.get("slug"))}
            for item in _items(answer.value)
            if isinstance(item, dict)
        ]
        return trimmed({"connection_plugins": rows})


def plugin_rows(answer: Answer) -> list[dict[str, object]]:
    """Return the plugins in an answer of ``GET plugins``, an object with a plugin per file.

    Raises:
        SiteError: It is none. Having no plugins at all is answered 404 ``not_found``.
    """
    if answer.status == 404 and answer.code == "not_found":
        return []
    return [
        {
            "file": file,
            "name": _text(plugin.get("Name")),
            "version": _text(plugin.get("Version")),
            "active": plugin.get("active") is True,
        }
        for file, plugin in demand(answer).mapping.items()
        if isinstance(plugin, dict)
    ]


@parameters(frozen=True)
class ListPlugins(Query):
    """Read the plugins of a site; must-use plugins are not among them."""

    name = "plugins.list"
    summary = "List each site's plugins with version and state."
    routes = ("GET plugins",)
    rights = "activate_plugins"

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``{"plugins": [{"file", "name", "version", "active"}]}``."""
        return trimmed({"plugins": plugin_rows(_supported(self, await reader.read("plugins")))})


@parameters(frozen=True)
class ListFeatures(Query):
    """Read the features that a site's plan includes, and those it could have."""

    name = "features.list"
    summary = "List the features that each site's plan includes, and those of other plans."
    routes = ("GET site/features", "GET connection")
    life = "5.1 on"
    rights = "manage_options"
    apart = "jetpack.offline or jetpack.not_connected"

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``{"features": {"active": [...], "available": [...]}}``.

        Jetpack passes on whatever WordPress.com says, errors too, as a success.
        """
        answer = await _from_afar(self, reader, await reader.read("site/features"))
        told = inner(answer)
        if not isinstance(told, dict) or "active" not in told:
            raise SiteError("jetpack.refused", "WordPress.com did not tell the site's features")
        available = told.get("available")
        features = {
            "active": sorted(str(name) for name in _items(told["active"])),
            "available": sorted(available) if isinstance(available, dict) else [],
        }
        return trimmed({"features": features})


@parameters(frozen=True)
class ScanStatus(Query):
    """Read what Jetpack Scan has found; the site keeps the answer for half an hour."""

    name = "scan.status"
    summary = "Tell the state of Jetpack Scan and count the threats it has found."
    routes = ("GET scan", "GET connection")
    life = "8.5 on"
    rights = "jetpack_admin_page"
    apart = "jetpack.offline or jetpack.not_connected"

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``{"scan": {"state", "threats"}}``; the states are WordPress.com's own words."""
        told = inner(await _from_afar(self, reader, await reader.read("scan")))
        if not isinstance(told, dict) or not isinstance(told.get("state"), str):
            raise SiteError("jetpack.refused", "WordPress.com did not tell the state of the scan")
        return trimmed({"scan": {"state": told["state"], "threats": _threats(told)}})


def _threats(told: Mapping[str, object]) -> Figure:
    """Return the number of threats; without a scan there is none, which is not zero."""
    state, threats = told["state"], told.get("threats")
    if state == "unavailable":
        return missing(f"the site has no scan: {_text(told.get('reason')) or 'no reason given'}")
    if not isinstance(threats, list | dict):
        return missing("the answer lists no threats")
    return known(len(threats), "threats")


OPERATIONS = (ConnectionTest, ConnectionPlugins, ListPlugins, ListFeatures, ScanStatus)
