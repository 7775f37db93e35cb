"""``fleet api METHOD PATH``: a raw call on every selected site."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from pydantic import TypeAdapter, ValidationError

from fleet.errors import InputError, Refused
from fleet.front.execute import Consent, execute
from fleet.front.options import Output, Pace, Selection
from fleet.inventory.secret_files import MAX_SECRET_BYTES, read_secret_file
from fleet.operations.base import Task
from fleet.operations.raw import CallApi, WriteApi
from fleet.operations.values import holds_credential

__all__ = ["api"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What to send.

    Args:
        body: JSON object to send; @FILE reads it from a file that only you can read, @- from
            standard input.
        write: Say that this may change the sites.
        dry_run: Only read.
    """

    body: str = "{}"
    write: Annotated[bool, Parameter(negative="", show_default=False)] = False
    dry_run: Annotated[bool, Parameter(negative="", show_default=False)] = False


def api(
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
    path: str,
    /,
    *,
    call: Call | None = None,
    selection: Selection | None = None,
    pace: Pace | None = None,
    out: Output | None = None,
) -> int:
    """Call any REST route on the selected sites; anything but GET needs --write.

    Args:
        method: HTTP method.
        path: REST route, such as jetpack/v4/site.
    """
    call = call or Call()
    if method != "GET" and not (call.write or call.dry_run):
        raise Refused(f"{method} may change the sites: say --write to go on")
    return execute(
        _task(method, path, call.body),
        selection or Selection(),
        pace or Pace(),
        out or Output(),
        Consent(dry_run=call.dry_run),
    )


def _task(method: str, path: str, body: str) -> Task:
    if method == "GET":
        return _built(CallApi, path=path)
    try:
        sent = json.loads(_text(body))
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise InputError("--body has to be a JSON object")
    if not body.startswith("@") and holds_credential("", sent):
        raise InputError(
            "--body has a secret in it, and other users of this machine can see what is typed:"
            " put it into a file and say --body @FILE, or --body @- for standard input"
        )
    return _built(WriteApi, method=method, path=path, body=sent)


def _text(body: str) -> str:
    """Return the text of a body that may stand in a file or come from standard input."""
    if body == "@-":
        return sys.stdin.read(MAX_SECRET_BYTES)
    if not body.startswith("@"):
        return body
    return read_secret_file(Path.cwd(), str(Path(body[1:]).absolute())).decode()


def _built(cls: type[Task], **values: object) -> Task:
    try:
        return TypeAdapter(cls).validate_python(values)
    except ValidationError as error:
        (first, *_) = error.errors(include_input=False, include_url=False)
        raise InputError(first["msg"].removeprefix("Value error, ")) from error
