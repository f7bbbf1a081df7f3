"""Runs that answer questions together: studies, claims, evidence, verdicts."""
