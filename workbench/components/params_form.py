"""A form for any set of parameters: metrics, optimizers and whatever else describes itself.

Knows nothing about what is parametrised.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.foundation.errors import ConfigurationError
from workbench.services.parameters import Parameter

__all__ = ["NOT_SET", "options_form", "params_form"]

NOT_SET = "not set"
"""What stands for no value."""


def params_form(
    parameters: Sequence[Parameter],
    *,
    key: str,
    values: Mapping[str, Any] | None = None,
    fields: Sequence[str] = (),
    inputs: Sequence[str] = (),
) -> dict[str, Any]:
    """Draw one widget a parameter and return what they say; what was left at its default is left out.

    Args:
        key: Names this form.
        values: What the widgets start with, where not the defaults.
        fields: Field names to choose from, for parameters that name fields.
        inputs: The same, for those that name inputs.
    """
    made: dict[str, Any] = {}
    for parameter in parameters:
        start = (values or {}).get(parameter.name, parameter.default)
        known = inputs if parameter.fields == "inputs" else fields
        value = _widget(parameter, start, f"{key}_{parameter.name}", known)
        if value != parameter.default and not (
            value in ("", [], None) and parameter.default in (None, "", [])
        ):
            made[parameter.name] = value
    return made


def options_form(
    parameters: Sequence[Parameter],
    *,
    key: str,
    values: Mapping[str, Any],
    fields: Sequence[str] = (),
    inputs: Sequence[str] = (),
) -> dict[str, Any]:
    """Draw the form of a step's options; what the program says itself stays said, also where it is the default."""
    made = params_form(parameters, key=key, values=values, fields=fields, inputs=inputs)
    defaults = {item.name: item.default for item in parameters}
    return {name: value for name, value in values.items() if defaults.get(name, ...) == value} | made


def _widget(parameter: Parameter, start: Any, key: str, fields: Sequence[str]) -> Any:
    label, about = parameter.label, parameter.description
    if parameter.choices:
        options = [
            *parameter.choices,
            *([None] if parameter.nullable and None not in parameter.choices else []),
        ]
        shown = {option: NOT_SET if option is None else str(option).replace("_", " ") for option in options}
        index = options.index(start) if start in options else 0
        return st.selectbox(
            label, options, index=index, key=key, help=about, format_func=lambda item: shown[item]
        )
    if parameter.type == "boolean":
        return st.toggle(label, value=bool(start), key=key, help=about)
    if parameter.type in ("integer", "number"):
        return _number(parameter, start, label, key)
    if parameter.type == "array" and parameter.item_type == "string":
        free = not parameter.item_choices
        known = list(dict.fromkeys([*(fields if free else parameter.item_choices), *(start or ())]))
        new = free and parameter.fields != "inputs"  # an input that is not there cannot be meant
        return st.multiselect(
            label, known, default=list(start or ()), key=key, help=about, accept_new_options=new
        )
    if parameter.type == "string":
        if parameter.name in ("context", "answer", "gold", "field") and fields:
            free = [parameter.default] if parameter.default in (None, "") else []
            options = list(dict.fromkeys([*([start] if start else []), *free, *fields]))
            return st.selectbox(
                label,
                options,
                key=key,
                help=about,
                accept_new_options=True,
                format_func=lambda item: item or "–",
            )
        if parameter.name in ("rubric", "instructions"):
            return st.text_area(label, value=start or "", key=key, help=about)
        return st.text_input(label, value=start or "", key=key, help=about)
    return _json(parameter, start, label, key)


def _number(parameter: Parameter, start: Any, label: str, key: str) -> Any:
    whole = parameter.type == "integer"
    kind = int if whole else float
    value = None if start is None else kind(start)
    if parameter.nullable:
        # A field that begins with a number cannot be emptied; one that begins empty and is then given a number can.
        st.session_state.setdefault(key, value)
        value = None
    return st.number_input(
        label,
        min_value=kind(parameter.minimum) if parameter.minimum is not None else None,
        max_value=kind(parameter.maximum) if parameter.maximum is not None else None,
        value=value,
        step=1 if whole else None,
        key=key,
        help=parameter.description,
        placeholder=NOT_SET if parameter.nullable else None,
        format=None if whole else "%g",
    )


def _json(parameter: Parameter, start: Any, label: str, key: str) -> Any:
    text = st.text_area(
        f"{label} (JSON)",
        value="" if start is None else json.dumps(start, indent=2, ensure_ascii=False),
        key=key,
        help=parameter.description,
    )
    try:
        return json.loads(text) if text.strip() else None
    except ValueError as error:
        raise ConfigurationError(
            f"{label}: this is not valid JSON ({error}).", hint="Check quotes and commas."
        ) from error
