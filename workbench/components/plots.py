"""Plots: scores with intervals, distributions, progress of a search, what two runs share.

Knows nothing about runs; it gets numbers and names. Colours come from the theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

__all__ = ["Scored", "histogram", "interval_plot", "search_plot", "show"]

Scored = tuple[str, float, tuple[float, float] | None]
"""(label, mean 0..1, 95 % interval)."""

_QUIET = "#8590a6"  # to be seen on light and dark
_TICKS = 30  # names of candidates beneath an axis, about
_MARGIN = {"l": 8, "r": 16, "t": 28, "b": 8}


def show(figure: go.Figure, *, key: str, alt: str) -> None:
    """Draw a figure without its toolbar."""
    figure.update_layout(margin=_MARGIN)
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)


def interval_plot(items: Sequence[Scored]) -> go.Figure:
    """Return dots with 95 % intervals, one row an item, in percent."""
    labels = [label for label, _, _ in items]
    means = [100 * mean for _, mean, _ in items]
    ends = [interval or (mean, mean) for _, mean, interval in items]
    figure = go.Figure(
        go.Scatter(
            x=means,
            y=labels,
            mode="markers+text",
            text=[f"{mean:.1f} %" for mean in means],
            textposition="top center",
            marker={"size": 12},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [100 * high - mean for (_, high), mean in zip(ends, means, strict=True)],
                "arrayminus": [mean - 100 * low for (low, _), mean in zip(ends, means, strict=True)],
                "thickness": 2,
            },
            hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
        )
    )
    figure.update_layout(
        height=90 + 62 * len(items), xaxis_title="score, % (95 % interval)", showlegend=False
    )
    figure.update_xaxes(range=[0, 104])
    figure.update_yaxes(range=[len(items) - 0.6, -0.8])
    return figure


def histogram(values: Sequence[float], title: str, bins: int = 20) -> go.Figure:
    """Return how often each value occurs."""
    figure = go.Figure(
        go.Histogram(x=list(values), nbinsx=bins, hovertemplate="%{x}: %{y} rows<extra></extra>")
    )
    figure.update_layout(height=240, xaxis_title=title, yaxis_title="rows", bargap=0.05)
    return figure


def search_plot(candidates: Sequence[dict[str, Any]], baseline: float | None = None) -> go.Figure:
    """Return the scores of a search in order, with the best so far.

    Args:
        candidates: Each with `id`, `label`, `score` (0..1), `full` (False where some rows were not run).
        baseline: The score of the program that went in, 0..1.
    """
    best: list[float | None] = []  # None before the first score of all rows: nothing is best yet
    for item in candidates:
        known = (best[-1] if best else None, item["score"] if item["full"] else None)
        best.append(max((score for score in known if score is not None), default=None))
    order = list(range(len(candidates)))
    figure = go.Figure()
    figure.add_scatter(
        x=order,
        y=[None if score is None else 100 * score for score in best],
        mode="lines",
        line={"shape": "hv", "width": 2},
        name="best so far",
    )
    for full, name, symbol in ((True, "all rows", "circle"), (False, "part of the rows", "circle-open")):
        points = [
            (index, item) for index, item in zip(order, candidates, strict=True) if item["full"] is full
        ]
        if points:
            figure.add_scatter(
                x=[index for index, _ in points],
                y=[100 * item["score"] for _, item in points],
                text=[f"{item['id']} · {item['label']}" for _, item in points],
                mode="markers",
                marker={"size": 10, "symbol": symbol},
                name=name,
                hovertemplate="%{text}: %{y:.1f} %<extra></extra>",
            )
    if baseline is not None:
        figure.add_hline(y=100 * baseline, line_dash="dash", line_color=_QUIET, annotation_text="before")
    legend = {
        "orientation": "h",
        "x": 0,
        "y": 1.02,
        "yanchor": "bottom",
    }  # above: below it meets the axis's title
    figure.update_layout(height=300, xaxis_title="candidate", yaxis_title="score, %", legend=legend)
    every = 1 + len(order) // _TICKS
    figure.update_xaxes(
        tickvals=order[::every],
        ticktext=[item["id"] for item in candidates[::every]],
        range=[-0.5, len(order) - 0.5],
    )
    return figure
