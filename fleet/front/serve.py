"""``fleet serve``: the dashboard, and metrics for Prometheus."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from fleet.engine.stop import stop_on_signals
from fleet.errors import InputError
from fleet.front.console import emit, tell
from fleet.front.execute import run_async
from fleet.front.plan import PolicyFiles
from fleet.front.web.access import Access, Hosts, is_loopback
from fleet.front.web.audits import Audits
from fleet.front.web.labels import Labels
from fleet.inventory.model import Inventory
from fleet.inventory.references import SecretKind, SecretRef
from fleet.inventory.secrets import SecretResolver
from fleet.journal.overview import Overview, open_overview

if TYPE_CHECKING:
    from fleet.front.web.server import Measures

__all__ = ["Listen", "bound_socket", "serve"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Listen:
    """Where the dashboard listens, and for whom.

    Args:
        host: Address to listen on; one that others reach needs TLS and a token.
        port: Port to listen on; 0 takes a free one.
        tls_cert: Certificate with its chain, in PEM.
        tls_key: Its key, in PEM.
        token: Where the token is that visitors have to show: env:NAME, file:PATH, exec:COMMAND
            or keyring:SERVICE/USER.
        allow_host: Further name under which it may be asked for, as through a reverse proxy; may
            be repeated.
    """

    host: str = "127.0.0.1"
    port: int = 8321
    tls_cert: Path | None = None
    tls_key: Path | None = None
    token: str | None = None
    allow_host: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()

    def check(self) -> None:
        """Refuse to listen where anybody could look.

        Raises:
            InputError: What has to be given stands in it.
        """
        if not 0 <= self.port < 65536:
            raise InputError(f"--port {self.port}: from 0 to 65535")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise InputError("--tls-cert and --tls-key go together")
        if not is_loopback(self.host) and not (self.tls_cert and self.token):
            raise InputError(
                f"--host {self.host}: others could look at the fleet there: give --tls-cert,"
                " --tls-key and --token, or put a reverse proxy before 127.0.0.1"
            )
        if self.allow_host and not self.token:
            raise InputError("--allow-host lets others in, so it needs --token")

    def tls(self) -> ssl.SSLContext | None:
        """Return certificate and key, or None without.

        Raises:
            InputError: They cannot be used.
        """
        if self.tls_cert is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.tls_cert, self.tls_key)
        except (OSError, ssl.SSLError) as error:
            raise InputError(
                f"--tls-cert {self.tls_cert}: this certificate and its key cannot be used:"
                f" {error.strerror or 'they do not go together'}"
            ) from None
        return context

    def hosts(self, port: int) -> Hosts:
        """Return what the dashboard is called once it listens on `port`."""
        names = [name.lower() for name in self.allow_host]
        if not is_loopback(self.host) and self.host not in ("0.0.0.0", "::"):  # noqa: S104
            name = f"[{self.host}]" if ":" in self.host else self.host.lower()
            names += [f"{name}:{port}", *([name] if port == 443 else [])]
        return Hosts(port, tuple(names), self.tls_cert is not None)

    async def access(self) -> Access:
        """Return who may look.

        Raises:
            InputErrors: The token cannot be read, or is too short.
        """
        if self.token is None:
            return Access(None)
        ref = SecretRef.parse(self.token, folder=Path.cwd())
        secrets = await SecretResolver().resolve_all([ref])
        return Access(secrets[ref].get_secret_value())

    @property
    def hidden(self) -> Sequence[str]:
        """Return the variable that the token is in, for it is nobody else's."""
        kind, _, name = (self.token or "").partition(":")
        return [name] if kind == SecretKind.ENV else []


def serve(
    *,
    listen: Listen | None = None,
    inventory: Annotated[
        tuple[Path, ...], Parameter(name=["--inventory", "-i"], negative="", show_default=False)
    ] = (),
    policy: PolicyFiles = (),
    store: str | None = None,
    writable: Annotated[bool, Parameter(negative="")] = False,
    print_rules: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Serve a dashboard of the journal until Ctrl-C; it only looks.

    Args:
        inventory: Inventory file or folder, for labels; may be repeated.
        policy: Policy file for the audits that --writable allows; may be repeated.
        store: Where runs are recorded: a file, or postgresql://USER@HOST/DATABASE.
        writable: Let visitors start audits, which change nothing on any site.
        print_rules: Print alerting rules for Prometheus instead.
    """
    if print_rules:
        return _print_rules()
    listen = listen or Listen()
    listen.check()
    tls = listen.tls()
    labels = Labels.of(Inventory.load(inventory)) if inventory else Labels()
    audits = None
    if writable:
        if not (inventory and policy):
            raise InputError("--writable starts audits: say of what with -i and -p")
        flags = [*(f"--inventory={path}" for path in inventory), *(f"--policy={p}" for p in policy)]
        audits = Audits(flags, store, listen.hidden)
    run_async(lambda: _serve(listen, tls, labels, audits, store))
    return 0


def _print_rules() -> int:
    from importlib.resources import files  # noqa: PLC0415 - only this needs it

    emit(files("fleet.front.web").joinpath("prometheus-rules.yml").read_text("utf-8").rstrip("\n"))
    return 0


async def _serve(
    listen: Listen,
    tls: ssl.SSLContext | None,
    labels: Labels,
    audits: Audits | None,
    store: str | None,
) -> None:
    try:
        from fleet.front.web.server import Dashboard, listening, make_app  # noqa: PLC0415 - optional
    except ModuleNotFoundError as error:
        raise InputError(
            f"the dashboard needs the package {error.name}: pip install 'jetfleet[web]'"
        ) from None
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        overview = await stack.enter_async_context(open_overview(store))
        access = await listen.access()
        bound = stack.enter_context(bound_socket(listen.host, listen.port))
        port = bound.getsockname()[1]
        dashboard = Dashboard(
            overview, listen.hosts(port), access, labels, audits, _metrics(overview)
        )
        await stack.enter_async_context(listening(make_app(dashboard), bound, tls))
        if audits is not None:
            stack.push_async_callback(audits.close)
        name = f"[{listen.host}]" if ":" in listen.host else listen.host
        how = "visitors may start audits" if audits else "read-only"
        tell(f"fleet: the dashboard answers until Ctrl-C, {how}:")
        emit(f"{'https' if tls else 'http'}://{name}:{port}/")
        sys.stdout.flush()  # a program that started this waits for the address
        await stop.draining.wait()


def _metrics(overview: Overview) -> Measures | None:
    """Return what makes metrics, or None, and say so, where their package is missing."""
    try:
        from fleet.front.web.metrics import Metrics  # noqa: PLC0415 - optional
    except ModuleNotFoundError:
        tell("fleet: no /metrics: pip install 'jetfleet[metrics]'")
        return None
    return Metrics(overview)


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        InputError: Nobody can listen there now.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(
            f"--host {host} --port {port}: {error.strerror or 'there is no such address'}"
        ) from None
