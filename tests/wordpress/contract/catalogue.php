<?php
/** The modules of Jetpack 13.9: what each needs and whether it starts active. */

namespace Fleet\Contract;

const NEEDS_NOTHING = [
    'blocks', 'carousel', 'contact-form', 'copy-post', 'custom-content-types', 'google-fonts',
    'gravatar-hovercards', 'infinite-scroll', 'latex', 'markdown', 'photon-cdn', 'post-list',
    'seo-tools', 'sharedaddy', 'shortcodes', 'sitemaps', 'tiled-gallery', 'verification-tools',
    'widget-visibility', 'widgets',
];

const NEEDS_SITE = [
    'blaze', 'comment-likes', 'comments', 'json-api', 'likes', 'photon', 'protect',
    'related-posts', 'search', 'shortlinks', 'stats', 'vaultpress', 'videopress', 'waf',
    'woocommerce-analytics', 'wordads',
];

const NEEDS_OWNER = ['monitor', 'notes', 'post-by-email', 'publicize', 'sso', 'subscriptions'];

/** Refused before anything else is looked at, because the (missing) plan does not have them. */
const NEEDS_PLAN = ['search', 'vaultpress'];

/** Active after a reset, as far as the site's mode lets them. */
const ACTIVE_BY_DEFAULT = ['blocks', 'contact-form', 'verification-tools'];

function module_slugs(): array
{
    return array_merge(NEEDS_NOTHING, NEEDS_SITE, NEEDS_OWNER);
}

function module_exists(string $slug): bool
{
    return in_array($slug, module_slugs(), true);
}

function needs_connection(string $slug): bool
{
    return !in_array($slug, NEEDS_NOTHING, true);
}

/** What GET module/{slug} tells about a module, its state left out. */
function module_header(string $slug): array
{
    $name = ucwords(strtr($slug, '-', ' '));
    return [
        'name' => $name,
        'description' => "What “{$name}” does &amp; why.",
        'sort' => 1 + array_search($slug, module_slugs(), true),
        'recommendation_order' => 20,
        'introduced' => '1.0',
        'changed' => '',
        'deactivate' => true,
        'free' => true,
        'requires_connection' => needs_connection($slug),
        'requires_user_connection' => in_array($slug, NEEDS_OWNER, true),
        'auto_activate' => in_array($slug, ACTIVE_BY_DEFAULT, true) ? 'Yes' : 'No',
        'module_tags' => ['Recommended'],
        'feature' => ['Writing'],
        'additional_search_queries' => $slug,
        'plan_classes' => in_array($slug, NEEDS_PLAN, true) ? ['business', 'complete'] : ['free'],
        'long_description' => "<p>{$name}, at length.</p>",
        'search_terms' => $slug,
        'configurable' => false,
    ];
}
