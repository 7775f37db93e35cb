<?php
/** Who may: Jetpack's own capabilities mapped to WordPress's, and the two styles of refusal. */

namespace Fleet\Contract;

use WP_Error;

function map_capability(array $caps, string $cap): array
{
    $offline = (new State())->mode() === 'offline';
    return match ($cap) {
        'jetpack_manage_modules', 'jetpack_configure_modules', 'jetpack_disconnect' => ['manage_options'],
        'jetpack_admin_page' => [$offline ? 'manage_options' : 'edit_posts'],
        'jetpack_connect', 'jetpack_connect_user' => [$offline ? 'do_not_allow' : 'manage_options'],
        default => $caps,
    };
}

/** A permission callback whose refusal WordPress words itself: rest_forbidden. */
function plain_permission(string $cap): callable
{
    return static fn (): bool => current_user_can($cap);
}

/** A permission callback with Jetpack's own error, such as invalid_user_permission_view_admin. */
function named_permission(string $cap, string $name): callable
{
    return static fn () => current_user_can($cap) ?: new WP_Error(
        "invalid_user_permission_$name",
        'Your account may not do this here.',
        ['status' => rest_authorization_required_code()],
    );
}
