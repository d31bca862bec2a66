"""Prompts to text and replies to values: rendering and parsing with the standard library alone.

Knows nothing about signatures as classes, models, settings or traces: it works on a *wire signature*, plain JSON
data (see `core.wire.layout`). Exported scripts carry these files verbatim.
"""
