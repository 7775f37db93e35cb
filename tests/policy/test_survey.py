"""A policy captured from a site plans to nothing on that site, whatever its Jetpack."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.policy.capture import capture
from fleet.policy.document import PolicyDocument
from fleet.policy.mining import mine, mined_text
from fleet.policy.planning import make_plan
from fleet.policy.survey import Survey, found_modules, found_settings, observed
from fleet.results import Status
from fleet.simulator.eras import ERAS
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import simulated

ODD = {"carousel_background_color": "white", "sharing_label": "a &amp; b: {c} #d", "show": ["page"]}
AT_HOME = {"wordpress_api_key": "c4nary1234", "google": "only-for-this-site"}


@pytest.mark.parametrize("connection", ["connected", "unconnected", "offline"])
@pytest.mark.parametrize("era", ERAS)
async def test_a_captured_policy_plans_to_nothing(
    era: str, connection: str, tmp_path: Path
) -> None:
    options = {**ODD, **AT_HOME} if era != "4.3" else {}
    spec = SiteSpec(
        "shop", era=era, modules=("likes", "notes"), options=options, connection=connection
    )
    async with simulated(tmp_path, spec) as running:
        (result,) = (await running.fleet.run(Survey())).results
        assert result.status is Status.UNCHANGED
        text = capture("shop", found_modules(result.data), found_settings(result.data))
        assert "c4nary" not in text
        assert "only-for-this-site" not in text
        assert "c4nary" not in repr(result)
        path = tmp_path / "policy.yaml"
        path.write_text(text)
        document = PolicyDocument.load([path])
        plan, report = await make_plan(running.fleet, document, running.fleet.inventory)
        assert [site.changes for site in plan.sites] == []
        assert [site.blocked for site in plan.sites] == []
        assert {each.status for each in report.results} <= {Status.UNCHANGED}


async def test_what_most_sites_agree_on_is_found_and_who_differs(tmp_path: Path) -> None:
    specs = [SiteSpec(f"s{number}", era="13.9", modules=("likes",)) for number in range(5)]
    odd = SiteSpec("odd", era="13.9", modules=("notes",), options={"show": ["page"]})
    async with simulated(tmp_path, *specs, odd) as running:
        report = await running.fleet.run(Survey())
        found = mine({result.site: observed(result.data) for result in report.results})
        rules = {rule.key: (rule.value, rule.agreeing, rule.having) for rule in found.rules}
        assert rules["modules.likes"] == (True, 5, 6)
        (first, *_) = found.outliers
        assert first.site == "odd"
        assert {"modules.likes", "modules.notes", "settings.show"} <= set(first.keys)
        path = tmp_path / "policy.yaml"
        path.write_text(mined_text(found))
        plan, _ = await make_plan(
            running.fleet, PolicyDocument.load([path]), running.fleet.inventory
        )
        assert [site.name for site in plan.changing] == ["odd"]
