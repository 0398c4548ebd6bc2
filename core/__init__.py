"""What simulate and analyse agree on: configuration, devices, streams, files."""
