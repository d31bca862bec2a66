"""Signatures: what a step takes and gives, and what it should do.

Knows nothing about prompts, models or modules.
"""

from core.signature.field import Field, InputField, OutputField, infer_prefix
from core.signature.missing import MISSING
from core.signature.schema import json_schema, shape_of, type_name, type_of
from core.signature.show import show_in_notebooks
from core.signature.signature import Signature, SignatureMeta, ensure_signature, make_signature
from core.signature.validate import validate

__all__ = [
    "MISSING",
    "Field",
    "InputField",
    "OutputField",
    "Signature",
    "SignatureMeta",
    "ensure_signature",
    "infer_prefix",
    "json_schema",
    "make_signature",
    "shape_of",
    "type_name",
    "type_of",
    "validate",
]

show_in_notebooks()
