<?php
/** Argument definitions of the writing routes; WordPress applies them before any permission. */

namespace Fleet\Contract;

use WP_Error;
use WP_REST_Request;

function invalid(string $message, string $code = 'invalid_param'): WP_Error
{
    return new WP_Error($code, esc_html($message));
}

/** JSON true and false, 0 and 1 and their digits as text; not the words. */
function validate_boolean(mixed $value, WP_REST_Request $request, string $param): bool|WP_Error
{
    $fine = is_bool($value) || in_array($value, [0, 1, '0', '1'], true);
    return $fine ?: invalid("$param has to be true, false, 0 or 1.");
}

function validate_modules(mixed $value, WP_REST_Request $request, string $param): bool|WP_Error
{
    if (!is_array($value)) {
        return invalid("$param has to be a list.");
    }
    $unknown = array_filter($value, static fn (mixed $slug) => !is_string($slug) || !module_exists($slug));
    return $unknown === [] ?: invalid("$param has to hold known modules.");
}

/** The check of one option's value. */
function validator(array $option): callable
{
    if ($option['type'] === 'boolean') {
        return __NAMESPACE__ . '\validate_boolean';
    }
    return static function (mixed $value, WP_REST_Request $request, string $param) use ($option): bool|WP_Error {
        if ($option['enum'] !== []) {
            $choices = implode(', ', $option['enum']);
            return in_array($value, $option['enum'], true)
                ?: invalid("$param has to be one of $choices.", 'invalid_param_value');
        }
        return keeps_rule($option, $value) ?: invalid("$param has a value that does not fit.");
    };
}

function keeps_rule(array $option, mixed $value): bool
{
    if ($option['rule'] === 'positive') {
        return is_numeric($value) && $value > 0;
    }
    if ($option['rule'] === 'roles') {
        $known = ['administrator', 'editor', 'author', 'contributor', 'subscriber'];
        return is_array($value) && ($value === [] || array_intersect($known, $value) !== []);
    }
    return is_string($value) && match ($option['rule']) {
        'verification' => preg_match('/^[A-Za-z0-9_-]*$/', $value) === 1,
        'twitter' => preg_match('/^@?\w{0,15}$/', $value) === 1,
        default => true,
    };
}

/** Arguments for every option. */
function option_arguments(): array
{
    $arguments = [];
    foreach (options() as $key => $option) {
        $arguments[$key] = array_filter([
            'description' => $key,
            'type' => $option['type'],
            'enum' => $option['enum'],
        ]) + ['default' => $option['default'], 'validate_callback' => validator($option)];
        if ($option['type'] === 'array') {
            $arguments[$key]['items'] = ['type' => 'string'];
        }
    }
    return $arguments;
}

/** Arguments for every module slug and every option: the schema of POST settings. */
function settings_arguments(): array
{
    $toggle = [
        'description' => '',
        'type' => 'boolean',
        'default' => 0,
        'validate_callback' => __NAMESPACE__ . '\validate_boolean',
    ];
    return ['context' => ['default' => 'edit']] + option_arguments() + array_fill_keys(module_slugs(), $toggle);
}
