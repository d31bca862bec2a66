"""Services: everything the workbench can do, as plain functions over a `Workspace`.

Knows nothing about pages or the command line, which both do no more than call these. Import the module that is named
after the thing: `from workbench.services import runs`.
"""
