"""The web app's entry point: page configuration, navigation, the frame around every page.

Knows nothing about what the pages show.
"""

import streamlit as st

from workbench import shell

st.set_page_config(page_title="Workbench", page_icon=":material/account_tree:", layout="wide")
shell.run()
