<?php
/** The options of the modules: type, default, rule, and where WordPress keeps the value. */

namespace Fleet\Contract;

/**
 * One option.
 *
 * $in is the path to the array that holds the value: [] is an option of the key's own name,
 * ['stats_options'] a member of that option.
 */
function option_of(string $group, string $type, mixed $default, array $more = []): array
{
    return $more + [
        'group' => $group, 'type' => $type, 'default' => $default,
        'in' => [], 'enum' => [], 'rule' => null, 'clean' => null,
    ];
}

function options(): array
{
    return appearance_options() + writing_options() + traffic_options() + general_options();
}

function appearance_options(): array
{
    $related = ['in' => ['jetpack_relatedposts']];
    return [
        'carousel_background_color' => option_of('carousel', 'string', 'black', ['enum' => ['black', 'white']]),
        'carousel_display_exif' => option_of('carousel', 'boolean', 0),
        'carousel_display_comments' => option_of('carousel', 'boolean', 1),
        'gravatar_disable_hovercards' => option_of(
            'gravatar-hovercards', 'string', 'enabled', ['enum' => ['enabled', 'disabled']],
        ),
        'infinite_scroll' => option_of('infinite-scroll', 'boolean', 1),
        'infinite_scroll_google_analytics' => option_of('infinite-scroll', 'boolean', 0),
        'tiled_galleries' => option_of('tiled-gallery', 'boolean', 0),
        'show_headline' => option_of('related-posts', 'boolean', 1, $related),
        'show_thumbnails' => option_of('related-posts', 'boolean', 0, $related),
    ];
}

function writing_options(): array
{
    return [
        'highlander_comment_form_prompt' => option_of(
            'comments', 'string', 'Leave a Reply', ['clean' => 'sanitize_text_field'],
        ),
        'jetpack_comment_form_color_scheme' => option_of(
            'comments', 'string', 'light', ['enum' => ['light', 'dark', 'transparent']],
        ),
        'jetpack_portfolio' => option_of('custom-content-types', 'boolean', 0),
        'jetpack_portfolio_posts_per_page' => option_of('custom-content-types', 'integer', 10, ['rule' => 'positive']),
        'jetpack_testimonial' => option_of('custom-content-types', 'boolean', 0),
        'jetpack_testimonial_posts_per_page' => option_of('custom-content-types', 'integer', 10, ['rule' => 'positive']),
        'wpcom_publish_comments_with_markdown' => option_of('markdown', 'boolean', 0),
        'wpcom_publish_posts_with_markdown' => option_of('markdown', 'boolean', 0),
    ];
}

function traffic_options(): array
{
    $services = ['in' => ['verification_services_codes'], 'rule' => 'verification'];
    $stats = ['in' => ['stats_options']];
    return [
        'wpl_default' => option_of('likes', 'string', 'on', ['enum' => ['on', 'off']]),
        'sharing_label' => option_of(
            'sharedaddy', 'string', 'Share this:', ['in' => ['sharing-options', 'global'], 'clean' => 'esc_html'],
        ),
        'button_style' => option_of(
            'sharedaddy', 'string', 'icon',
            ['in' => ['sharing-options', 'global'], 'enum' => ['icon-text', 'icon', 'text', 'official']],
        ),
        'jetpack-twitter-cards-site-tag' => option_of('sharedaddy', 'string', '', ['rule' => 'twitter', 'clean' => 'trim_at']),
        'sharedaddy_disable_resources' => option_of('sharedaddy', 'boolean', 0),
        'admin_bar' => option_of('stats', 'boolean', 1, $stats),
        'do_not_track' => option_of('stats', 'boolean', 1, $stats),
        'roles' => option_of('stats', 'array', ['administrator'], $stats + ['rule' => 'roles']),
        'google' => option_of('verification-tools', 'string', '', $services),
        'bing' => option_of('verification-tools', 'string', '', $services),
        'pinterest' => option_of('verification-tools', 'string', '', $services),
        'yandex' => option_of('verification-tools', 'string', '', $services),
        'facebook' => option_of('verification-tools', 'string', '', $services),
    ];
}

function general_options(): array
{
    return [
        'monitor_receive_notifications' => option_of('monitor', 'boolean', 0),
        'jetpack_protect_global_whitelist' => option_of('protect', 'string', '', ['clean' => 'esc_textarea']),
        'jetpack_blocks_disabled' => option_of('settings', 'boolean', 0),
        'dismiss_empty_stats_card' => option_of('settings', 'boolean', 0),
        'wpcom_reader_views_enabled' => option_of('settings', 'boolean', 1),
    ];
}

/** The options of one module, or of the group "settings". */
function options_of_group(string $group): array
{
    return array_filter(options(), static fn (array $option) => $option['group'] === $group);
}
