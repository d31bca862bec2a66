"""The workbench: store, jobs, services, command line and the parts that pages are drawn with.

Knows nothing about how an answer is made; that is the engine's (`core`).
"""
