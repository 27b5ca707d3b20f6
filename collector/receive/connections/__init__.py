"""How bytes come in: a connection from its first byte, the short way, the long way, TLS."""
