"""Whole runs against simulated sites of every era; the sites' own ledgers are the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.engine.fleet import Fleet
from fleet.errors import InputError, InputErrors
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.operations.base import Task
from fleet.operations.carrying import SyncSettings
from fleet.operations.connection import ConnectionStatus
from fleet.operations.module_list import ListModules
from fleet.operations.modules import ActivateModules, DeactivateModules
from fleet.operations.settings import GetSettings, SetSettings
from fleet.operations.stats import CollectStats
from fleet.results import RunReport, SiteResult, Status, Verdict
from fleet.simulator.eras import ERAS
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import ADMIN, simulated

PAIR = ("sitemaps", "latex")
OFF = ("contact-form", "notes")
EVERY_ERA = [pytest.param(era, id=f"Jetpack {era}") for era in ERAS]
LAYOUTS = [
    pytest.param({"permalinks": "pretty"}, id="pretty"),
    pytest.param({"permalinks": "plain"}, id="plain"),
    pytest.param({"core_folder": "wp"}, id="subdirectory"),
    pytest.param({"core_folder": "wp", "permalinks": "plain"}, id="plain subdirectory"),
]


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


@pytest.mark.parametrize("era", EVERY_ERA)
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_modules_are_activated_once_on_every_era_and_layout(
    era: str, layout: dict[str, str], tmp_path: Path
) -> None:
    spec = SiteSpec("shop", era=era, modules=OFF, **layout)  # type: ignore[arg-type]
    async with simulated(tmp_path, spec) as running:
        shop = running.site("shop")
        assert only(await running.fleet.run(ActivateModules(PAIR))).status is Status.CHANGED
        assert shop.active_modules == {*OFF, *PAIR}
        writes = len(shop.ledger)
        again = only(await running.fleet.run(ActivateModules(PAIR)))
        assert (again.status, again.usage.writes) == (Status.UNCHANGED, 0)
        assert (len(shop.ledger), shop.logins) == (writes, 2)


@pytest.mark.parametrize("era", EVERY_ERA)
async def test_deactivation_touches_nothing_else_on_any_era(era: str, tmp_path: Path) -> None:
    spec = SiteSpec("shop", era=era, modules=("likes", *PAIR))
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(DeactivateModules(("likes",))))
        assert result.status is Status.CHANGED
        changes = [change for write in running.site("shop").ledger for change in write.changes]
        assert changes == [("modules.likes", True, False)]


@pytest.mark.parametrize("era", [era for era in ERAS if ERAS[era].application_passwords])
async def test_application_passwords_never_touch_the_login_page(era: str, tmp_path: Path) -> None:
    password = ADMIN.application_passwords[0]
    spec = SiteSpec("shop", era=era, modules=OFF)
    async with simulated(
        tmp_path, spec, method="application-password", password=password
    ) as running:
        assert only(await running.fleet.run(ActivateModules(PAIR))).status is Status.CHANGED
        assert running.site("shop").login_attempts == 0


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(ConnectionStatus(), id="connection.status"),
        pytest.param(ListModules(), id="modules.list"),
        pytest.param(GetSettings(), id="settings.get"),
        pytest.param(CollectStats(), id="stats.collect"),
    ],
)
async def test_queries_read_every_era_and_write_nothing(task: Task, tmp_path: Path) -> None:
    specs = [SiteSpec(f"site-{era}", era=era, modules=OFF) for era in ERAS]
    async with simulated(tmp_path, *specs) as running:
        report = await running.fleet.run(task)
        assert report.totals[Status.UNCHANGED] == len(ERAS)
        assert all(result.data for result in report.results)
        assert all(site.ledger == [] for site in running.world)
        assert report.usage.writes == 0


@pytest.mark.parametrize("era", [era for era in ERAS if era != "4.3"])
async def test_settings_are_set_once_on_every_era(era: str, tmp_path: Path) -> None:
    spec = SiteSpec("shop", era=era, modules=("carousel", *OFF))
    task = SetSettings({"carousel_background_color": "white", "carousel_display_exif": True})
    async with simulated(tmp_path, spec) as running:
        assert only(await running.fleet.run(task)).status is Status.CHANGED
        again = only(await running.fleet.run(task))
        assert (again.status, again.usage.writes) == (Status.UNCHANGED, 0)


async def test_jetpack_4_3_has_no_settings_to_set(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("old", era="4.3")) as running:
        task = SetSettings({"carousel_background_color": "white"})
        result = only(await running.fleet.run(task))
        assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.unsupported")
        assert running.site("old").ledger == []


async def test_settings_are_carried_to_newer_and_older_sites(tmp_path: Path) -> None:
    golden = SiteSpec(
        "golden",
        era="13.9",
        options={"carousel_background_color": "white", "google": "not-for-others"},
    )
    others = [SiteSpec("older", era="8.9"), SiteSpec("newer", era="16.1")]
    async with simulated(tmp_path, golden, *others) as running:
        report = await running.fleet.run(SyncSettings(source="golden"))
        assert [result.status for result in report.results] == [
            Status.UNCHANGED,
            Status.CHANGED,
            Status.CHANGED,
        ]
        for name in ("older", "newer"):
            assert running.site(name).options["carousel_background_color"] == "white"
            assert "google" not in running.site(name).options
        again = await running.fleet.run(SyncSettings(source="golden"))
        assert again.totals[Status.UNCHANGED] == 3


async def test_a_source_that_cannot_be_read_leaves_the_others_alone(tmp_path: Path) -> None:
    specs = [SiteSpec("golden", era=None), SiteSpec("other")]
    async with simulated(tmp_path, *specs) as running:
        report = await running.fleet.run(
            SyncSettings(source="golden"), running.fleet.inventory.select(sites=("other",))
        )
        assert {r.site: (r.status, r.kind) for r in report.results} == {
            "golden": (Status.BLOCKED, "jetpack.missing"),
            "other": (Status.NOT_STARTED, None),
        }
        assert running.site("other").requests == []
        assert report.exit_code == 3


async def test_a_source_has_to_have_the_named_keys(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("golden"), SiteSpec("other")) as running:
        report = await running.fleet.run(SyncSettings(source="golden", only=("no_such",)))
        assert report.results[0].kind == "jetpack.unsupported"


@pytest.mark.parametrize(
    ("spec", "slug", "kind"),
    [
        pytest.param(SiteSpec("s", connection="offline"), "monitor", "jetpack.offline"),
        pytest.param(SiteSpec("s", connection="unconnected"), "sitemaps", "jetpack.not_connected"),
        pytest.param(SiteSpec("s", forced={"sitemaps": False}), "sitemaps", "jetpack.override"),
        pytest.param(SiteSpec("s", era="4.3"), "blocks", "jetpack.unsupported"),
        pytest.param(SiteSpec("s", plan="free"), "search", "jetpack.plan"),
    ],
)
async def test_what_a_site_cannot_do_is_told_by_its_reason(
    spec: SiteSpec, slug: str, kind: str, tmp_path: Path
) -> None:
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ActivateModules((slug,))))
        assert (result.status, result.kind) == (Status.BLOCKED, kind)
        assert [key.verdict.good for key in result.keys] == [False]
        assert running.site("s").ledger == []


async def test_the_rest_is_activated_beside_what_cannot_be(tmp_path: Path) -> None:
    spec = SiteSpec("shop", plan="free", modules=())
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ActivateModules(("search", "latex"))))
        assert result.status is Status.PARTIAL
        assert {key.key: key.verdict for key in result.keys} == {
            "modules.latex": Verdict.CHANGED,
            "modules.search": Verdict.REJECTED,
        }


async def test_an_editor_changes_nothing(tmp_path: Path) -> None:
    spec = SiteSpec("shop", connection="unconnected")
    async with simulated(tmp_path, spec, username="editor", password="quiet-ferry-3") as running:
        result = only(await running.fleet.run(DeactivateModules(("notes",))))
        assert (result.status, result.kind) == (Status.BLOCKED, "auth.forbidden")
        assert result.usage.writes == 0


async def test_paused_sites_are_skipped_without_a_request(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("open"), SiteSpec("shut"), paused=("shut",)) as running:
        report = await running.fleet.run(ConnectionStatus())
        assert [result.status for result in report.results] == [Status.UNCHANGED, Status.SKIPPED]
        assert running.site("shut").requests == []


async def test_a_missing_secret_contacts_nobody(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("shop")) as running:
        fleet = Fleet(running.fleet.inventory, resolver=SecretResolver({}))
        with pytest.raises(InputErrors, match="PW"):
            await fleet.run(ConnectionStatus())
        assert running.site("shop").requests == []


async def test_a_source_has_to_exist_and_to_be_active(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("a"), SiteSpec("b"), paused=("b",)) as running:
        for source in ("b", "c"):
            with pytest.raises(InputError, match=source):
                await running.fleet.run(SyncSettings(source=source))
        assert running.site("a").requests == []


async def test_a_narrowed_inventory_leaves_the_others_alone(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("a"), SiteSpec("b")) as running:
        chosen: Inventory = running.fleet.inventory.select(sites=("a",))
        report = await running.fleet.run(ActivateModules(PAIR), chosen)
        assert [result.site for result in report.results] == ["a"]
        assert running.site("b").requests == []
