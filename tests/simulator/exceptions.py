"""Rows of the conformance tables that the simulator answers differently, and why."""

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("15.1", "connection-register"): "sets no cookies of Jetpack's usage tracking",
}
