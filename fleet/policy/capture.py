"""A site as it is, written down as a policy: where a fleet's first policy comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fleet.inventory.wording import shown
from fleet.policy.fit import omission
from fleet.policy.rules import MODULES, SETTINGS, SLUG_PATTERN
from fleet.policy.text import comments, header, rule_lines

__all__ = ["capture", "policy_name"]


def capture(site_name: str, modules: Mapping[str, bool], settings: Mapping[str, object]) -> str:
    """Return the text of a policy that asks of a site what it is already.

    It leaves out what is secret, makes something happen, cannot be set, or belongs to one user or
    one site, and says so in comments.

    Args:
        site_name: Name of the site, after which the policy is called.
        modules: Whether each module is active, by slug.
        settings: Value of each setting by Jetpack's key; modules among them are passed over.
    """
    rules: dict[str, object] = {}
    left_out: dict[str, str] = {}
    for slug, active in modules.items():
        if re.fullmatch(SLUG_PATTERN, slug):
            rules[MODULES + slug] = active
        else:
            left_out[MODULES + slug] = "its name cannot be that of a module"
    for name, value in settings.items():
        if name in modules:
            continue
        if why := omission(name, value):
            left_out[SETTINGS + name] = why
        else:
            rules[SETTINGS + name] = value
    lines = [
        f"# What the site {shown(site_name)} was like. Without 'select' this is for every site;",
        '# add one, such as select: "env=prod", and take out what need not be so everywhere.',
        *header(policy_name("like", site_name)),
        *rule_lines(rules, {}),
        *comments("Left out:", left_out),
    ]
    return "\n".join(lines) + "\n"


def policy_name(prefix: str, name: str) -> str:
    """Return a name for a policy that is named after something else."""
    return f"{prefix}-{re.sub('[^A-Za-z0-9._-]', '-', name)}"[:100]
