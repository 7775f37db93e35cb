<?php
/** connection, site, updates, notices and resets. */

namespace Fleet\Contract;

use WP_Error;
use WP_REST_Request;
use WP_REST_Response;
use WP_REST_Server;

function register_site_routes(State $state): void
{
    register_connection($state);
    $reads = [
        '/site' => site_data(...),
        '/updates/plugins' => plugin_updates(...),
    ];
    foreach ($reads as $path => $callback) {
        register_rest_route(SPACE, $path, [
            'methods' => WP_REST_Server::READABLE,
            'callback' => $callback,
            'permission_callback' => named_permission('jetpack_admin_page', 'view_admin'),
        ]);
    }
    register_rest_route(SPACE, '/options/(?P<options>[a-z\-]+)', [
        'methods' => WP_REST_Server::EDITABLE,
        'callback' => static fn (WP_REST_Request $request) => reset_site($state, $request),
        'permission_callback' => named_permission('jetpack_manage_modules', 'manage_modules'),
    ]);
    register_rest_route(SPACE, '/notice/(?P<notice>[a-z\-_]+)', [
        'methods' => WP_REST_Server::EDITABLE,
        'callback' => dismiss_notice(...),
        'permission_callback' => named_permission('jetpack_admin_page', 'view_admin'),
    ]);
}

function register_connection(State $state): void
{
    register_rest_route(SPACE, '/connection', [
        [
            'methods' => WP_REST_Server::READABLE,
            'callback' => static fn () => connection($state),
            'permission_callback' => '__return_true',
        ],
        [
            'methods' => WP_REST_Server::EDITABLE,
            'callback' => static fn () => refusal('disconnect_failed', 'This site is not connected.', 400),
            'permission_callback' => named_permission('jetpack_disconnect', 'jetpack_disconnect'),
            'args' => [
                'isActive' => [
                    'required' => true,
                    'validate_callback' => static fn (mixed $value) => $value === false ?: invalid('isActive has to be false.'),
                ],
            ],
        ],
    ]);
}

function connection(State $state): array
{
    $offline = $state->mode() === 'offline';
    return [
        'isActive' => false,
        'isStaging' => false,
        'isRegistered' => false,
        'isUserConnected' => false,
        'hasConnectedOwner' => false,
        'offlineMode' => [
            'isActive' => $offline,
            'constant' => $offline,
            'url' => $offline,
            'filter' => false,
            'wpLocalConstant' => $offline,
        ],
        'isPublic' => (bool) get_option('blog_public'),
    ];
}

function site_data(): WP_Error
{
    return new WP_Error(
        'site_id_missing',
        'WordPress.com was not asked: this site has no id there.',
        ['status' => 400, 'api_error_code' => 'site_id_missing', 'api_http_code' => null],
    );
}

function plugin_updates(): array
{
    $count = (int) get_option('contract_updates', 0);
    return $count === 0
        ? ['code' => 'success', 'message' => 'No plugin needs an update.', 'count' => 0]
        : ['code' => 'updates-available', 'message' => "Plugins to update: $count.", 'count' => $count];
}

function reset_site(State $state, WP_REST_Request $request): WP_REST_Response|WP_Error
{
    $what = $request['options'];
    if ($request['reset'] !== true || !in_array($what, ['options', 'modules'], true)) {
        return refusal('invalid_param', 'A parameter is wrong.', 404);
    }
    if ($what === 'options') {
        $state->reset_options();
    }
    $state->reset_modules();
    return written($state, "Reset: $what.");
}

function dismiss_notice(WP_REST_Request $request): array|WP_Error
{
    $known = in_array($request['notice'], ['welcome', 'feedback_dash_request'], true);
    if (!$known || $request['dismissed'] !== true) {
        $wrong = $known ? 'dismissed' : 'notice';
        return refusal('invalid_param', "The parameter \"$wrong\" is wrong.", 404);
    }
    $dismissed = get_option('jetpack_dismissed_notices', []);
    $dismissed[$request['notice']] = true;
    update_option('jetpack_dismissed_notices', $dismissed);
    return $dismissed;
}
