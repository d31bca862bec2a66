"""Black-box comparison with the installed `dspy`: messages, parsed replies, state files, malformed replies.

Knows nothing about its source; it is run in an interpreter of its own (`--dspy-python`).
"""
