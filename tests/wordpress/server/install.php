<?php
/**
 * Installs WordPress into the database named by the environment, by WordPress's own installer.
 *
 * Arguments: the site's URL. The other sites are copies of this database.
 */

[, $url] = $argv;
$_SERVER['HTTP_HOST'] = parse_url($url, PHP_URL_HOST) . ':' . parse_url($url, PHP_URL_PORT);
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REQUEST_METHOD'] = 'GET';

define('WP_INSTALLING', true);
define('WP_SITEURL', $url);
define('ABSPATH', getenv('FLEET_WP_ABSPATH'));
require ABSPATH . 'wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install('A test site', 'fleet-admin', 'fleet-admin@site.example', true, '', wp_generate_password());
wp_insert_user([
    'user_login' => 'fleet-editor',
    'user_email' => 'fleet-editor@site.example',
    'user_pass' => wp_generate_password(),
    'role' => 'editor',
]);
