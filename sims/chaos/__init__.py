"""chaos: a catalogue of flows as data, compiled from their equations."""
