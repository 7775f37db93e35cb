"""Several processes share the sites of one run, and their reports make one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from fleet.simulator.site import DEFAULT_USERS
from tests.local.processes import Snare, fleet, quiet, serving, several

COUNT = 30


def labelled(folder: Path) -> None:
    """Give each site a server of its own, as far as parts are concerned."""
    path = folder / "inventory.yaml"
    document = yaml.safe_load(path.read_text())
    for name, site in document["sites"].items():
        site.setdefault("labels", {})["host"] = f"{name}-server"
    path.write_text(yaml.safe_dump(document))


def told(folder: Path, name: str) -> dict[str, Any]:
    """Return a report less what each run has of its own."""
    document = json.loads((folder / name).read_text())
    for site in document["results"]:
        site["usage"] = None
    return {key: document[key] for key in document if key in SAME}


SAME = ("operation", "parameters", "read_only", "exit_code", "totals", "results")
LIST = ("run", "modules.list")


async def test_parts_make_the_report_of_one_run(tmp_path: Path) -> None:
    async with serving(tmp_path, several(COUNT)):
        labelled(tmp_path)
        await fleet(tmp_path, *LIST, "-q", "-o", "json=whole.json")
        for part in range(1, 5):
            file = f"part{part}.json"
            ended = await fleet(tmp_path, *LIST, "-q", "--shard", f"{part}/4", "-o", f"json={file}")
            assert ended.code == 0, ended.err
        parts = [f"part{part}.json" for part in range(1, 5)]
        sizes = [len(told(tmp_path, part)["results"]) for part in parts]
        assert sum(sizes) == COUNT
        assert max(sizes) < COUNT
        of_files = await fleet(tmp_path, "runs", "merge", *parts, "-o", "json=merged.json")
        assert (of_files.code, quiet(of_files)) == (0, True), of_files.err
        assert told(tmp_path, "merged.json") == told(tmp_path, "whole.json")
        runs = [json.loads((tmp_path / part).read_text())["run_id"] for part in parts]
        of_runs = await fleet(tmp_path, "runs", "merge", *runs, "-o", "json=again.json")
        assert of_runs.code == 0, of_runs.err
        assert told(tmp_path, "again.json") == told(tmp_path, "whole.json")
        kept = await fleet(tmp_path, "runs", "show", "last", "-o", "json=kept.json")
        assert kept.code == 0
        assert told(tmp_path, "kept.json") == told(tmp_path, "whole.json")


async def test_a_missing_part_is_not_forgotten(tmp_path: Path) -> None:
    async with serving(tmp_path, several(COUNT)):
        labelled(tmp_path)
        await fleet(tmp_path, *LIST, "-q", "--shard", "1/2", "-o", "json=one.json")
        ended = await fleet(tmp_path, "runs", "merge", "one.json")
    assert ended.code == 3
    assert "not started" in ended.out


async def test_parts_change_sites_at_the_same_time_and_each_once(tmp_path: Path) -> None:
    async with serving(tmp_path, several(COUNT)) as world:
        labelled(tmp_path)
        for part in ("1/3", "2/3", "3/3"):
            ended = await fleet(
                *(tmp_path, "run", "modules.activate", "--modules", "sitemaps", "--shard", part),
                FLEET_PASSWORD=DEFAULT_USERS[0].password,
            )
            assert ended.code == 0, ended.err
        assert changes(world) == {f"s{number:02}": 1 for number in range(COUNT)}


def changes(world: Snare) -> dict[str, int]:
    return {site.spec.name: len(site.ledger) for site in world}


async def test_an_empty_part_is_no_failure(tmp_path: Path) -> None:
    async with serving(tmp_path, several(1)) as world:
        codes = [
            (await fleet(tmp_path, *LIST, "-q", "--shard", f"{part}/3")).code for part in (1, 2, 3)
        ]
        assert world.touched == {"s00"}
    assert codes == [0, 0, 0]


async def test_mistakes_are_told_before_anything_is_contacted(tmp_path: Path) -> None:
    async with serving(tmp_path, several(2)) as world:
        for words, said in (
            (("run", "modules.list", "--shard", "3/2"), "from 1 to 2"),
            (("runs", "merge"), "PARTS requires an argument"),
            (("runs", "merge", "nothing.json"), "cannot be read"),
            (("runs", "merge", "a", "--shard", "1/2"), "leave out --shard"),
        ):
            ended = await fleet(tmp_path, *words)
            assert (ended.code, quiet(ended)) == (64, True)
            assert said in ended.err
        assert not world.touched
