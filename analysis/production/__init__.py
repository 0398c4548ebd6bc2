"""Entropy production: exact cases, and routes to it that need not agree by construction."""

from analysis.production import exact

__all__ = ["exact"]
