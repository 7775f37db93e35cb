<?php
/**
 * Makes a copied database a site of its own: addresses, permalinks, passwords, modules.
 *
 * Reads a JSON object from standard input (url, siteurl, permalinks, admin_password,
 * editor_password, modules or null) and prints one with the application password. Passwords are
 * set through the profile form's own handler, since WordPress hashes what it gets there with
 * slashes before quotes, and only such a hash fits what the login form gets.
 */

$wanted = json_decode(stream_get_contents(STDIN), true, 8, JSON_THROW_ON_ERROR);
$_SERVER['HTTP_HOST'] = parse_url($wanted['url'], PHP_URL_HOST) . ':' . parse_url($wanted['url'], PHP_URL_PORT);
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REQUEST_METHOD'] = 'GET';

define('ABSPATH', getenv('FLEET_WP_ABSPATH'));
require ABSPATH . 'wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';

update_option('siteurl', $wanted['siteurl']);
update_option('home', $wanted['url']);
$GLOBALS['wp_rewrite']->set_permalink_structure($wanted['permalinks']);
flush_rewrite_rules(false);
if ($wanted['modules'] !== null) {
    update_option('jetpack_active_modules', $wanted['modules']);
}

function fleet_update_user(string $login, string $password, string $url): void
{
    $user = get_user_by('login', $login);
    $_POST = wp_slash([
        'email' => $user->user_email,
        'nickname' => $login,
        'url' => $url,
        'pass1' => $password,
        'pass2' => $password,
    ]);
    $result = edit_user($user->ID);
    if (is_wp_error($result)) {
        fwrite(STDERR, implode("\n", $result->get_error_messages()));
        exit(1);
    }
}

$admin = get_user_by('login', 'fleet-admin');
wp_set_current_user($admin->ID);
fleet_update_user('fleet-editor', $wanted['editor_password'], '');
fleet_update_user('fleet-admin', $wanted['admin_password'], $wanted['siteurl']);
[$application_password] = WP_Application_Passwords::create_new_application_password(
    $admin->ID,
    ['name' => 'fleet'],
);
echo json_encode(
    ['application_password' => WP_Application_Passwords::chunk_password($application_password)],
    JSON_THROW_ON_ERROR,
);
