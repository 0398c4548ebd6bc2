"""Ensembles of flows on a graphics card: one thread a trajectory, its code made from the equations.

dx/dt = f(x, t; p)
"""
