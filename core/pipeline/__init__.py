"""A program as data: specification, checks, the module built from it, and its Python source.

Knows nothing about the browser's forms that edit it.
"""

from core.pipeline.build import Pipeline, build
from core.pipeline.code import code
from core.pipeline.fields import annotation_of, shape_of_field, signature_of, signature_spec_of
from core.pipeline.from_program import spec_from_program
from core.pipeline.interface import input_fields, may_be_left_out, output_fields, program_types
from core.pipeline.kind import StepKind, step_kinds
from core.pipeline.shorthand import parse_signature_string, signature_string
from core.pipeline.sources import merge_lists
from core.pipeline.spec import FieldSpec, ProgramSpec, SignatureSpec, StepSpec, parse_spec
from core.pipeline.validate import Problem, available_sources, errors_of, validate
from core.signature.names import identifier_near

__all__ = [
    "FieldSpec",
    "Pipeline",
    "Problem",
    "ProgramSpec",
    "SignatureSpec",
    "StepKind",
    "StepSpec",
    "annotation_of",
    "available_sources",
    "build",
    "code",
    "errors_of",
    "identifier_near",
    "input_fields",
    "may_be_left_out",
    "merge_lists",
    "output_fields",
    "parse_signature_string",
    "parse_spec",
    "program_types",
    "shape_of_field",
    "signature_of",
    "signature_spec_of",
    "signature_string",
    "spec_from_program",
    "step_kinds",
    "validate",
]
