"""Rows on their way in: cut into pieces, gathered, committed together, and each request told what became of its own."""
