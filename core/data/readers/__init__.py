"""The file formats, one file each; the folder is the catalogue.

Knows nothing about what becomes of the tables.
"""
