<?php
/** settings, settings/{slug} and the options of module/{slug}. */

namespace Fleet\Contract;

use WP_Error;
use WP_REST_Request;
use WP_REST_Response;
use WP_REST_Server;

function register_settings_routes(State $state): void
{
    register_rest_route(SPACE, '/settings', [
        [
            'methods' => WP_REST_Server::EDITABLE,
            'callback' => static fn (WP_REST_Request $request) => update_settings($state, $request),
            'permission_callback' => plain_permission('jetpack_configure_modules'),
            'args' => settings_arguments(),
        ],
        [
            'methods' => WP_REST_Server::READABLE,
            'callback' => static fn () => all_settings($state),
            'permission_callback' => plain_permission('jetpack_admin_page'),
        ],
    ]);
    register_rest_route(SPACE, '/settings/' . SLUG, [
        'methods' => WP_REST_Server::EDITABLE,
        'callback' => static fn (WP_REST_Request $request) => update_module($state, $request),
        'permission_callback' => plain_permission('jetpack_configure_modules'),
    ]);
}

/** Raw stored state of every module, every option, and two keys that can only be read. */
function all_settings(State $state): array
{
    $settings = [];
    foreach (module_slugs() as $slug) {
        foreach (array_keys(options_of_group($slug)) as $key) {
            $settings[$key] = $state->value($key);
        }
        $settings[$slug] = $state->is_active($slug);
    }
    foreach (array_keys(options_of_group('settings')) as $key) {
        $settings[$key] = $state->value($key);
    }
    return $settings + ['akismet' => false, 'categories' => get_categories(['get' => 'all'])];
}

/** The keys a client sent, without defaults and without what the route itself takes. */
function sent_keys(WP_REST_Request $request): array
{
    $sent = $request->get_json_params() ?: $request->get_body_params();
    unset($sent['slug'], $sent['context']);
    return array_filter($sent ?? [], is_string(...), ARRAY_FILTER_USE_KEY);
}

function update_settings(State $state, WP_REST_Request $request): WP_REST_Response|WP_Error
{
    return apply($state, sent_keys($request), options(), module_slugs());
}

function update_module(State $state, WP_REST_Request $request): WP_REST_Response|WP_Error
{
    $slug = $request['slug'];
    if (!module_exists($slug)) {
        return not_found();
    }
    if (!$state->is_active($slug)) {
        return refusal('inactive', 'This module is inactive.', 409);
    }
    return apply($state, sent_keys($request), options_of_group($slug), []);
}

/** Modules first, then options; a key that fails does not keep the others from being applied. */
function apply(State $state, array $sent, array $options, array $slugs): WP_REST_Response|WP_Error
{
    $toggles = array_intersect_key($sent, array_flip($slugs));
    $values = array_intersect_key($sent, $options);
    $unknown = array_keys(array_diff_key($sent, $toggles, $values));
    $failed = [];
    foreach ($toggles as $slug => $wanted) {
        $result = $wanted ? $state->activate($slug) : $state->deactivate($slug);
        if (is_wp_error($result) && $result->get_error_code() !== 'already_inactive') {
            $failed[$slug] = $result->get_error_message();
        }
    }
    foreach ($values as $key => $value) {
        if ($key === 'monitor_receive_notifications') {
            // Kept at WordPress.com; without a connection the whole request dies here.
            wp_die('Not connected.');
        }
        $state->set_value($key, $value);
    }
    if ($unknown !== [] || $failed !== []) {
        return refusal('some_updated', complaint($unknown, $failed), 400);
    }
    $echo = version_compare(get_option('contract_version', '13.9.1'), '14.3', '>=') ? $toggles : [];
    return written($state, 'Everything was updated.', $echo);
}

/** One sentence for all that went wrong, as people read it: nothing for programs. */
function complaint(array $unknown, array $failed): string
{
    $text = match (count($unknown)) {
        0 => '',
        1 => "Invalid option: {$unknown[0]}.",
        default => 'Invalid options: ' . implode(', ', $unknown) . '.',
    };
    foreach ($failed as $slug => $reason) {
        $text .= " $slug: $reason";
    }
    return $text;
}
