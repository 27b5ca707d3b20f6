"""What model servers and collectors of others send, turned into rows."""
