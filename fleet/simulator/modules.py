"""The modules of each Jetpack release: what they need, whether they start by themselves.

One line a module and span of releases. Columns: slug, sort, recommendation order, introduced,
need (`-` nothing, `C` a site connection, `U` also a connected owner), auto-activation
(`Y`es, `N`o, `P`ublic), plans (`free` or the paid classes), feature, since, until (excluded).
Facts as seen in the module/all answers of 4.3, 8.9, 11.5, 15.1 and 16.1; between them by the
history of releases.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleet.simulator.eras import Era, within

__all__ = ["Module", "modules_of"]

_PAID = "personal+business+premium+security+complete"
_TABLE = """
account-protection    4 20 14.5   C Y free Security 14.5 .
action-bar           40 18 11.4   C N free Engagement 11.4 13.1
after-the-deadline    6 20 1.1    C Y free Writing 4.3 7.3
blaze                22 12 12.3   C Y free Other 12.3 .
blocks                5 20 13.9   - Y free Writing 13.9 .
canonical-urls       36 20 15.6   - N free Traffic 15.6 .
carousel             22 12 1.5    - N free Appearance+Jumpstart 4.3 7.5
carousel             22 12 1.5    - N free Appearance 7.5 .
comment-likes        39 17 5.1    C N free Other 5.1 .
comments             20 20 1.4    C N free Engagement 4.3 .
contact-form         15 14 1.3    - Y free Writing+Jumpstart 4.3 7.5
contact-form         15 14 1.3    - Y free Writing 7.5 .
copy-post            15 20 7.0    - N free Writing 7.0 .
custom-content-types 34 20 3.1    - Y free Writing 4.3 7.0
custom-content-types 34 20 3.1    - N free Writing 7.0 .
custom-css            2 20 1.7    - Y free Appearance 4.3 7.0
custom-css            2 20 1.7    - N free Appearance 7.0 13.8
enhanced-distribution 5 20 1.2    C P free Engagement 4.3 13.4
google-analytics     37 20 4.5    C N free Engagement 4.9 6.0
google-analytics     37 20 4.5    C N business+premium+security+complete Engagement 6.0 13.7
google-fonts          1  2 10.8.0 - N free Writing 10.8 .
gravatar-hovercards  11 13 1.1    - Y free Appearance+Jumpstart 4.3 7.0
gravatar-hovercards  11 13 1.1    - N free Appearance 7.0 .
infinite-scroll      26 20 2.0    - N free Appearance 4.3 .
json-api             19 20 1.9    C P free General 4.3 .
latex                12 20 1.1    - Y free Writing 4.3 7.0
latex                12 20 1.1    - N free Writing 7.0 .
lazy-images          24 14 5.6.0  - N free Appearance 5.6 12.8
likes                23 20 2.2    C N free Engagement 4.3 .
manage                1  3 3.4    C N free General+Jumpstart 4.3 7.3
markdown             31 20 2.8    - N free Writing 4.3 .
masterbar            38 16 4.8    C N free Other 4.9 10.4
masterbar            38 16 4.8    U N free Other 10.4 13.9
minileven            21 11 1.8    - N free Appearance 4.3 8.3
monitor              28 10 2.6    C N free Security 4.3 10.4
monitor              28 10 2.6    U N free Security 10.4 .
notes                13 20 1.9    C Y free General 4.3 10.4
notes                13 20 1.9    U Y free General 10.4 .
omnisearch           16 20 2.3    - Y free General 4.3 5.3
photon               25  1 2.0    C N free Recommended+Jumpstart+Appearance 4.3 7.5
photon               25  1 2.0    C N free Recommended+Appearance 7.5 .
photon-cdn           26  1 6.6    - N free Recommended+Appearance 6.6 .
podcast              38 20 16.0   C Y free Writing 16.0 16.1
podcast              38 20 .      - Y free Writing 16.1 .
post-by-email        14 20 2.0    C Y free Writing 4.3 7.0
post-by-email        14 20 2.0    C N free Writing 7.0 10.4
post-by-email        14 20 2.0    U N free Writing 10.4 .
post-list            31 12 11.3   - N free Appearance 11.4 .
protect               1  4 3.4    C Y free Security 4.3 10.4
protect               1  4 3.4    U Y free Security 10.4 12.3
protect               1  4 3.4    C Y free Security 12.3 .
publicize            10  7 2.0    C Y free Engagement 4.3 7.0
publicize            10  7 2.0    C N free Engagement 7.0 10.4
publicize            10  7 2.0    U N free Engagement 10.4 .
pwa                  18  8 5.6.0  - N free Traffic 5.6 7.9
related-posts        29  9 2.9    C N free Engagement+Jumpstart 4.3 7.5
related-posts        29  9 2.9    C N free Engagement 7.5 .
search               34 20 5.0    C N business+complete Search 5.0 .
seo-tools            35 15 4.4    C N free Traffic 4.4 6.0
seo-tools            35 15 4.4    C N business+premium+security+complete Traffic 6.0 9.0
seo-tools            35 15 4.4    C N free Traffic 9.0 13.4
seo-tools            35 15 4.4    - N free Traffic 13.4 .
sharedaddy            7  6 1.1    - Y free Engagement+Jumpstart 4.3 7.0
sharedaddy            7  6 1.1    - N free Engagement 7.0 .
shortcodes            3 20 1.1    - Y free Writing 4.3 7.0
shortcodes            3 20 1.1    - N free Writing 7.0 .
shortlinks            8 20 1.1    C Y free Writing 4.3 7.0
shortlinks            8 20 1.1    C N free Writing 7.0 .
site-icon            22 20 3.2    - N free Other 4.3 4.4
sitemaps             13 20 3.9    - P free Other 4.3 7.0
sitemaps             13 20 3.9    - N free Recommended 7.0 .
sso                  30  5 2.6    C N free Security+Jumpstart 4.3 7.5
sso                  30  5 2.6    C N free Security 7.5 10.4
sso                  30  5 2.6    U N free Security 10.4 .
stats                 1  2 1.1    C Y free Engagement 4.3 .
subscriptions         9  8 1.2    C Y free Engagement+Jumpstart 4.3 7.0
subscriptions         9  8 1.2    C N free Engagement 7.0 10.4
subscriptions         9  8 1.2    U N free Engagement 10.4 15.4
subscriptions         9  8 1.2    U Y free Engagement 15.4 .
tiled-gallery        24 20 2.1    - N free Appearance 4.3 .
vaultpress           32 20 0:1.2  C Y free Security+Health 4.3 7.0
vaultpress           32 20 0:1.2  C N PAID Security+Health 7.0 .
verification-tools   33 20 3.0    - Y free Engagement 4.3 .
videopress           27 20 2.5    C N free Writing 4.3 6.0
videopress           27 20 2.5    C N business+premium+security+complete Writing 6.0 9.0
videopress           27 20 2.5    C N free Writing 9.0 .
waf                   5 20 10.9   C N free Security 10.9 .
widget-visibility    17 20 2.4    - Y free Appearance 4.3 7.0
widget-visibility    17 20 2.4    - N free Appearance 7.0 .
widgets               4 20 1.2    - Y free Appearance 4.3 7.0
widgets               4 20 1.2    - N free Appearance 7.0 .
woocommerce-analytics 13 20 8.4   C Y free Engagement 8.4 .
wordads               1 20 4.5.0  C N premium+business+security+complete Other 4.5 .
wpcom-reader         12 20 15.5   - N free Engagement 15.5 .
"""


@dataclass(frozen=True, slots=True)
class Module:
    """What one module is in one release.

    Args:
        slug: Its name in routes and settings.
        sort: Place in lists.
        order: Place among recommendations.
        introduced: Release it came with, as its header says.
        needs_site: Works only with a connected site.
        needs_owner: Works only with a connected owner.
        auto: ``Yes``, ``No`` or ``Public``: whether a fresh connection switches it on.
        plans: Plan classes that include it.
        features: Where the interface lists it.
    """

    slug: str
    sort: int
    order: int
    introduced: str
    needs_site: bool
    needs_owner: bool
    auto: str
    plans: tuple[str, ...]
    features: tuple[str, ...]

    def included_in(self, plan: str) -> bool:
        """Return whether a site with `plan` may use it."""
        return "free" in self.plans or plan in self.plans


def modules_of(era: Era) -> dict[str, Module]:
    """Return the modules of a release by slug, in alphabetical order."""
    found: dict[str, Module] = {}
    for line in _TABLE.strip().splitlines():
        columns = [column if column != "." else "" for column in line.split()]
        slug, sort, order, introduced, need, auto, plans, features, since, until = columns
        if not within(era.number, since, until):
            continue
        found[slug] = Module(
            slug=slug,
            sort=int(sort),
            order=int(order),
            introduced=introduced,
            needs_site=need in "CU",
            needs_owner=need == "U",
            auto={"Y": "Yes", "N": "No", "P": "Public"}[auto],
            plans=tuple(plans.replace("PAID", _PAID).split("+")),
            features=tuple(features.split("+")),
        )
    return dict(sorted(found.items()))
