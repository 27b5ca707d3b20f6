"""Whether tests fail, for how long, and who is told."""
