"""``fleet policy``: why a site should be so, and policies written from what sites have."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cyclopts import App

from fleet.errors import InputError
from fleet.front.console import emit, say, tell
from fleet.front.execute import Consent, run_async, run_watched
from fleet.front.fleets import fleet_of
from fleet.front.options import Output, Pace, Selection
from fleet.front.plan import PolicyFiles, load_policy
from fleet.inventory.model import Inventory, Site
from fleet.inventory.wording import guess, shown
from fleet.journal.journal import open_journal
from fleet.policy.capture import capture as captured_text
from fleet.policy.explain import explain as explained
from fleet.policy.mining import mine as mined
from fleet.policy.mining import mined_text
from fleet.policy.survey import Survey, found_modules, found_settings, observed
from fleet.report.layout import plural
from fleet.results import RunReport, Status

__all__ = ["app"]

app = App(name="policy", help="Explain policies, and write them from what sites have.")


@app.command
def explain(
    site: str,
    key: str,
    /,
    *,
    policy: PolicyFiles = (Path("policy.yaml"),),
    selection: Selection | None = None,
) -> int:
    """Tell what the policies want of a key of a site, which rule wins, and which it beats.

    Args:
        site: Name of the site.
        key: Such as modules.protect, settings.KEY or MODULE.OPTION.
        policy: Policy file; may be repeated.
    """
    whole, _ = (selection or Selection()).load()
    document = load_policy(policy, whole)
    for line in explained(document, _one(whole, site), key, datetime.now(UTC).date()):
        say(line)
    return 0


@app.command
def capture(
    site: str,
    /,
    *,
    selection: Selection | None = None,
    pace: Pace | None = None,
    out: Output | None = None,
) -> int:
    """Write a policy that asks of a site what it is already; to standard output.

    Args:
        site: Name of the site.
    """
    whole, _ = (selection or Selection()).load()
    name = _one(whole, site).name
    report = _survey(whole, whole.select(sites=(name,)), pace or Pace(), out or Output())
    (result,) = report.results
    if result.status is not Status.UNCHANGED:
        tell(f"fleet: {site}: {result.kind}: {result.message}; {result.hint}")
        return report.exit_code
    emit(captured_text(site, found_modules(result.data), found_settings(result.data)).rstrip())
    return 0


@app.command
def mine(
    *,
    share: float = 0.8,
    selection: Selection | None = None,
    pace: Pace | None = None,
    out: Output | None = None,
) -> int:
    """Write a policy of what most selected sites agree on, and name those that differ.

    Args:
        share: How many of the sites that have a key must agree on its value, from 0.5 to 1.
    """
    if not 0.5 < share <= 1:
        raise InputError(f"--share {share:g}: more than 0.5, and 1 at most")
    whole, selected = (selection or Selection()).load()
    report = _survey(whole, selected, pace or Pace(), out or Output())
    read = [result for result in report.results if result.status is Status.UNCHANGED]
    if unread := len(report.results) - len(read):
        tell(f"fleet: {plural(unread, 'site')} could not be read and are not among these")
    if not read:
        return report.exit_code
    found = mined({result.site: observed(result.data) for result in read}, share)
    emit(mined_text(found).rstrip())
    return report.exit_code


def _one(inventory: Inventory, name: str) -> Site:
    """Return the site of exactly that name.

    Raises:
        InputError: There is none.
    """
    if name not in inventory.sites:
        raise InputError(f"there is no site {shown(name)}{guess(name, inventory.sites)}")
    return inventory.sites[name]


def _survey(whole: Inventory, selected: Inventory, pace: Pace, out: Output) -> RunReport:
    """Return what the selected sites have; kept as facts, too."""

    async def run() -> RunReport:
        async with open_journal(out.store) as journal:
            fleet = fleet_of(whole, pace, out, journal)
            report = await run_watched(fleet, Survey(), pace.applied(selected), out, Consent())
            for result in report.results:
                if result.status is Status.UNCHANGED:
                    await journal.put_facts(result.site, observed(result.data))
            return report

    return run_async(run)
