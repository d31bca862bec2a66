"""The web app's entry point: page configuration, navigation, the frame around every page.

Knows nothing about what the pages show.
"""

from pathlib import Path

import streamlit as st

from workbench import shell

# Files of our own: a Material icon's name here would make the browser fetch a picture from elsewhere.
ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="Workbench", page_icon=str(ASSETS / "mark.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ASSETS / "mark.svg"))
shell.run()
