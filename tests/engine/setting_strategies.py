"""Values that Jetpack takes for each settings key, from the simulator's own tables."""

from __future__ import annotations

from hypothesis import strategies as st

from fleet.simulator.settings import Option

__all__ = ["valid_values"]

_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_MARKUP = st.lists(
    st.sampled_from(["a", " ", "  ", "<b>", "</b>", "<script>", "&", "&amp;", "&lt;", "<", ">",
                     '"', "'", "\n", "\r\n", "%41", "ä", "https://x.example/?a=1&b=2"]),
    max_size=6,
).map("".join)  # fmt: skip
_LETTERS = st.text("abcXYZ019", min_size=1, max_size=15)
_CODE = st.text("abcXYZ019-_", min_size=1, max_size=20)
_ADDRESS = st.sampled_from(["10.0.0.1", "10.0.0.2", "192.168.0.0/24", "2001:db8::1", "10.0.0.8"])
_PAIR = st.sampled_from(["10.0.0.1 - 10.0.0.9", "10.0.0.1-10.0.0.9"])
_ROLES = ("administrator", "editor", "author", "contributor", "subscriber")
_VIEWS = ("index", "post", "page", "attachment", "jetpack-portfolio")
_SERVICES = ("facebook", "x", "twitter", "linkedin", "tumblr", "email", "print")
_LABELS = ("invitation", "welcome", "comment_follow")
_TOKENS = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "token"]), "value": _TEXT}),
    max_size=3,
)
_PLACES = ("archives", "front_page", "groups", "pages", "posts")
_SERVICE_LIST = st.lists(st.sampled_from(_SERVICES), max_size=3, unique=True)


def _boolean() -> st.SearchStrategy[object]:
    return st.sampled_from([True, False, 0, 1, "0", "1"])


def _addresses() -> st.SearchStrategy[object]:
    gaps = st.sampled_from(["\n", ", ", " ", ";", "\r\n"])
    listed = st.lists(_ADDRESS | _PAIR, max_size=3)
    return st.tuples(gaps, listed).map(lambda parts: parts[0].join(parts[1]))


def _code() -> st.SearchStrategy[object]:
    tag = _CODE.map(lambda code: f'<meta name="site-verification" content="{code}" />')
    return st.just("") | _CODE | tag


def _crawlers() -> st.SearchStrategy[object]:
    return st.dictionaries(st.sampled_from(["gptbot", "ccbot"]), st.booleans(), max_size=2)


_BY_KEY: dict[str, st.SearchStrategy[object]] = {
    "jetpack_protect_global_whitelist": _addresses(),
    "jetpack_waf_ip_allow_list": _addresses(),
    "jetpack_waf_ip_block_list": _addresses(),
    "jetpack_wga": st.dictionaries(st.sampled_from(["code", "is_active"]), _CODE, max_size=2),
    "jetpack_seo_ai_crawler_overrides": _crawlers(),
    "lang_id": st.sampled_from(["", "en_US", "de_DE", "fr_FR"]),
    # An empty list is no change here, which is told without a write.
    "wpcom_newsletter_categories": st.lists(st.integers(1, 9), min_size=1, max_size=4),
}
_BY_RULE: dict[str, st.SearchStrategy[object]] = {
    "bool": _boolean(),
    "posint": st.integers(1, 10**6) | st.integers(1, 999).map(str),
    "string": _TEXT | _MARKUP,
    "alnum": st.just("") | _LETTERS,
    "twitter": st.just("") | _LETTERS | _LETTERS.map(lambda name: f"@{name}"),
    "verify": _code(),
    "whole": _code(),
    "show": st.lists(st.sampled_from(_VIEWS), min_size=1, max_size=6),
    "roles": st.lists(st.sampled_from(_ROLES), max_size=6),
    "titles": st.dictionaries(st.sampled_from(_PLACES), _TOKENS, min_size=1),
    "services": st.fixed_dictionaries({"visible": _SERVICE_LIST, "hidden": _SERVICE_LIST}),
    "reply": st.sampled_from(["author", "no-reply", "comment"]),
    "suboptions": st.dictionaries(st.sampled_from(_LABELS), _TEXT | _MARKUP),
}


def valid_values(option: Option) -> st.SearchStrategy[object]:
    """Return values that the release takes for `option`."""
    if option.choices:
        return st.sampled_from(option.choices)
    return _BY_KEY[option.key] if option.key in _BY_KEY else _BY_RULE[option.rule]
