"""Manage a fleet of self-hosted WordPress sites with Jetpack through their own HTTP API."""
