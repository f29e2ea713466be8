from tests.properties.steps.calling_back import AfterCommit, AfterRollback, BeforeCommit
from tests.properties.steps.failing import Caught, Commit, Conflict, Fail
from tests.properties.steps.nesting import Open, Savepoint, Send, SendOnce
from tests.properties.steps.recording import Announce, Emit, EmitAtRisk, EmitForLater, EmitOrElse, Tell
from tests.properties.steps.step import Script, Step
from tests.properties.steps.writing import Change, FailAtCommit, Violate, Write

__all__ = [
    "AfterCommit",
    "AfterRollback",
    "Announce",
    "BeforeCommit",
    "Caught",
    "Change",
    "Commit",
    "Conflict",
    "Emit",
    "EmitAtRisk",
    "EmitForLater",
    "EmitOrElse",
    "Fail",
    "FailAtCommit",
    "Open",
    "Savepoint",
    "Script",
    "Send",
    "SendOnce",
    "Step",
    "Tell",
    "Violate",
    "Write",
]
