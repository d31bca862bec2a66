"""Export: take a program away as files that run without the workbench."""

from workbench import state
from workbench.components.export_view import export_view
from workbench.components.page import head, need_task
from workbench.services import tasks

ws = state.workspace()
task = need_task(ws, "Export", "Take the program away as files.")
overview = tasks.overview(ws, task.id)
head("Export", "Take the program away as files that run without the workbench.", overview.done, "export")

known = tasks.versions(ws, task.id)
names = {version.id: f"{version.name}{' · compiled' if version.compiled else ''}" for version in known}
version_id = state.selector("Program", names, state.pick("version", list(names)), "version")
export_view(ws, next(version for version in known if version.id == version_id))
