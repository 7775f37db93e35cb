"""Every kind of trouble with a site: its name, its end, its meaning, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of trouble with a site.

    Args:
        name: Stable dotted word, such as ``auth.locked_out``.
        ends: Status word the site ends in: ``unreachable``, ``blocked``, ``failed``,
            ``partial``, ``unknown`` or ``skipped``.
        meaning: What happened, one sentence.
        hint: What the reader can do about it, one sentence.
        retryable: True where reading again a little later may well succeed.
    """

    name: str
    ends: str
    meaning: str
    hint: str
    retryable: bool = False


_ROWS = (
    Kind(
        "net.dns",
        "unreachable",
        "The host name could not be resolved.",
        "Check the spelling of the host and whether the domain has expired.",
        retryable=True,
    ),
    Kind(
        "net.refused",
        "unreachable",
        "The server refused the connection.",
        "Check that the web server runs and that a firewall lets this machine in.",
        retryable=True,
    ),
    Kind(
        "net.timeout",
        "unreachable",
        "The site did not answer in time.",
        "Try the site in a browser; raise http.timeout or http.deadline if it is only slow.",
        retryable=True,
    ),
    Kind(
        "net.reset",
        "unreachable",
        "The connection broke off in the middle of an exchange.",
        "Run again; if it stays, look at the web server's error log.",
        retryable=True,
    ),
    Kind(
        "tls.expired",
        "unreachable",
        "The site's certificate has expired.",
        "Renew the certificate.",
    ),
    Kind(
        "tls.untrusted",
        "unreachable",
        "The site's certificate is not signed by an authority this machine trusts.",
        "Install the full chain, or name the site's authority (http.ca_file) or key (http.pin).",
    ),
    Kind(
        "tls.name",
        "unreachable",
        "The site's certificate belongs to another host name.",
        "Use the host name in the certificate, or have the certificate issued again.",
    ),
    Kind(
        "tls.protocol",
        "unreachable",
        "The server and this machine found no way of speaking TLS with each other.",
        "Have the web server offer TLS 1.2 or 1.3 on this port.",
    ),
    Kind(
        "proto.not_json",
        "failed",
        "The site answered something other than the JSON that was asked for.",
        "Open the address in a browser; a plugin, a cache or a parking page may answer instead.",
    ),
    Kind(
        "proto.too_large",
        "failed",
        "The answer was larger than the limit.",
        "Look at what the site sends; a healthy answer is far below the limit.",
    ),
    Kind(
        "proto.truncated",
        "failed",
        "The answer ended before it was complete.",
        "Run again; if it stays, look at the site's PHP error log.",
        retryable=True,
    ),
    Kind(
        "proto.cached",
        "failed",
        "A cache answered in place of the site, also when asked past it.",
        "Let the cache or CDN pass requests to wp-json and wp-admin on.",
    ),
    Kind(
        "redirect.cross_origin",
        "blocked",
        "The site points to another address, and credentials are sent to their own origin only.",
        "If the new address is right, write it as the site's url in the inventory.",
    ),
    Kind(
        "redirect.downgrade",
        "blocked",
        "The site redirects from https to plain http.",
        "Mend the redirect; credentials are not sent in clear.",
    ),
    Kind(
        "redirect.loop",
        "blocked",
        "The site redirects in a circle.",
        "Mend the redirect; behind a proxy, WordPress often does not know that it is on https.",
    ),
    Kind(
        "auth.bad_credentials",
        "blocked",
        "The site rejected the user name or the password.",
        "Correct it; it was sent once and is not again before fleet sites accept NAME.",
    ),
    Kind(
        "auth.locked_out",
        "blocked",
        "The site has locked this address or user out of the login.",
        "Wait for the lockout to end or allow this machine's address in the security plugin.",
    ),
    Kind(
        "auth.second_factor",
        "blocked",
        "The account needs a second factor or another way of signing in.",
        "Use an application password for this account.",
    ),
    Kind(
        "auth.sso_only",
        "blocked",
        "The site takes single sign-on only and no password.",
        "Use an application password for this account, or allow its password login.",
    ),
    Kind(
        "auth.leaked_password",
        "blocked",
        "The site wants the password confirmed by e-mail or changed before it lets the account in.",
        "Sign in with a browser, do what the site asks, and store the new password.",
    ),
    Kind(
        "auth.session",
        "blocked",
        "The login did not give a working session.",
        "Sign in with a browser and look at what the login page says.",
    ),
    Kind(
        "auth.anonymous",
        "blocked",
        "The site treats the requests as not logged in.",
        "Check the application password, and that the web server passes the Authorization header.",
    ),
    Kind(
        "auth.forbidden",
        "blocked",
        "The account lacks the rights for this.",
        "Use an administrator's account for this site.",
    ),
    Kind(
        "block.waf",
        "blocked",
        "A firewall in front of the site refused the request.",
        "Allow this machine's address in the firewall or at the CDN.",
    ),
    Kind(
        "block.captcha",
        "blocked",
        "The site asks for a captcha or another proof of being human.",
        "Allow this machine's address, or use an application password.",
    ),
    Kind(
        "site.maintenance",
        "unreachable",
        "The site is in maintenance mode.",
        "Run again when its update has finished.",
    ),
    Kind(
        "site.overloaded",
        "unreachable",
        "The server has no room for more requests, or is switched off for a while.",
        "Lower --per-host and run again later.",
        retryable=True,
    ),
    Kind(
        "site.critical_error",
        "failed",
        "WordPress or PHP ended with a fatal error.",
        "Look at the site's PHP error log; a plugin or theme is the usual cause.",
    ),
    Kind(
        "site.database_down",
        "unreachable",
        "WordPress cannot reach its database, or finds it empty.",
        "Look at the database server and the site's wp-config.php.",
        retryable=True,
    ),
    Kind(
        "site.upgrade_pending",
        "blocked",
        "WordPress waits for an upgrade of its database.",
        "Open wp-admin in a browser and let it upgrade.",
    ),
    Kind(
        "site.login_hidden",
        "blocked",
        "There is no login page at its usual address, or it is closed to this machine.",
        "Set auth.login_path to the real address, or use an application password.",
    ),
    Kind(
        "site.parked",
        "blocked",
        "The domain is parked, for sale, or its account is suspended.",
        "Renew the domain or the account, or take the site out of the inventory.",
    ),
    Kind(
        "site.server_error",
        "failed",
        "The site failed with an error of its own.",
        "Look at the site's PHP error log.",
        retryable=True,
    ),
    Kind(
        "site.rest_unavailable",
        "blocked",
        "WordPress's REST API could not be found.",
        "Check the address, and that no plugin or server rule switches the REST API off.",
    ),
    Kind(
        "site.unhealthy",
        "failed",
        "The change was made, but a check of the site failed afterwards.",
        "Look at the site; fleet rollback RUN puts back what the run changed.",
    ),
    Kind(
        "identity.mismatch",
        "blocked",
        "The address shows another site than before, so no password was sent; a site whose REST"
        " index is closed can only be compared after the login.",
        "If the change is right, say fleet sites accept NAME.",
    ),
    Kind(
        "identity.duplicate",
        "blocked",
        "Two entries of the inventory are the same site.",
        "Keep one of them.",
    ),
    Kind(
        "site.repeats_secret",
        "blocked",
        "The site says a secret of this tool back where other sites would get to see it.",
        "Change the password and look at who controls the site; --except leaves a key out.",
    ),
    Kind(
        "jetpack.missing",
        "blocked",
        "Jetpack is not active on this site (or is older than 4.3).",
        "Install and activate Jetpack.",
    ),
    Kind(
        "jetpack.offline",
        "blocked",
        "Jetpack runs in offline mode, and this needs a connection to WordPress.com.",
        "Switch offline mode off, or leave this module out for the site.",
    ),
    Kind(
        "jetpack.not_connected",
        "blocked",
        "Jetpack is not connected to WordPress.com.",
        "Connect Jetpack in the site's dashboard.",
    ),
    Kind(
        "jetpack.plan",
        "blocked",
        "The site's Jetpack plan does not include this.",
        "Upgrade the plan, or leave this out for the site.",
    ),
    Kind(
        "jetpack.override",
        "blocked",
        "The host or a plugin forces this module on or off; no API call can change it.",
        "Ask the host, or leave this module out for the site.",
    ),
    Kind(
        "jetpack.unsupported",
        "blocked",
        "This site's version of Jetpack does not have this.",
        "Update Jetpack, or leave this out for the site.",
    ),
    Kind(
        "jetpack.refused",
        "failed",
        "Jetpack refused the request.",
        "Read what the site said in its own words below the error.",
    ),
    Kind(
        "throttle.limited",
        "unreachable",
        "The site or its host limits the rate of requests.",
        "Lower --per-host or --concurrency and run again later.",
        retryable=True,
    ),
    Kind(
        "write.unconfirmed",
        "unknown",
        "A change was sent, and neither an answer nor a reading told whether it was made.",
        "Run again: it reads first and only sends what is still missing.",
    ),
    Kind(
        "write.partial",
        "partial",
        "Only a part of the change was made.",
        "See the keys below; run again after mending what was rejected.",
    ),
    Kind(
        "verify.mismatch",
        "failed",
        "The site said the change was made, but read again the value is another.",
        "Look for a plugin or host rule that puts it back, or send it as the site stores it.",
    ),
    Kind(
        "plan.stale",
        "skipped",
        "The site changed since the plan was made.",
        "Make a new plan.",
    ),
    Kind(
        "run.halted",
        "skipped",
        "The run had to stop before it changed this site.",
        "See why it stopped; fleet resume RUN goes on from there.",
    ),
    Kind(
        "internal.bug",
        "failed",
        "This tool met an error of its own.",
        "Please report it with the run's id.",
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ROWS})
"""Every kind of trouble with a site, by name."""
