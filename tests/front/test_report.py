"""What ``fleet report`` takes and writes, from a journal with runs in it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.errors import InputError, InputErrors
from fleet.front.app import run_command_line
from fleet.front.brand import read_brand
from fleet.front.report import month_of
from fleet.journal.journal import open_journal
from fleet.results import RunFinished
from tests.journal.made import OWNER, result, start

INVENTORY = """
version: 1
defaults: {auth: {username: bot, password: "env:PW"}}
sites:
  a: {url: "https://a.example", labels: {client: acme}}
  b: {url: "https://b.example", labels: {client: other}}
"""
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    (tmp_path / "logo.png").write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_STORE", str(tmp_path / "journal.db"))
    monkeypatch.setenv("PW", "made-up")
    asyncio.run(_fill(tmp_path / "journal.db"))
    return tmp_path


async def _fill(file: Path) -> None:
    async with open_journal(str(file)) as journal:
        for number, month in enumerate((9, 10, 11)):
            at = datetime(2025, month, 30, 23, 59, tzinfo=UTC)
            run = start(f"run-{number}", sites=("a", "b"), at=at)
            await journal.begin(run, owner=OWNER)
            for site in ("a", "b"):
                await journal.record(run.run_id, result(site))
            await journal.finish(run.run_id, RunFinished(at))


@pytest.mark.parametrize("name", ["text", "json", "jsonl", "csv", "md", "junit", "html"])
@pytest.mark.parametrize("command", ["report", "runs show"])
def test_a_run_can_be_told_in_any_format(
    command: str, name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run_command_line([*command.split(), "run-1", "-o", name]) == 0
    shown = capsys.readouterr().out
    assert "run-1" in shown
    assert run_command_line([*command.split(), "run-1", "-o", f"{name}=file"]) == 0
    assert (tmp_path / "file").read_bytes().decode().replace("\r\n", "\n") == shown.replace(
        "\r\n", "\n"
    )


def test_the_newest_run_is_told_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["report"]) == 0
    assert capsys.readouterr().out.startswith("Run      run-2\n")


def test_a_client_sees_its_sites_and_its_month_only(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["report", "client", "--client", "acme", "--month", "2025-10", "-o", "json"]
    assert run_command_line(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["client"], document["runs"], document["changes"]) == ("acme", 1, 1)
    assert [site["site"] for site in document["sites"]] == ["a"]
    assert document["since"] == "2025-10-01T00:00:00+00:00"


def test_the_looks_come_from_a_file_and_flags(folder: Path) -> None:
    (folder / "brand.yaml").write_text(
        "client_report: {title: One, agency: Studio, accent: '#112233', logo: logo.png}\n"
    )
    words = "report client -l client=acme --month 2025-11 --brand brand.yaml --title Two"
    assert run_command_line([*words.split(), "-o", "html=out.html"]) == 0
    page = (folder / "out.html").read_text()
    assert "<h1>Two</h1>" in page
    assert "--brand:#112233" in page
    assert 'src="data:image/png;base64,iVBORw0KGgo' in page
    assert (folder / "out.html").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("report nothing", "there is no run nothing"),
        ("report -o pdf", "known formats: text, json, jsonl, csv, md, junit, html"),
        ("report client", "name the client with --client, or its sites with -l"),
        ("report client --client nobody", "no site"),
        ("report client --client acme --month 2025-13", "write it as 2026-10"),
        ("report client --client acme --month 9998-01", "has not begun"),
        ("report client --client acme -o junit", "is written as html, text, md, json"),
        ("report client --client acme -o md -o json", "only one format can go to standard"),
        ("report client --client acme -o html=no/such/file", "does not exist"),
        ("report client --client acme --accent red", "'red' is no colour: write it as #0b5cab"),
        ("report client --client acme --logo inventory.yaml", "has to be a PNG, JPEG, GIF or"),
        ("report client --client acme --logo none.png", "there is no such file"),
        ("report client --client acme --brand none.yaml", "there is no such file"),
    ],
)
def test_odd_words_are_answered(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(words.split()) == 64
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("client_report: {titel: x}", "brand.yaml:1:17 unknown key 'titel'"),
        ("client: {}", "unknown key 'client'"),
        ("client_report: {title: [x]}", "title: expected a text of at most 2,000 characters"),
        ("client_report: {accent: blue}", "'blue' is no colour"),
        ("client_report: {logo: none.png}", "there is no such file"),
    ],
)
def test_mistakes_in_the_looks_are_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "brand.yaml").write_text(text + "\n")
    with pytest.raises((InputError, InputErrors)) as refused:
        read_brand(tmp_path / "brand.yaml")
    assert said in str(refused.value)


def test_a_logo_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big.png").write_bytes(PNG + b"\0" * 200_000)
    (tmp_path / "brand.yaml").write_text("client_report: {logo: big.png}\n")
    with pytest.raises(InputError, match="200 KB at most"):
        read_brand(tmp_path / "brand.yaml")


def test_a_month_ends_where_the_next_begins() -> None:
    now = datetime(2026, 12, 24, tzinfo=UTC)
    assert month_of("2026-12", now)[1] == datetime(2027, 1, 1, tzinfo=UTC)
    assert month_of(None, now)[0] == datetime(2026, 12, 1, tzinfo=UTC)
