"""Every option key of Jetpack's `settings`: owner, type, default, rule, from when to when.

One line a key and span of releases, columns separated by `|`: owning module (or `settings`),
key, type (`b` boolean, `s` string, `i` integer, `a` array, `o` object), default as JSON (`-`
none, `@name` from the list of long ones), rule, sanitiser, since, until (excluded). Rules and
sanitisers live in `validation`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from fleet.simulator.eras import Era, within

__all__ = ["Option", "options_of"]

_TRAITS: dict[str, frozenset[str]] = {
    "post_by_email_address": frozenset({"command", "secret"}),
    "jetpack_protect_key": frozenset({"command", "secret", "guarded"}),
    "jetpack_protect_global_whitelist": frozenset({"secret", "guarded"}),
    "jetpack_waf_ip_allow_list": frozenset({"secret", "guarded"}),
    "jetpack_waf_ip_block_list": frozenset({"secret", "guarded"}),
    "wordpress_api_key": frozenset({"secret"}),
    "search_auto_config": frozenset({"command"}),
    "custom": frozenset({"command"}),
    "sharing_delete_service": frozenset({"command"}),
    "unignore_phrase": frozenset({"command", "unread"}),
    "lang_id": frozenset({"lone"}),
}
_TYPES = {"b": "boolean", "s": "string", "i": "integer", "a": "array", "o": "object"}
_LONG: dict[str, object] = {
    "@titles": {"archives": [], "front_page": [], "groups": [], "pages": [], "posts": []},
    "@three": {"visible": ["twitter", "facebook", "google-plus-1"], "hidden": []},
    "@texts16": {
        "invitation": "",
        "welcome": "",
        "comment_follow": "",
        "subscribe_modal_heading": "",
        "free_tier_description": "",
        "hide_free_tier": False,
    },
    "@onboarding": {
        "siteTitle": "",
        "siteDescription": "",
        "siteType": "personal",
        "homepageFormat": "posts",
        "addContactForm": 0,
        "businessAddress": {"name": "", "street": "", "city": "", "state": "", "zip": ""},
        "installWooCommerce": False,
    },
}
_TABLE = """
carousel|carousel_background_color|s|"black"|enum:black,white||4.3|
carousel|carousel_display_exif|b|0|bool||4.3|
carousel|carousel_display_comments|b|1|bool||8.6|
comments|highlander_comment_form_prompt|s|"Leave a Reply"|string|field|4.3|
comments|jetpack_comment_form_color_scheme|s|"light"|enum:light,dark,transparent||4.3|
custom-content-types|jetpack_portfolio|b|0|bool||4.3|14.4
custom-content-types|jetpack_portfolio_posts_per_page|i|10|posint||4.3|14.4
custom-content-types|jetpack_testimonial|b|0|bool||4.3|14.4
custom-content-types|jetpack_testimonial_posts_per_page|i|10|posint||4.3|14.4
settings|jetpack_blocks_disabled|b|false|bool||11.2|
settings|jetpack_portfolio|b|0|bool||14.4|
settings|jetpack_portfolio_posts_per_page|i|10|posint||14.4|
settings|jetpack_testimonial|b|0|bool||14.4|
settings|jetpack_testimonial_posts_per_page|i|10|posint||14.4|
waf|jetpack_waf_automatic_rules|b|false|bool||12.3|
waf|jetpack_waf_ip_list|b|0|bool||11.2|13.7
waf|jetpack_waf_ip_block_list_enabled|b|0|bool||13.7|
waf|jetpack_waf_ip_block_list|s|""|string|textarea|11.2|
waf|jetpack_waf_ip_allow_list|s|""|string|textarea|11.2|12.3
waf|jetpack_waf_share_data|b|0|bool||11.2|
waf|jetpack_waf_share_debug_data|b|0|bool||13.4|
settings|jetpack_waf_ip_allow_list_enabled|b|0|bool||13.7|
settings|jetpack_waf_ip_allow_list|s|""|string|textarea|12.3|
tiled-gallery|tiled_galleries|b|0|bool||4.3|
gravatar-hovercards|gravatar_disable_hovercards|s|"enabled"|enum:enabled,disabled||4.3|
infinite-scroll|infinite_scroll|b|1|bool||4.3|
infinite-scroll|infinite_scroll_google_analytics|b|0|bool||4.3|
likes|wpl_default|s|"on"|enum:on,off||4.3|
likes|social_notifications_like|b|1|bool||4.3|
markdown|wpcom_publish_comments_with_markdown|b|0|bool||4.3|
markdown|wpcom_publish_posts_with_markdown|b|0|bool||4.9|
minileven|wp_mobile_excerpt|s|"disabled"|enum:enabled,disabled||4.3|4.9
minileven|wp_mobile_featured_images|s|"disabled"|enum:enabled,disabled||4.3|4.9
minileven|wp_mobile_excerpt|b|0|bool||4.9|8.3
minileven|wp_mobile_featured_images|b|0|bool||4.9|8.3
minileven|wp_mobile_app_promos|b|0|bool||4.3|8.3
monitor|monitor_receive_notifications|b|0|bool||4.3|
post-by-email|post_by_email_address|s|""|enum:create,regenerate,delete||4.3|4.4
post-by-email|post_by_email_address|s|"noop"|enum:noop,create,regenerate,delete||4.4|
protect|jetpack_protect_key|s|""|alnum||4.3|
protect|jetpack_protect_global_whitelist|s|""|string|textarea|4.3|
related-posts|show_headline|b|1|bool||4.3|
related-posts|show_thumbnails|b|0|bool||4.3|
search|instant_search_enabled|b|0|bool||8.4|
search|search_auto_config|b|0|bool||8.4|
settings|has_jetpack_search_product|b|0|bool||8.4|
seo-tools|advanced_seo_front_page_description|s|""|string|text|10.4|
seo-tools|advanced_seo_title_formats|o|@titles|titles||10.4|
seo-tools|jetpack_seo_llms_txt_enabled|b|0|bool||16.1|
seo-tools|jetpack_seo_ai_crawler_overrides|o|[]|object|crawlers|16.1|
seo-tools|ai_seo_enhancer_enabled|b|0|bool||14.5|
sharedaddy|sharing_services|a|@three|services||4.3|4.4
sharedaddy|sharing_services|o|@three|services||4.4|8.5
sharedaddy|sharing_services|o|{"visible":["twitter","facebook"],"hidden":[]}|services||8.5|12.7
sharedaddy|sharing_services|o|{"visible":["facebook","x"],"hidden":[]}|services||12.7|
sharedaddy|button_style|s|"icon"|enum:icon-text,icon,text,official||4.3|
sharedaddy|sharing_label|s|""|string|html|4.3|
sharedaddy|show|a|["post"]|show||4.3|
sharedaddy|jetpack-twitter-cards-site-tag|s|""|twitter|html|4.3|
sharedaddy|sharedaddy_disable_resources|b|0|bool||4.3|
sharedaddy|custom|a|{"sharing_name":"","sharing_url":"","sharing_icon":""}|custom||4.3|4.4
sharedaddy|custom|o|{"sharing_name":"","sharing_url":"","sharing_icon":""}|custom||4.4|
sharedaddy|sharing_delete_service|s|""|delete||4.3|
site-icon|site_icon_id|i|0|posint||4.3|4.4
site-icon|site_icon_url|s|""|string|text|4.3|4.4
sso|jetpack_sso_require_two_step|b|0|bool||4.3|
sso|jetpack_sso_match_by_email|b|0|bool||4.3|12.6
sso|jetpack_sso_match_by_email|b|1|bool||12.6|
stats|admin_bar|b|1|bool||4.3|
stats|enable_odyssey_stats|b|1|bool||12.3|
stats|roles|a|["administrator"]|roles||4.3|
stats|count_roles|a|["administrator"]|roles||4.3|
stats|blog_id|b|0|bool||4.3|
stats|do_not_track|b|1|bool||4.3|
stats|hide_smile|b|1|bool||4.3|10.4
stats|version|i|9|posint||4.3|
stats|collapse_nudges|b|0|bool||10.4|
subscriptions|stb_enabled|b|1|bool||4.3|
subscriptions|stc_enabled|b|1|bool||4.3|
subscriptions|wpcom_newsletter_categories|a|[]|list||13.2|
subscriptions|wpcom_newsletter_categories_enabled|b|0|bool||13.2|
subscriptions|wpcom_newsletter_send_default|b|1|bool||15.7|
subscriptions|wpcom_featured_image_in_email|b|1|bool||13.4|14.0
subscriptions|wpcom_featured_image_in_email|b|0|bool||14.0|
subscriptions|jetpack_gravatar_in_email|b|1|bool||13.6|
subscriptions|jetpack_author_in_email|b|1|bool||13.6|
subscriptions|jetpack_post_date_in_email|b|1|bool||13.6|
subscriptions|wpcom_subscription_emails_use_excerpt|b|1|bool||13.4|13.7
subscriptions|wpcom_subscription_emails_use_excerpt|b|0|bool||13.7|
subscriptions|jetpack_subscriptions_reply_to|s|"no-reply"|reply||13.4|14.0
subscriptions|jetpack_subscriptions_reply_to|s|"comment"|reply||14.0|
subscriptions|jetpack_subscriptions_from_name|s|""|string||13.5|
subscriptions|sm_enabled|b|0|bool||12.4|
subscriptions|jetpack_subscribe_overlay_enabled|b|0|bool||13.5|
subscriptions|jetpack_subscribe_floating_button_enabled|b|0|bool||14.0|
subscriptions|jetpack_subscriptions_subscribe_post_end_enabled|b|0|bool||13.2|
subscriptions|jetpack_subscriptions_login_navigation_enabled|b|0|bool||13.4|
subscriptions|jetpack_subscriptions_subscribe_navigation_enabled|b|0|bool||13.5|
subscriptions|social_notifications_subscribe|b|0|bool||8.1|
subscriptions|subscription_options|o|{"invitation":"","welcome":"","comment_follow":""}|suboptions||13.2|16.0
subscriptions|subscription_options|o|@texts16|suboptions||16.0|
verification-tools|google|s|""|whole||4.3|6.7
verification-tools|google|s|""|verify||6.7|
verification-tools|bing|s|""|whole||4.3|6.7
verification-tools|bing|s|""|verify||6.7|
verification-tools|pinterest|s|""|whole||4.3|6.7
verification-tools|pinterest|s|""|verify||6.7|
verification-tools|yandex|s|""|whole||4.4|6.7
verification-tools|yandex|s|""|verify||6.7|
verification-tools|facebook|s|""|verify||10.4|
videopress|videopress_private_enabled_for_site|b|0|bool||11.2|
wordads|enable_header_ad|b|1|bool||4.5|
wordads|wordads_approved|b|0|bool||4.5|
wordads|wordads_second_belowpost|b|1|bool||5.3|
wordads|wordads_inline_enabled|b|1|bool||13.5|
wordads|wordads_display_front_page|b|1|bool||5.3|
wordads|wordads_display_post|b|1|bool||5.3|
wordads|wordads_display_page|b|1|bool||5.3|
wordads|wordads_display_archive|b|1|bool||5.3|
wordads|wordads_custom_adstxt_enabled|b|0|bool||8.7|
wordads|wordads_custom_adstxt|s|""|string|lines|6.5|
wordads|wordads_ccpa_enabled|b|0|bool||8.7|
wordads|wordads_ccpa_privacy_policy_url|s|""|string|text|8.7|
wordads|wordads_cmp_enabled|b|0|bool||13.2|
google-analytics|google_analytics_tracking_id|s|""|alnum||4.9|
settings|jetpack_wga|o|-|object||14.6|
settings|wpcom_reader_views_enabled|b|1|bool||12.3|
settings|jetpack_holiday_snow_enabled|b|0|bool||4.3|6.0
settings|akismet_show_user_comments_approved|b|0|bool||4.9|
settings|wordpress_api_key|s|""|alnum||4.9|
settings|dismiss_dash_app_card|b|0|bool||4.9|11.5
settings|dismiss_empty_stats_card|b|0|bool||5.3|
settings|dismiss_dash_backup_getting_started|b|0|bool||11.2|
settings|dismiss_dash_agencies_learn_more|b|0|bool||11.4|
settings|show_welcome_for_new_plan|b|0|bool||5.4|7.3
settings|onboarding|o|@onboarding|object||5.4|13.9
settings|lang_id|s|"en_US"|string||5.8|
after-the-deadline|onpublish|b|0|bool||4.3|7.3
after-the-deadline|onupdate|b|0|bool||4.3|7.3
after-the-deadline|Bias Language|b|0|bool||4.3|7.3
after-the-deadline|Cliches|b|0|bool||4.3|7.3
after-the-deadline|Complex Expression|b|0|bool||4.3|7.3
after-the-deadline|Diacritical Marks|b|0|bool||4.3|7.3
after-the-deadline|Double Negative|b|0|bool||4.3|7.3
after-the-deadline|Hidden Verbs|b|0|bool||4.3|7.3
after-the-deadline|Jargon Language|b|0|bool||4.3|7.3
after-the-deadline|Passive voice|b|0|bool||4.3|7.3
after-the-deadline|Phrases to Avoid|b|0|bool||4.3|7.3
after-the-deadline|Redundant Expression|b|0|bool||4.3|7.3
after-the-deadline|guess_lang|b|0|bool||4.3|7.3
after-the-deadline|ignored_phrases|s|""|string|html|4.3|7.3
after-the-deadline|unignore_phrase|s|""|string|html|4.3|7.3
"""


@dataclass(frozen=True, slots=True)
class Option:
    """One option key in one release.

    Args:
        key: Its name.
        group: Slug of the owning module, or ``settings``.
        kind: ``boolean``, ``string``, ``integer``, ``array`` or ``object``.
        default: Declared default; None where there is none.
        rule: Name of the validator, with its values after a colon.
        sanitiser: Name of the sanitiser, or empty.
        traits: ``secret`` (mask it), ``command`` (does something instead of keeping a value),
            ``unread`` (never shown), ``guarded`` (shown to administrators only, from 16.1 on),
            ``lone`` (may end the request early).
    """

    key: str
    group: str
    kind: str
    default: object
    rule: str
    sanitiser: str
    traits: frozenset[str] = frozenset()

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the values allowed, empty where the key is no enumeration."""
        return tuple(self.rule[5:].split(",")) if self.rule.startswith("enum:") else ()


def _default(text: str) -> object:
    return None if text == "-" else json.loads(text)


def options_of(era: Era) -> dict[str, Option]:
    """Return the option keys of a release, in the order of the table."""
    found: dict[str, Option] = {}
    for line in _TABLE.strip().splitlines():
        group, key, kind, default, rule, sanitiser, since, until = line.split("|")
        if within(era.number, since, until):
            value = _LONG[default] if default in _LONG else _default(default)
            traits = _TRAITS.get(key, frozenset())
            found[key] = Option(key, group, _TYPES[kind], value, rule, sanitiser, traits)
    return found
