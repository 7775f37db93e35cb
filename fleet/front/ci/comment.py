"""``fleet comment``: one comment on a pull or merge request that is kept up to date."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fleet.errors import InputError
from fleet.front.ci.marker import is_marker
from fleet.front.ci.services import Comments, GitHub, GitLab, api_at
from fleet.front.console import say, tell
from fleet.front.execute import run_async
from fleet.front.secrets import resolve_secret
from fleet.inventory.references import SecretRef

__all__ = ["comment"]

_LONGEST = 65_000
_EVENT = 32 * 1024 * 1024
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


def comment(file: Path, /, *, number: int | None = None, token: str | None = None) -> int:
    """Write a report as a comment on a pull or merge request, or over the one of an earlier job.

    The file is one that was written with -o md=FILE --marker NAME; the mark tells which comment
    is meant. In a job that belongs to no request nothing is done.

    Args:
        file: The text.
        number: Number of the request; by default that of the job.
        token: Token that may comment; env:GITHUB_TOKEN or env:GITLAB_TOKEN by default.
    """
    body = _body(file)
    environ = os.environ
    github = environ.get("GITHUB_ACTIONS") == "true"
    if not github and environ.get("GITLAB_CI") != "true":
        raise InputError("fleet comment runs in a job of GitHub Actions or of GitLab")
    number = number or (_pull_request(environ) if github else _merge_request(environ))
    if number is None:
        tell("fleet: this job belongs to no pull or merge request: nothing is commented on")
        return 0
    text = token or ("env:GITHUB_TOKEN" if github else "env:GITLAB_TOKEN")
    reference = _reference(text)

    async def call() -> str:
        opened = _github if github else _gitlab
        async with opened(environ, number, reference) as comments:
            return await _kept(comments, body)

    say(f"the comment on request {number} is {run_async(call)}")
    return 0


async def _kept(comments: Comments, body: str) -> str:
    """Write `body` over our comment with its mark, or as a new one; return what was done."""
    mark, me = body.partition("\n")[0], await comments.me()
    async for found in comments.all():
        if found.author == me and found.body.splitlines()[:1] == [mark]:
            if found.body.strip() == body.strip():
                return "as it was"
            await comments.update(found, body)
            return "updated"
    await comments.create(body)
    return "new"


@asynccontextmanager
async def _github(
    environ: Mapping[str, str], number: int, reference: SecretRef
) -> AsyncIterator[Comments]:
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise InputError("GITHUB_REPOSITORY does not name a repository")
    headers = GitHub.headers(await resolve_secret(reference))
    base = environ.get("GITHUB_API_URL", "https://api.github.com")
    async with api_at(base, headers, "GitHub") as api:
        yield GitHub(api, repository, number)


@asynccontextmanager
async def _gitlab(
    environ: Mapping[str, str], number: int, reference: SecretRef
) -> AsyncIterator[Comments]:
    project = environ.get("CI_PROJECT_ID", "")
    if not (project.isascii() and project.isdecimal()):
        raise InputError("CI_PROJECT_ID is no number of a project")
    headers = GitLab.headers(await resolve_secret(reference))
    base = environ.get("CI_API_V4_URL", "https://gitlab.com/api/v4")
    async with api_at(base, headers, "GitLab") as api:
        yield GitLab(api, int(project), number)


def _body(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read as text") from error
    if len(text) >= _LONGEST:
        raise InputError(f"{file} has {len(text):,} characters, and {_LONGEST:,} are too many")
    if not is_marker(text.partition("\n")[0]):
        raise InputError(f"{file} begins with no mark: write it with -o md={file} --marker NAME")
    return text


def _pull_request(environ: Mapping[str, str]) -> int | None:
    """Return the number of the pull request that a job on GitHub is for, if it is for one."""
    try:
        with Path(environ.get("GITHUB_EVENT_PATH", "")).open("rb") as file:
            event = json.loads(file.read(_EVENT))
    except (OSError, ValueError, RecursionError):
        event = None
    pull = event.get("pull_request") if isinstance(event, dict) else None
    number = pull.get("number") if isinstance(pull, dict) else None
    return number if isinstance(number, int) and number > 0 else None


def _merge_request(environ: Mapping[str, str]) -> int | None:
    text = environ.get("CI_MERGE_REQUEST_IID", "")
    return int(text) if text.isascii() and text.isdecimal() else None


def _reference(text: str) -> SecretRef:
    try:
        return SecretRef.parse(text, folder=Path.cwd())
    except InputError as error:
        raise InputError("--token: refer to the token with env:NAME or file:PATH") from error
