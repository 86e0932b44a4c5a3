"""What can go wrong, each with one clear line for the person.

AssistantError
├── SettingsError        a configuration file or option that cannot be used
├── EngineError          the chat model could not answer
│   ├── EngineUnreachable    nothing answers at the URL
│   ├── EngineTimeout        the server took longer than ``engine.timeout``
│   ├── EngineBusy           the server has too much to do just now
│   ├── ContextOverflow      the request is longer than the model's context
│   ├── BadCalls             the model calls tools wrongly, however often it is told
│   └── EngineRefused        the server answered with an error or with nonsense
├── PluginError          a tool file that cannot be loaded; names the file and the reason
├── ToolCrashed          a tool raised something other than ToolError: a bug in the tool
├── BadQuestion          an empty or oversized question
├── StepLimit            the model asked for more tool rounds than ``agent.max_steps``
├── UnknownLibrary       no library goes by that name
├── UnknownConversation  no conversation of this owner has that id
├── UnknownFile          no uploaded file of this owner has that id
├── NothingWaits         nothing in the conversation waits for approval
├── AccountError         an account that there is not, or that cannot be made or changed so
├── BatchError           a batch file that cannot be read or written
├── StorageError         the database of conversations and accounts cannot be reached
└── BackupError          a backup that cannot be made or put back

ToolError (in ``assistant.plugin``) stands apart: it is told to the model, which may try again,
and never ends a turn.
"""

from __future__ import annotations


class AssistantError(Exception):
    """Base of everything raised on purpose; its text is one line that names the thing and what to do."""


class SettingsError(AssistantError):
    """A configuration file, option or environment variable that cannot be used."""


class EngineError(AssistantError):
    """The chat model could not answer."""


class EngineUnreachable(EngineError):
    """Nothing answers at the configured URL."""


class EngineTimeout(EngineError):
    """The server did not answer, or stopped answering, within the time limit."""


class EngineBusy(EngineError):
    """The server has too much to do just now.

    Attributes:
        wait: Seconds after which it may be asked again; None where it does not say.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class ContextOverflow(EngineError):
    """The request is longer than the model's context.

    Attributes:
        limit: The context in tokens; None where the server does not say.
    """

    def __init__(self, message: str, limit: int | None = None) -> None:
        super().__init__(message)
        self.limit = limit


class BadCalls(EngineError):
    """The model called tools wrongly and did so again when it was told."""


class EngineRefused(EngineError):
    """The server answered with an error status or with something that is no chat completion.

    Attributes:
        passing: Whether it may be over the next time.
    """

    passing = False


class PluginError(AssistantError):
    """A tool file that cannot be loaded."""


class ToolCrashed(AssistantError):
    """A tool raised something other than ToolError, which is a bug in the tool."""


class BadQuestion(AssistantError):
    """A question that is empty or too long to be one."""


class StepLimit(AssistantError):
    """The model kept calling tools past the step limit."""


class UnknownLibrary(AssistantError):
    """A name that no library of the home folder goes by."""


class UnknownConversation(AssistantError):
    """No conversation of this owner has that id."""


class UnknownFile(AssistantError):
    """No uploaded file of this owner has that id, or its content is lost."""


class NothingWaits(AssistantError):
    """A decision about a call that does not wait for one, or not any more."""


class AccountError(AssistantError):
    """An account that does not exist, or cannot be made or changed as asked."""


class BatchError(AssistantError):
    """A batch input or output that cannot be used."""


class StorageError(AssistantError):
    """The database of conversations and accounts cannot be reached; nothing of what was being written is in it."""


class BackupError(AssistantError):
    """A backup that cannot be made or put back."""


def said(error: BaseException) -> str:
    """Returns an exception's text; one of a plugin's own may not even be able to tell it."""
    try:
        return str(error)
    except Exception:
        return "it does not tell why"
