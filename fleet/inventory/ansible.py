"""What ``ansible-inventory --list`` prints, as rows.

The hosts are those of ``_meta.hostvars`` and of all groups. For each of them:

- the name is the host's;
- the address is its variable ``fleet_url`` or ``url``, or else ``https://`` and the host's name;
- each group it is in, also by way of a child group, is a label ``ansible/GROUP``;
- ``fleet_labels``, ``fleet_groups``, ``fleet_auth``, ``fleet_http`` and ``fleet_state`` are the
  keys of a site with that name.

All other variables are left alone: passwords for Ansible's own use are often among them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fleet.errors import InputError

__all__ = ["rows_of"]

_NOT_GROUPS = ("_meta", "all", "ungrouped")
_KEYS = ("labels", "groups", "auth", "http", "state", "window", "freeze")
_ODD = re.compile(r"[^A-Za-z0-9._-]")
LONGEST_LABEL = 63


def rows_of(data: bytes) -> bytes:
    """Return a JSON line for each host.

    Raises:
        InputError: It is not what Ansible prints.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise InputError("this is not the JSON that ansible-inventory --list prints") from None
    if not isinstance(document, dict):
        raise InputError("this is not what ansible-inventory --list prints: expected a mapping")
    meta = document.get("_meta")
    variables = meta.get("hostvars") if isinstance(meta, dict) else None
    if not isinstance(variables, dict):
        raise InputError("this is not what ansible-inventory --list prints: no _meta.hostvars")
    groups = {name: each for name, each in document.items() if isinstance(each, dict | list)}
    members = _members(groups)
    hosts = dict.fromkeys([*(host for each in members.values() for host in each), *variables])
    lines = []
    for host in sorted(hosts):
        own = variables.get(host, {})
        inside = [name for name, each in members.items() if host in each]
        lines.append(json.dumps(_row(host, own if isinstance(own, dict) else {}, inside)))
    return "".join(f"{line}\n" for line in lines).encode()


def _row(host: str, own: Mapping[str, Any], groups: list[str]) -> dict[str, object]:
    row: dict[str, object] = {"name": host}
    row["url"] = own.get("fleet_url") or own.get("url") or f"https://{host}"
    labels = {
        f"ansible/{label}": "true"
        for name in groups
        if name not in _NOT_GROUPS and (label := _ODD.sub("_", name)[:LONGEST_LABEL].strip("._-"))
    }
    row.update({key: own[f"fleet_{key}"] for key in _KEYS if f"fleet_{key}" in own})
    given = row.get("labels", {})
    row["labels"] = {**labels, **given} if isinstance(given, dict) else given
    return row


def _members(groups: Mapping[str, Any]) -> dict[str, dict[str, None]]:
    """Return the hosts of each group, those of its children included."""
    return {name: dict.fromkeys(_inside(name, groups)) for name in groups if name != "_meta"}


def _inside(name: str, groups: Mapping[str, Any]) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        group = groups.get(at, {})
        group = {"hosts": group} if isinstance(group, list) else group
        yield from (host for host in _texts(group.get("hosts")))
        waiting.extend(_texts(group.get("children")))


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
