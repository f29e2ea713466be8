"""What is wrong in a wiring, one piece of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a wiring: in what (a name, or the path that leads there), what is wrong, and what to do."""

    subject: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.problem}; {self.remedy}"
