"""What people ask for together: presets and generators, expanded once the columns are known."""
