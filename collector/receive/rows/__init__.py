"""Rows and labels, whoever sent them: what a monitor expects of them, and what is wrong."""
