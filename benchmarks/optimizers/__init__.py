"""Optimizers side by side with DSPy's: same tasks, rows and language model, calls counted where they arrive.

Knows nothing about how any optimizer works; each is taken by its name.
"""
