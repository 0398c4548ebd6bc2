"""Compiled kernels of the structure functions; each has a plain array twin beside its caller."""
