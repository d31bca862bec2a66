"""The kinds of steps, one file each; the folder is the catalogue.

Knows nothing about how steps are joined.
"""
