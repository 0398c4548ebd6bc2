"""Compiled loops of the dynamics room; each has a plain array twin in the tests."""
