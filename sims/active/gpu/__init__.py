"""Active matter on a graphics card: the equations of `sims.active`, one thread a particle.

dx = (v e + mu F) dt + sqrt(2 D) dW,  the heading or propulsion e by model
"""
