"""Secrets by reference: resolved just before a run, all at once, and never written anywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import cast

import anyio
from anyio import to_thread
from pydantic import SecretStr

from fleet.errors import InputError, InputErrors
from fleet.inventory.keyring_backend import read_password
from fleet.inventory.references import SecretKind, SecretRef
from fleet.inventory.secret_commands import run_secret_command
from fleet.inventory.secret_files import read_secret_file
from fleet.plugins import Group, Plugins, plugin_failed

__all__ = ["SecretKind", "SecretRef", "SecretResolver"]

WORKERS = 8
Provider = Callable[[str], Awaitable[object]]
"""A plugin of `Group.SECRETS`: it returns a `SecretStr` for what stands behind its prefix."""
_PRIVATE = ("PGPASSWORD",)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class SecretResolver:
    """Turns references into secrets.

    Args:
        environ: The variables ``env:`` looks in and commands get; by default this process's.
        exec_timeout: Seconds one command may take.
        keyring: Returns the password for a service and user name, or raises `InputError`.
        heard: Called with each secret as soon as all are known, before anybody gets them.
        plugins: Know further prefixes, each by an async callable that takes what stands behind
            the prefix; they have as long as a command.
        private: References of others, whose variables commands do not get either.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        exec_timeout: float = 30.0,
        keyring: Callable[[str, str], str] = read_password,
        heard: Callable[[str], None] = lambda _: None,
        plugins: Plugins | None = None,
        private: Iterable[SecretRef] = (),
    ) -> None:
        self._private = tuple(private)
        self._environ = os.environ if environ is None else environ
        self._exec_timeout = exec_timeout
        self._keyring = keyring
        self._heard = heard
        self._plugins = plugins or Plugins()

    async def resolve_all(
        self, refs: Iterable[SecretRef], *, beside: Iterable[SecretRef] = ()
    ) -> Mapping[SecretRef, SecretStr]:
        """Return the secret of each distinct reference; each is read once, eight at a time.

        Commands get neither the variables that references are about, nor any ``FLEET_*``
        variable, nor the password of the journal's database.

        Args:
            refs: What is to be resolved.
            beside: References of sites that are left out, whose variables are secret as well.

        Raises:
            InputErrors: Every reference that leads to no usable secret, at its place.
        """
        distinct = tuple(dict.fromkeys(refs))
        named = (*distinct, *beside, *self._private)
        hidden = {ref.target for ref in named if ref.kind is SecretKind.ENV}
        passed_on = {
            name: value
            for name, value in self._environ.items()
            if name not in hidden and name not in _PRIVATE and not name.startswith("FLEET_")
        }
        found: dict[SecretRef, SecretStr | InputError] = {}
        waiting = iter(distinct)
        async with anyio.create_task_group() as group:
            for _ in range(min(WORKERS, len(distinct))):
                group.start_soon(self._work, waiting, passed_on, found)
        errors = [error for ref in distinct if isinstance(error := found[ref], InputError)]
        if errors:
            raise InputErrors(errors)
        secrets = {ref: each for ref, each in found.items() if isinstance(each, SecretStr)}
        for secret in secrets.values():
            self._heard(secret.get_secret_value())
        return secrets

    async def _work(
        self,
        waiting: Iterator[SecretRef],
        passed_on: Mapping[str, str],
        found: dict[SecretRef, SecretStr | InputError],
    ) -> None:
        for ref in waiting:
            try:
                found[ref] = SecretStr(_checked(await self._read(ref, passed_on)))
            except InputError as error:
                found[ref] = InputError(f"{ref.text}: {error.message}", ref.place)

    async def _read(self, ref: SecretRef, passed_on: Mapping[str, str]) -> str:
        if ref.inline is not None:
            return ref.inline.get_secret_value()
        if ref.kind is SecretKind.ENV:
            return self._variable(ref.target)
        if ref.kind is SecretKind.FILE:
            return _text(await to_thread.run_sync(read_secret_file, ref.folder, ref.target))
        if ref.kind is SecretKind.EXEC:
            return _text(
                await run_secret_command(ref.target, ref.folder, passed_on, self._exec_timeout)
            )
        if ref.kind is SecretKind.PLUGIN:
            return await self._foreign(*ref.target.split(":", 1))
        service, _, username = ref.target.rpartition("/")
        return await to_thread.run_sync(self._keyring, service, username)

    async def _foreign(self, prefix: str, target: str) -> str:
        """Return what a plugin gives for `target`."""
        provider = cast("Provider", self._plugins.load(Group.SECRETS, prefix))
        plugin = self._plugins.described(Group.SECRETS, prefix)
        try:
            with anyio.fail_after(self._exec_timeout):
                secret = await provider(target)
        except Exception as error:  # noqa: BLE001 - it is the plugin's, whatever it is
            raise plugin_failed(plugin, "gave no secret", error) from None
        if not isinstance(secret, SecretStr):
            raise InputError(f"{plugin} gave no secret, but {type(secret).__name__}")
        return secret.get_secret_value()

    def _variable(self, name: str) -> str:
        value = self._environ.get(name)
        if value is None:
            raise InputError(f"the environment variable is not set: export {name}=...")
        return value


def _text(data: bytes) -> str:
    """Return `data` as text without the one line end that editors and commands add."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InputError("the secret is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _checked(secret: str) -> str:
    if not secret:
        raise InputError("the secret is empty")
    if _CONTROL.search(secret):
        raise InputError("the secret has a line end or another control character in it")
    return secret
