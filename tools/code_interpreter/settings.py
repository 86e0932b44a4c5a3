"""What the settings may say to the tool, in the units of people."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from .engine import Engine
from .limits import MIB, Limits

# The tool's own timeout is longer, so that code which goes on is stopped by the interpreter, which keeps its variables.
LONGEST_CALL = 150


class DockerSettings(BaseModel):
    """Containers in place of bubblewrap.

    Attributes:
        image: The image; it has to be on this machine.
        runtime: What the engine runs containers with, such as gVisor's ``runsc``; None leaves it to the engine.
        program: The engine's command: ``docker``, or one that takes the same arguments.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: str = Field("assistant-code-interpreter", pattern=r"^[\w.:/@][\w.:/@-]*$")
    runtime: str | None = Field(None, pattern=r"^[\w./][\w./-]*$")
    program: str = Field("docker", min_length=1)


class InterpreterSettings(BaseModel):
    """``tools.settings.code_interpreter``; what is left out stays as it is.

    Attributes:
        seconds: Wall time of one call.
        memory_mb: Memory of one process, and of all together, in MiB.
        disk_mb: All files of one kernel together, in MiB; they are held in memory.
        file_mb: The largest file, in MiB.
        cpu_minutes: Processor time of one process over its life.
        processes: Processes and threads.
        output_characters: What one call may print.
        idle_minutes: A kernel that was not used for so long is ended.
        kernels: Kernels at once, in all conversations.
        spare: Whether a kernel is kept ready for the next conversation.
        docker: Containers in place of bubblewrap; None leaves it to bubblewrap.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: float = Field(120, gt=0, le=LONGEST_CALL)
    memory_mb: int = Field(4096, ge=256)
    disk_mb: int = Field(512, ge=16)
    file_mb: int = Field(256, ge=1)
    cpu_minutes: float = Field(30, gt=0)
    processes: int = Field(128, ge=16)
    output_characters: int = Field(1_000_000, ge=1000)
    idle_minutes: float = Field(15, gt=0)
    kernels: int = Field(24, ge=1)
    spare: bool = True
    docker: DockerSettings | None = None

    def engine(self) -> Engine | None:
        """Returns what makes the containers; None where bubblewrap makes the sandboxes."""
        if self.docker is None:
            return None
        return Engine(self.docker.program, self.docker.image, self.docker.runtime or "")

    def limits(self) -> Limits:
        """Returns them as the sandbox has them."""
        return Limits(
            seconds=self.seconds,
            cpu_seconds=max(1, round(self.cpu_minutes * 60)),
            memory=self.memory_mb * MIB,
            processes=self.processes,
            file_bytes=self.file_mb * MIB,
            disk=self.disk_mb * MIB,
            output_characters=self.output_characters,
            shown_characters=min(self.output_characters, Limits().shown_characters),
            idle_seconds=self.idle_minutes * 60,
            kernels=self.kernels,
            spares=int(self.spare),
        )
