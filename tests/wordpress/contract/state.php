<?php
/** What the site remembers: active modules and option values, in WordPress's own options. */

namespace Fleet\Contract;

use WP_Error;

final class State
{
    public function mode(): string
    {
        return get_option('contract_mode', 'offline');
    }

    /**
     * The misbehaviour a test asked for.
     *
     * lie: writes are answered with success and stored nowhere. error-after-write: they are
     * stored and answered with an empty 500, like a fatal error of PHP.
     */
    public function fault(): string
    {
        return get_option('contract_fault', '');
    }

    public function override(string $slug): string|false
    {
        return get_option('contract_overrides', [])[$slug] ?? false;
    }

    public function is_active(string $slug): bool
    {
        $override = $this->override($slug);
        return $override ? $override === 'active' : in_array($slug, $this->stored(), true);
    }

    public function is_available(string $slug): bool
    {
        return $this->unavailable_reason($slug) === false;
    }

    public function unavailable_reason(string $slug): string|false
    {
        if ($this->mode() !== 'offline') {
            return 'Jetpack is not connected';
        }
        return needs_connection($slug) ? 'Offline mode' : false;
    }

    /** True, or the error of POST module/{slug}/active. Already active is success. */
    public function activate(string $slug): bool|WP_Error
    {
        if (in_array($slug, NEEDS_PLAN, true)) {
            return refusal('not_supported', 'Your plan does not include this module.', 424);
        }
        if ($this->is_active($slug)) {
            return true;
        }
        if (!$this->is_available($slug)) {
            return refusal('activation_failed', 'This module could not be activated.', 424);
        }
        $this->store([...$this->stored(), $slug]);
        return true;
    }

    public function deactivate(string $slug): bool|WP_Error
    {
        if (!$this->is_active($slug)) {
            return refusal('already_inactive', 'This module was inactive already.', 409);
        }
        if ($this->override($slug) === 'active') {
            return refusal('deactivation_failed', 'This module could not be deactivated.', 400);
        }
        $this->store(array_diff($this->stored(), [$slug]));
        return true;
    }

    /** Active modules := defaults, as far as the mode lets them. */
    public function reset_modules(): void
    {
        $this->store(array_filter(ACTIVE_BY_DEFAULT, $this->is_available(...)));
    }

    public function reset_options(): void
    {
        foreach (options() as $key => $option) {
            delete_option($option['in'][0] ?? $key);
        }
    }

    /** The value as GET settings and current_value have it. */
    public function value(string $key): mixed
    {
        $option = options()[$key];
        $value = $this->holder($option)[$key] ?? null;
        if ($option['in'] === []) {
            $value = get_option($key, null);
        }
        if ($key === 'jetpack_protect_global_whitelist') {
            return ['local' => preg_split('/[\s,]+/', (string) $value, -1, PREG_SPLIT_NO_EMPTY)];
        }
        return cast($value ?? $option['default'], $option['type']);
    }

    /** Store a validated value. */
    public function set_value(string $key, mixed $value): void
    {
        $option = options()[$key];
        $value = cleaned($option, cast($value, $option['type']));
        if ($this->fault() === 'lie' || ($key === 'jetpack_protect_global_whitelist' && !only_addresses($value))) {
            return;
        }
        $value = is_bool($value) ? (int) $value : $value;
        if ($option['in'] === []) {
            update_option($key, $value);
            return;
        }
        $name = $option['in'][0];
        $whole = get_option($name, []);
        if (isset($option['in'][1])) {
            $whole[$option['in'][1]][$key] = $value;
        } else {
            $whole[$key] = $value;
        }
        update_option($name, $whole);
    }

    private function holder(array $option): array
    {
        $holder = $option['in'] === [] ? [] : get_option($option['in'][0], []);
        return isset($option['in'][1]) ? $holder[$option['in'][1]] ?? [] : $holder;
    }

    private function stored(): array
    {
        return (array) get_option('jetpack_active_modules', []);
    }

    private function store(array $slugs): void
    {
        if ($this->fault() !== 'lie') {
            update_option('jetpack_active_modules', array_values(array_unique($slugs)));
        }
    }
}

function refusal(string $code, string $message, int $status): WP_Error
{
    return new WP_Error($code, esc_html($message), ['status' => $status]);
}

function cast(mixed $value, string $type): mixed
{
    return match ($type) {
        'boolean' => $value === 'true' || ($value !== 'false' && (bool) $value),
        'integer' => (int) $value,
        'array' => (array) $value,
        default => (string) $value,
    };
}

function cleaned(array $option, mixed $value): mixed
{
    return match ($option['clean']) {
        null => $value,
        'trim_at' => ltrim($value, '@'),
        default => $option['clean']($value),
    };
}

function only_addresses(string $list): bool
{
    $wrong = static fn (string $one) => filter_var($one, FILTER_VALIDATE_IP) === false;
    return array_filter(preg_split('/[\s,]+/', $list, -1, PREG_SPLIT_NO_EMPTY), $wrong) === [];
}
