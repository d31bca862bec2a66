"""The names of constraints that a field, or a member of a record, may carry.

Knows nothing about how they are written into prompts or checked.
"""

__all__ = ["CONSTRAINTS"]

CONSTRAINTS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "allow_inf_nan")
"""Constraint names, as pydantic has them; all are written into the prompt and checked on the reply."""
