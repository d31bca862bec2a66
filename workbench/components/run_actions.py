"""What can be done with one run: open, rename, stop, resume, archive, look at its settings.

Knows nothing about how runs are carried out.
"""

from __future__ import annotations

import streamlit as st

from workbench import state
from workbench.components.errors import verbatim
from workbench.components.run_head import run_head
from workbench.components.runs import address_of
from workbench.services import runs
from workbench.services.run_records import Run
from workbench.services.workspace import Workspace

__all__ = ["run_actions"]


def run_actions(ws: Workspace, run: Run) -> None:
    """Draw the run's head and its actions."""
    with st.container(border=True):
        st.markdown(f"**{verbatim(run.name)}**")
        run_head(ws, run)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if st.button("Open", type="primary", icon=":material/open_in_new:", key=f"open_{run.id}"):
                state.choose_task(run.task_id)
                page, where = address_of(run)
                state.go(page, **where)
            if (
                run.kind == "evaluate"
                and run.score is not None
                and st.button("Compare", icon=":material/compare_arrows:", key=f"compare_{run.id}")
            ):
                state.choose_task(run.task_id)
                state.go("compare", a=run.id)
            name = st.text_input("Name", value=run.name, key=f"name_{run.id}")
            if st.button("Rename", key=f"rename_{run.id}", disabled=name.strip() in ("", run.name)):
                runs.rename_run(ws, run.id, name)
                st.rerun()
            label = "Take out of the archive" if run.archived else "Archive"
            if st.button(label, icon=":material/archive:", key=f"archive_{run.id}", disabled=run.active):
                runs.archive_run(ws, run.id, not run.archived)
                st.rerun()
        with st.expander("Settings and result"):
            left, right = st.columns(2)
            left.json(run.settings, expanded=1)
            result = {key: value for key, value in (run.result or {}).items() if key != "report"}
            right.json(result, expanded=1)
