"""Exports: a program as files that run without this project.

Knows nothing about where the files go. One file per exporter; a stranger's registers with the same decorator.
"""

from core.export.base import Exporter, ExportFile, exporters

__all__ = ["ExportFile", "Exporter", "exporters"]
