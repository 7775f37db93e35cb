"""Sites that an address answers with.

The standard library's client is used, and little of it: the rooms below `site` have no other
one, and one answer at the start of a command needs no pool. Redirects are not followed, because
the headers may hold a secret; nor does a proxy from the environment see them. All of it happens
beside the main thread, so that a server that is slow in any way cannot hold the command up.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio
from yarl import URL

from fleet.config import USER_AGENT
from fleet.errors import InputError, InputErrors
from fleet.inventory.address import is_loopback
from fleet.inventory.includes import SourceSpec
from fleet.inventory.references import SecretRef
from fleet.inventory.secrets import SecretResolver
from fleet.inventory.source_commands import MAX_OUTPUT

__all__ = ["ask_source_address"]

_CHUNK = 256 * 1024
_OK = 200


@dataclass(slots=True)
class _Answer:
    """What came of asking, filled in beside the main thread."""

    data: bytes = b""
    error: InputError | None = None
    done: threading.Event = field(default_factory=threading.Event)


def ask_source_address(spec: SourceSpec) -> bytes:
    """Return the body that the address of `spec` answers with.

    Raises:
        InputError: There is no such body; neither a header nor the body is repeated.
    """
    url = spec.url
    if url is None or (url.scheme != "https" and not is_loopback(url)):
        raise InputError("only https is asked, or http on this machine")
    answer = _Answer()
    connections: list[http.client.HTTPConnection] = []
    arguments = (spec, url, answer, connections)
    worker = threading.Thread(target=_ask, args=arguments, daemon=True)
    worker.start()
    if not answer.done.wait(spec.timeout):
        for connection in connections:
            connection.close()
        raise InputError(f"no whole answer came within {spec.timeout:g}s")
    if answer.error:
        raise answer.error
    return answer.data


def _ask(
    spec: SourceSpec, url: URL, answer: _Answer, open_: list[http.client.HTTPConnection]
) -> None:
    try:
        headers = _headers(spec.headers)
        connection = _connection(spec, url)
        open_.append(connection)
        try:
            answer.data = _body(connection, url, headers)
        finally:
            connection.close()
    except InputError as error:
        answer.error = error
    except InputErrors as error:
        answer.error = error.errors[0]
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "no TLS"
        answer.error = InputError(f"its certificate or TLS is not good: {reason}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        answer.error = InputError(f"it cannot be reached: {reason}")
    finally:
        answer.done.set()


def _connection(spec: SourceSpec, url: URL) -> http.client.HTTPConnection:
    host = url.host or ""
    if url.scheme == "http":
        return http.client.HTTPConnection(host, url.port, timeout=spec.timeout)
    trust = ssl.create_default_context(cafile=str(spec.ca_file) if spec.ca_file else None)
    return http.client.HTTPSConnection(host, url.port, timeout=spec.timeout, context=trust)


def _body(connection: http.client.HTTPConnection, url: URL, headers: Mapping[str, str]) -> bytes:
    own = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    connection.request("GET", url.raw_path_qs, headers={**own, **headers})
    with connection.getresponse() as response:
        if 300 <= response.status < 400:
            raise InputError(
                "it answers with a redirect, which is not followed: write the address it leads to"
            )
        if response.status != _OK:
            raise InputError(f"it answers with status {response.status}")
        return _whole(response)


def _whole(response: http.client.HTTPResponse) -> bytes:
    body = bytearray()
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > MAX_OUTPUT:
            limit = MAX_OUTPUT // (1024 * 1024)
            raise InputError(f"its answer is larger than {limit} MiB")
    length = response.getheader("Content-Length", "")
    if length.isdecimal() and int(length) != len(body):
        raise InputError("its answer was cut short")
    return bytes(body)


def _headers(headers: Mapping[str, SecretRef]) -> dict[str, str]:
    found = anyio.run(SecretResolver().resolve_all, headers.values()) if headers else {}
    return {name: found[ref].get_secret_value() for name, ref in headers.items()}
