"""What windows are compared with: uploaded, found at a path, or made of the first windows; as files for who computes."""
