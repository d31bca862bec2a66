"""The one search loop: candidates, budget, ledger, run log, racing, resume.

Knows nothing about any single optimizer; those are in `core.optimizers`, one file each.
"""
