"""Tests of the simulator: against recorded behaviour, by its public face and on real sockets."""
