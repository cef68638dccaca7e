"""The history checker: whether what clients were told, the rows, the events and the files keep the ten invariants."""

from filemill.tasks.history.collecting import collect
from filemill.tasks.history.facts import (
    AttemptFact,
    DownloadFact,
    EventFact,
    FileFact,
    History,
    Kind,
    Observation,
    OutputFact,
    ProcessFact,
    ProgressFact,
    TaskFact,
)
from filemill.tasks.history.invariants import INVARIANTS, Violation, check

__all__ = [
    "INVARIANTS",
    "AttemptFact",
    "DownloadFact",
    "EventFact",
    "FileFact",
    "History",
    "Kind",
    "Observation",
    "OutputFact",
    "ProcessFact",
    "ProgressFact",
    "TaskFact",
    "Violation",
    "check",
    "collect",
]
