"""One WordPress site: its connection, its login, its Jetpack routes."""
