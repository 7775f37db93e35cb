<?php
/**
 * What a web server does in front of WordPress, for PHP's built-in server, with an access log.
 *
 * The log gets one JSON line when a request begins and one when it has ended, so that a reader
 * can tell whether something is still running. ABSPATH is set here because wp-load.php would
 * otherwise follow the symbolic links to Debian's own configuration.
 */

function fleet_note(array $entry): void
{
    $line = json_encode($entry, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE) . "\n";
    file_put_contents(getenv('FLEET_WP_LOG'), $line, FILE_APPEND | LOCK_EX);
}

function fleet_begin(): string
{
    $id = getmypid() . '-' . hrtime(true);
    fleet_note(['id' => $id, 'method' => $_SERVER['REQUEST_METHOD'], 'path' => $_SERVER['REQUEST_URI']]);
    return $id;
}

function fleet_answer(int $status, string $location = ''): never
{
    http_response_code($status);
    header('Content-Type: text/html');
    if ($location !== '') {
        header("Location: $location");
    }
    echo "<html><head><title>$status</title></head><body><h1>$status</h1></body></html>";
    exit;
}

/** Return the PHP file to run, or null where the built-in server shall send a static file. */
function fleet_script(string $path): ?string
{
    $root = getenv('FLEET_WP_ROOT');
    $file = $root . $path;
    if (is_dir($file) && !str_ends_with($path, '/')) {
        fleet_answer(301, $path . '/');
    }
    if (is_dir($file) && is_file($file . 'index.php')) {
        return $path . 'index.php';
    }
    if (is_file($file)) {
        return str_ends_with($path, '.php') ? $path : null;
    }
    // Without rewrite rules a web server knows only files; a missing script is never rewritten.
    if (getenv('FLEET_WP_PRETTY') !== '1' || str_ends_with($path, '.php')) {
        fleet_answer(404);
    }
    return '/index.php';
}

$fleet_id = fleet_begin();
register_shutdown_function(static function () use ($fleet_id): void {
    fleet_note(['id' => $fleet_id, 'status' => http_response_code() ?: 200]);
});

$fleet_path = rawurldecode(parse_url('http://site' . $_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');
if (str_contains($fleet_path, '..') || str_contains($fleet_path, "\0")) {
    fleet_answer(400);
}
$fleet_script = fleet_script($fleet_path);
if ($fleet_script === null) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $fleet_script;
$_SERVER['SCRIPT_FILENAME'] = getenv('FLEET_WP_ROOT') . $fleet_script;
unset($_SERVER['PATH_INFO']);
define('ABSPATH', getenv('FLEET_WP_ABSPATH'));
chdir(dirname($_SERVER['SCRIPT_FILENAME']));
require $_SERVER['SCRIPT_FILENAME'];
