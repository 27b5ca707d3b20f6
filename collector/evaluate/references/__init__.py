"""References as they are read: from a file, whole or as a profile, and kept for the windows to come."""
