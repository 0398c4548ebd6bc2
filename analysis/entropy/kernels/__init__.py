"""Compiled twins of the entropies' array code, one module per idea; importing one imports Numba."""
