"""Choosing a metric: a gallery of kinds, the form of the chosen one, a mix of several.

Knows nothing about how metrics score.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from workbench.components.errors import verbatim
from workbench.components.params_form import params_form
from workbench.services import metrics
from workbench.services.metrics import Metric, MetricKind
from workbench.services.parameters import in_words
from workbench.services.tasks import Version
from workbench.services.workspace import Workspace

__all__ = ["metric_form"]

_MIX = "weighted"


def metric_form(
    ws: Workspace, task_id: str, version: Version, saved: Sequence[Metric]
) -> dict[str, Any] | None:
    """Draw the form and return the metric it describes, saved or not; None while something it needs is missing."""
    if saved:
        _saved_list(saved)
    kinds = {kind.kind: kind for kind in metrics.metric_kinds()}
    start: dict[str, Any] = saved[0].spec if saved else {"kind": "exact_match", "params": {}}
    names = sorted(kinds, key=lambda name: (name != "exact_match", name == _MIX))
    chosen = st.pills(
        "Kind",
        names,
        default=start["kind"],
        required=True,
        format_func=in_words,
        key=f"metric_kind_{task_id}",
        wrap=True,
    )
    kind = kinds[str(chosen)]
    st.caption(kind.summary)
    values = start["params"] if start["kind"] == kind.kind else {}
    if kind.kind == _MIX:
        spec = _mix_form(kinds, list(version.spec["outputs"]), values, f"metric_{task_id}")
    else:
        params = params_form(
            kind.parameters,
            key=f"metric_{task_id}_{kind.kind}",
            values=values,
            fields=list(version.spec["outputs"]),
        )
        spec = {"kind": kind.kind, "params": params}
    missing = _missing(kinds, spec)
    for text in missing:
        st.caption(f":orange[:material/rule:] {text}")
    _save_row(ws, task_id, spec, ready=not missing)
    return None if missing else spec


def _missing(kinds: Mapping[str, MetricKind], spec: Mapping[str, Any]) -> list[str]:
    """Return what a metric still needs, in words; of a mix, of all its parts."""
    parts = spec["params"].get("parts", ()) if spec["kind"] == _MIX else ()
    if parts:
        return list(dict.fromkeys(text for part in parts for text in _missing(kinds, part["metric"])))
    return [
        f"{spec['kind'].replace('_', ' ').capitalize()} needs its {parameter.name.replace('_', ' ')}."
        for parameter in kinds[spec["kind"]].parameters
        if parameter.required and spec["params"].get(parameter.name) in (None, "", [])
    ]


def _saved_list(saved: Sequence[Metric]) -> None:
    others = f" and {len(saved) - 1} more" if len(saved) > 1 else ""
    with st.expander(f"In use: {verbatim(saved[0].name)}{others}", icon=":material/bookmark:"):
        for metric in saved:
            st.caption(verbatim(metric.name))
            st.code(json.dumps(metric.spec, ensure_ascii=False), language="json", wrap_lines=True)


def _mix_form(
    kinds: dict[str, MetricKind], fields: list[str], values: dict[str, Any], key: str
) -> dict[str, Any]:
    """Draw the parts of a weighted mix, each with its own form."""
    plain = sorted((name for name in kinds if name != _MIX), key=lambda name: name != "exact_match")
    before = list(values.get("parts", ()))
    count = st.number_input("Parts", min_value=1, max_value=8, value=max(len(before), 2), key=f"{key}_count")
    parts: list[dict[str, Any]] = []
    for index in range(int(count)):
        old: dict[str, Any] = (
            before[index] if index < len(before) else {"metric": {"kind": plain[0], "params": {}}}
        )
        with st.container(border=True):
            with st.grid(2, min_column_width=90):
                name = st.selectbox(
                    "Metric", plain, index=plain.index(old["metric"]["kind"]), key=f"{key}_part_{index}",
                    format_func=in_words,
                )  # fmt: skip
                weight = st.number_input(
                    "Weight", min_value=0.01, value=float(old.get("weight", 1.0)), key=f"{key}_weight_{index}"
                )
            required = st.toggle(
                "Required",
                value=bool(old.get("required", False)),
                key=f"{key}_required_{index}",
                help="Where this part does not pass, the whole scores 0.",
            )
            kind = kinds[str(name)]
            start = old["metric"].get("params", {}) if old["metric"]["kind"] == name else {}
            with st.expander("Settings"):
                params = params_form(
                    kind.parameters, key=f"{key}_{index}_{name}", values=start, fields=fields
                )
            parts.append({"metric": {"kind": name, "params": params}, "weight": weight, "required": required})
    return {"kind": _MIX, "params": {"parts": parts}}


def _save_row(ws: Workspace, task_id: str, spec: dict[str, Any], *, ready: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name", key=f"metric_name_{task_id}", placeholder="made from its settings if empty"
        )
        if st.button(
            "Use this metric", type="primary", icon=":material/check:", key="metric_save", disabled=not ready
        ):
            made = metrics.save_metric(ws, task_id, spec, name.strip() or None)
            st.toast(f"Saved: {verbatim(made.name)}", icon=":material/check:")
            st.rerun()
