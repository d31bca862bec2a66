"""A prompt model for proposers of instructions: says something of everything it is asked, and keeps the questions."""

from __future__ import annotations

from core.lm import ScriptedLM


class Writer:
    """A prompt model that keeps what it was asked, by what it was asked for."""

    def __init__(self, observations=lambda number: f"Seen {number}.") -> None:
        self.asked: dict[str, list[tuple[str, str]]] = {}
        self.temperatures: list[object] = []
        self._observations = observations
        self.lm = ScriptedLM(self.reply)

    def reply(self, request) -> str:
        system, user = request.messages[0]["content"], request.messages[-1]["content"]
        names = ("proposed_instruction", "data_summary", "program_summary", "observations")
        name = next(name for name in names if f"[[ ## {name} ## ]]" in system)
        said = self.asked.setdefault(name, [])
        said.append((system, user))
        self.temperatures.append((name, request.params.get("temperature")))
        text = {
            "proposed_instruction": f"Instruction {len(said)}.",
            "data_summary": "Rows about numbers.",
            "program_summary": "Two steps, a hint and an answer.",
            "observations": self._observations(len(said)),
        }[name]
        return f"[[ ## {name} ## ]]\n{text}\n[[ ## completed ## ]]"

    def users(self, name: str) -> list[str]:
        return [user for _, user in self.asked.get(name, [])]


def material(program) -> dict:
    return next(c.notes["material"] for c in program.report.candidates if "material" in c.notes)
