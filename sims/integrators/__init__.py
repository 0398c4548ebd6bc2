"""Time integrators: they know arrays and tolerances, no physics."""
