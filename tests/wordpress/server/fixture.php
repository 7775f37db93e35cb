<?php
/**
 * Must-use plugin of every test site: what the tests need to steer about WordPress itself.
 *
 * Options it obeys: `fixture_nonce_shift` (each step makes all older nonces invalid and leaves
 * sessions alone) and `contract_fault` = `no-rest-nonce` (WordPress before 5.3).
 */

add_filter('pre_wp_mail', '__return_false');

// Blocking by constant still tries the local host; nothing may leave the process here.
add_filter('pre_http_request', static fn () => new WP_Error('http_request_not_executed', 'No network here.'));

// A nonce is bound to the number of half lives since 1970, so another life is another number.
add_filter('nonce_life', static fn ($life) => $life + 3600 * (int) get_option('fixture_nonce_shift', 0));

// Before WordPress 5.3 admin-ajax knew no such action and ended like this even when logged in.
add_action('wp_ajax_rest-nonce', static function (): void {
    if (get_option('contract_fault') === 'no-rest-nonce') {
        wp_die('0', 400);
    }
}, 0);
