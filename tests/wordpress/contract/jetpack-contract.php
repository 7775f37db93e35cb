<?php
/**
 * Plugin Name: Jetpack contract (test double)
 *
 * Registers the jetpack/v4 routes with the outward behaviour of Jetpack 13.9 in offline mode, so
 * that everything around them (login, cookies, nonces, REST errors) is WordPress's own.
 * Written from observed facts; no code of Jetpack is in here.
 *
 * State lives where Jetpack keeps it: `jetpack_active_modules` and the options' natural names.
 * A test bends the behaviour through these options:
 *   contract_mode       offline (default) | unconnected
 *   contract_version    what Initial_State reports; from 14.3 POST settings echoes the toggles
 *   contract_fault      lie | error-after-write | no-rest-nonce (see State::fault)
 *   contract_overrides  array slug => active|inactive: modules the host forces
 *   contract_state      encoded (default) | localized | literal: shape of Initial_State
 *   contract_updates    number of plugins with an update
 */

namespace Fleet\Contract;

require __DIR__ . '/catalogue.php';
require __DIR__ . '/options.php';
require __DIR__ . '/state.php';
require __DIR__ . '/permissions.php';
require __DIR__ . '/validation.php';
require __DIR__ . '/module-routes.php';
require __DIR__ . '/settings-routes.php';
require __DIR__ . '/data-routes.php';
require __DIR__ . '/site-routes.php';
require __DIR__ . '/admin-page.php';

add_filter('map_meta_cap', __NAMESPACE__ . '\map_capability', 10, 2);
add_action('rest_api_init', static function (): void {
    $state = new State();
    register_module_routes($state);
    register_settings_routes($state);
    register_data_routes($state);
    register_site_routes($state);
});
add_action('admin_menu', __NAMESPACE__ . '\register_admin_page');
