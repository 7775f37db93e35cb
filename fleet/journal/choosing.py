"""Which sites an overview shows, and in which order, as conditions of a statement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, String, and_, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from fleet.journal import tables
from fleet.journal.looking import Order, Wanted

__all__ = ["beyond", "chosen", "open_keys", "ordering"]

_states, _findings = tables.states, tables.findings


def open_keys() -> ColumnElement[bool]:
    """Return the condition of open findings about keys, not about sites that failed whole."""
    return and_(_findings.c.fixed.is_(None), _findings.c.key != "")


def ordering(order: Order) -> Any:
    """Return the column that sites are ordered by."""
    return {"site": _states.c.site, "status": _states.c.status, "at": _states.c.at}[order.by]


def beyond(order: Order, column: Any, after: tuple[str, str]) -> ColumnElement[bool]:
    """Return the condition of what follows a mark."""
    value, site = after
    mark: Any = datetime.fromisoformat(value) if order.by == "at" else value
    further: ColumnElement[bool] = column < mark if order.falling else column > mark
    if order.by == "site":
        return further
    later = _states.c.site < site if order.falling else _states.c.site > site
    return or_(further, and_(column == mark, later))


def chosen(connection: AsyncConnection, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return the conditions by which sites are meant."""
    found: list[ColumnElement[bool]] = []
    if wanted.text:
        found.append(
            or_(
                *(
                    func.lower(column).contains(wanted.text.lower(), autoescape=True)
                    for column in (_states.c.site, _states.c.url)
                )
            )
        )
    if wanted.statuses:
        found.append(_states.c.status.in_([status.value for status in wanted.statuses]))
    if wanted.drifting:
        found.append(
            select(literal(1)).where(open_keys(), _findings.c.site == _states.c.site).exists()
        )
    if wanted.names is not None:
        found.append(_states.c.site.in_(_names(connection, wanted.names)))
    return found


def _names(connection: AsyncConnection, names: Sequence[str]) -> Any:
    """Return the names as one value: a statement has a limited number of those."""
    if len(names) == 1:
        return [names[0]]
    text = json.dumps([tables.escaped(name) for name in names])
    if connection.dialect.name == "sqlite":
        return select(func.json_each(text).table_valued("value").c.value)
    listed = func.json_array_elements_text(cast(literal(text, String), JSON)).column_valued("name")
    return select(listed)
