"""The ground floor: errors, registry, fingerprints, driving coroutines, files, randomness.

Knows nothing about language models, signatures or programs; standard library only.
"""
