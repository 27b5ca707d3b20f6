"""The rows that windows are compared with: from a body, a file, a store."""
