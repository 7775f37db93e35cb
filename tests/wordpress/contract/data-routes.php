<?php
/** module/{slug}/data: a different answer, and another idea of JSON, for each module. */

namespace Fleet\Contract;

use WP_Error;
use WP_REST_Request;
use WP_REST_Server;

function register_data_routes(State $state): void
{
    register_rest_route(SPACE, '/module/' . SLUG . '/data', [
        'methods' => WP_REST_Server::READABLE,
        'callback' => static fn (WP_REST_Request $request) => module_data($state, $request),
        'permission_callback' => plain_permission('jetpack_admin_page'),
    ]);
}

function module_data(State $state, WP_REST_Request $request): mixed
{
    $slug = $request['slug'];
    $watched = ['protect', 'monitor', 'verification-tools', 'vaultpress'];
    if (in_array($slug, $watched, true) && !$state->is_active($slug)) {
        return refusal('not_active', 'This module is not active.', 404);
    }
    return match ($slug) {
        'protect' => (int) get_option('jetpack_protect_blocked_attempts', 0),
        'monitor' => ['code' => 'success', 'date' => get_option('monitor_last_downtime', null)],
        'verification-tools' => verification_data($state),
        'vaultpress' => ['code' => 'not_registered', 'message' => 'This site is not registered.'],
        'akismet' => akismet_data(),
        'stats' => stats_data((string) $request['range']),
        default => null,
    };
}

function verification_data(State $state): array|WP_Error
{
    $services = array_filter(
        ['google', 'bing', 'pinterest', 'yandex', 'facebook'],
        static fn (string $key) => $state->value($key) !== '',
    );
    if ($services === []) {
        return refusal('empty', 'No service has verified this site.', 404);
    }
    $services = array_values(array_map(ucfirst(...), $services));
    return ['code' => 'success', 'message' => 'Verified with ' . implode(', ', $services) . '.', 'services' => $services];
}

/** A bare number, or the reason as bare text, both with status 200. */
function akismet_data(): int|string
{
    $count = get_option('akismet_spam_count', null);
    return $count === null ? 'not_active' : (int) $count;
}

function stats_data(string $range): array
{
    $refused = ['errors' => ['missing_token' => ['']], 'error_data' => []];
    return in_array($range, ['week', 'month'], true)
        ? [$range => $refused]
        : ['general' => $refused, 'day' => []];
}
