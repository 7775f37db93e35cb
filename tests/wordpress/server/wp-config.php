<?php
/**
 * The configuration of every test site; what differs between sites comes from the environment.
 *
 * WordPress must not send anything out, update itself or run its own cron: a test asserts on
 * each request and on each row of the options.
 */

define('DB_NAME', getenv('FLEET_WP_DATABASE'));
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('FLEET_WP_SOCKET'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = 'wp_';

foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $purpose) {
    define("{$purpose}_KEY", "key of $purpose on " . DB_NAME);
    define("{$purpose}_SALT", "salt of $purpose on " . DB_NAME);
}

// "local" lets application passwords work without TLS.
define('WP_ENVIRONMENT_TYPE', 'local');
define('WP_DEFAULT_THEME', 'fixture');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_AUTO_UPDATE_CORE', false);
define('DISABLE_WP_CRON', true);

require_once ABSPATH . 'wp-settings.php';
