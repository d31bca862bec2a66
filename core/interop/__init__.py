"""Other people's names and libraries: DSPy's import paths and 2024 vocabulary, MCP, LangChain, data sets.

Knows nothing that the engine needs: whatever stands here could be taken away without it.
"""
