"""Pieces of pages: tables, plots, traces, messages, errors.

Know nothing about services beyond the data they are handed, except where a file says so.
"""
