"""Where the files that ship beside the packages are: pages, sample tasks, the theme.

Knows nothing about what is in them. A wheel carries the folders inside `workbench/`; a checkout, and an
editable install of one, has them beside it. Resolved from this file and never through the import system, so
that copies an installer may have left elsewhere are not served.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def pages_dir() -> Path:
    """The folder with one Streamlit script per screen."""
    return _shipped("pages")


def sample_data_dir() -> Path:
    """The folder with one folder per sample task."""
    return _shipped("sample_data")


def theme_dir() -> Path:
    """The folder whose `.streamlit/config.toml` holds the theme: the web server's working directory."""
    return _shipped(".streamlit").parent


def _shipped(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
