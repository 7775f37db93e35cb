<?php
/** admin.php?page=jetpack with Initial_State, in the shape of one of three eras. */

namespace Fleet\Contract;

const SCRIPT = 'react-plugin';

function register_admin_page(): void
{
    $page = add_menu_page('Jetpack', 'Jetpack', 'jetpack_admin_page', 'jetpack', __NAMESPACE__ . '\print_page');
    add_action("load-$page", static fn () => add_action('admin_enqueue_scripts', __NAMESPACE__ . '\enqueue_state'));
}

function print_page(): void
{
    echo '<div id="jp-plugin-container"></div>',
        '<noscript><meta http-equiv="refresh" content="0; url=?page=jetpack_modules"></noscript>';
}

/** Root and nonce are at the top level in every era. */
function initial_state(State $state): array
{
    return [
        'WP_API_root' => esc_url_raw(rest_url()),
        'WP_API_nonce' => wp_create_nonce('wp_rest'),
        'currentVersion' => get_option('contract_version', '13.9.1'),
        'connectionStatus' => connection($state),
        'getModules' => all_modules($state),
        'settings' => all_settings($state),
        'adminUrl' => esc_url(admin_url()),
        'siteTitle' => 'Tom & <b>Ünal</b>',
        'dismissedNotices' => get_option('jetpack_dismissed_notices', []),
    ];
}

function enqueue_state(): void
{
    $initial = initial_state(new State());
    wp_register_script(SCRIPT, false, [], false, false);
    wp_enqueue_script(SCRIPT);
    $rest = "\nvar jetpack_redirects = { currentSiteRawUrl: \"site.example\" };";
    switch (get_option('contract_state', 'encoded')) {
        case 'localized': // Jetpack 4.3 to 8.3
            wp_localize_script(SCRIPT, 'Initial_State', $initial);
            break;
        case 'literal': // from 15.4
            $json = wp_json_encode($initial, JSON_HEX_TAG | JSON_HEX_AMP | JSON_UNESCAPED_SLASHES);
            wp_add_inline_script(SCRIPT, "var Initial_State=$json;$rest", 'before');
            break;
        default: // 8.4 to 15.1
            $encoded = rawurlencode(wp_json_encode($initial));
            wp_add_inline_script(
                SCRIPT, "var Initial_State=JSON.parse(decodeURIComponent(\"$encoded\"));$rest", 'before',
            );
    }
}
