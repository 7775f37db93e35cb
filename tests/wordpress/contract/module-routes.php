<?php
/** module/all, module/{slug} and the switches. */

namespace Fleet\Contract;

use WP_Error;
use WP_REST_Request;
use WP_REST_Response;
use WP_REST_Server;

const SPACE = 'jetpack/v4';
const SLUG = '(?P<slug>[a-z\-]+)';

function register_module_routes(State $state): void
{
    $boolean = ['default' => true, 'type' => 'boolean', 'validate_callback' => __NAMESPACE__ . '\validate_boolean'];
    $modules = ['default' => '', 'type' => 'array', 'items' => ['type' => 'string'], 'required' => true];
    register_rest_route(SPACE, '/module/all', [
        'methods' => WP_REST_Server::READABLE,
        'callback' => static fn (WP_REST_Request $request) => answer_all($state, $request),
        'permission_callback' => plain_permission('jetpack_admin_page'),
    ]);
    register_rest_route(SPACE, '/module/all/active', [
        'methods' => WP_REST_Server::EDITABLE,
        'callback' => static fn (WP_REST_Request $request) => activate_many($state, $request),
        'permission_callback' => plain_permission('jetpack_manage_modules'),
        'args' => [
            'modules' => $modules + ['validate_callback' => __NAMESPACE__ . '\validate_modules'],
            // Accepted and never looked at: the route can only activate.
            'active' => $boolean,
        ],
    ]);
    register_rest_route(SPACE, '/module/' . SLUG, [
        [
            'methods' => WP_REST_Server::READABLE,
            'callback' => static fn (WP_REST_Request $request) => answer_one($state, $request['slug']),
            'permission_callback' => plain_permission('jetpack_admin_page'),
        ],
        [
            'methods' => WP_REST_Server::EDITABLE,
            'callback' => static fn (WP_REST_Request $request) => update_module($state, $request),
            'permission_callback' => plain_permission('jetpack_configure_modules'),
            'args' => option_arguments(),
        ],
    ]);
    register_rest_route(SPACE, '/module/' . SLUG . '/active', [
        'methods' => WP_REST_Server::EDITABLE,
        'callback' => static fn (WP_REST_Request $request) => toggle($state, $request),
        'permission_callback' => plain_permission('jetpack_manage_modules'),
        'args' => ['active' => $boolean + ['required' => true]],
    ]);
}

function not_found(): WP_Error
{
    return refusal('not_found', 'There is no such module.', 404);
}

/** Success of a write, or what a test wants instead of it. */
function written(State $state, string $message, array $more = []): WP_REST_Response
{
    if ($state->fault() === 'error-after-write') {
        http_response_code(500);
        exit;
    }
    return new WP_REST_Response(['code' => 'success', 'message' => $message] + $more);
}

function answer_all(State $state, WP_REST_Request $request): array|WP_Error
{
    // Jetpack compares with GET exactly, so HEAD misses.
    return $request->get_method() === 'GET' ? all_modules($state) : not_found();
}

function all_modules(State $state): array
{
    $all = [];
    foreach (module_slugs() as $slug) {
        $available = $state->is_available($slug);
        $all[$slug] = module_header($slug) + [
            'module' => $slug,
            'activated' => $available && $state->is_active($slug),
            'available' => $available && !in_array($slug, NEEDS_PLAN, true),
            'unavailable_reason' => $state->unavailable_reason($slug),
            'override' => $state->override($slug),
            'activate_nonce' => wp_create_nonce("jetpack_activate-$slug"),
            'deactivate_nonce' => wp_create_nonce("jetpack_deactivate-$slug"),
            'configure_url' => admin_url("admin.php?page=jetpack#/settings/$slug"),
            'options' => described_options($state, $slug),
        ];
    }
    return $all;
}

/** The options of a module; PHP's empty array makes it [] in JSON where there is none. */
function described_options(State $state, string $slug): array
{
    $described = [];
    foreach (options_of_group($slug) as $key => $option) {
        $described[$key] = ['description' => $key, 'type' => $option['type'], 'default' => $option['default']]
            + array_filter(['enum' => $option['enum']])
            + ['jp_group' => $slug, 'current_value' => $state->value($key)];
    }
    return $described;
}

function answer_one(State $state, string $slug): array|WP_Error
{
    if (!module_exists($slug)) {
        return not_found();
    }
    $module = module_header($slug) + ['options' => described_options($state, $slug)];
    if ($state->mode() === 'offline' && needs_connection($slug)) {
        $module['activated'] = false;
    }
    return $module;
}

function toggle(State $state, WP_REST_Request $request): WP_REST_Response|WP_Error
{
    $slug = $request['slug'];
    if (!module_exists($slug)) {
        return not_found();
    }
    $result = $request['active'] ? $state->activate($slug) : $state->deactivate($slug);
    $done = $request['active'] ? 'activated' : 'deactivated';
    return is_wp_error($result) ? $result : written($state, "The module was $done.");
}

function activate_many(State $state, WP_REST_Request $request): WP_REST_Response|WP_Error
{
    $failed = array_filter(
        $request['modules'],
        static fn (string $slug) => is_wp_error($state->activate($slug)),
    );
    if ($failed !== []) {
        return refusal('activation_failed', 'Not activated: ' . implode(', ', $failed) . '.', 424);
    }
    return written($state, 'Every module was activated.');
}
