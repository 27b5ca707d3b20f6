"""Joins the stages: takes rows in, finds what is due, leases it, evaluates, forwards. No bytes, no statistics here."""
