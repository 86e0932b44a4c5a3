"""Settings: read once, frozen, and passed on explicitly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    model_validator,
)

from assistant.accounts.identity import Role
from assistant.approval import Rule
from assistant.engine_settings import ServerEngine as ServerEngine  # noqa: PLC0414 — it belongs to the settings
from assistant.plugin import Approval, Touch
from assistant.vllm_settings import VllmEngine


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


DEFAULT_LIBRARY = "default"
LIBRARY_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


class EmbedderServer(_Section):
    """An embedding model behind an OpenAI-compatible URL: vLLM's pooling runner, Ollama or a hosted one.

    Attributes:
        url: The base URL, usually ending in ``/v1``.
        model: The model's name at the server.
        api_key_env: Name of the environment variable that holds the key. A key is never in a file.
        dimensions: To how many numbers the server shall shorten its vectors; None takes what it gives.
        max_tokens: How long passages are cut, in tokens that are estimated.
        timeout: Seconds to wait for the server's next byte.
    """

    url: str = Field(pattern=r"^https?://\S+$")
    model: str = Field(min_length=1)
    api_key_env: str = "OPENAI_API_KEY"
    dimensions: int | None = Field(None, ge=1)
    max_tokens: int = Field(256, ge=32)
    timeout: float = Field(60, gt=0)


class MilvusServer(_Section):
    """A Milvus server that finds the nearest vectors in place of FAISS.

    Attributes:
        milvus: Its address, with the database as its path where it is not the default one; or a path that ends in
            ``.db``, which Milvus Lite keeps in this process.
        token_env: Name of the environment variable that holds ``user:password`` or an API key.
    """

    milvus: str = Field(pattern=r"^(https?://\S+|.*\.db)$")
    token_env: str = "MILVUS_TOKEN"  # noqa: S105 — where it is, not what it is


class IndexSettings(_Section):
    """How FAISS finds the nearest vectors.

    Attributes:
        exact_up_to: Up to so many passages, every search compares the query with all of them.
        recall: Beyond, the least share of the ten nearest that is found, measured when the index is trained.
        gpu: Whether a GPU is used where the installed FAISS has one.
    """

    exact_up_to: int = Field(50_000, ge=0)
    recall: float = Field(0.97, ge=0, le=1)
    gpu: bool = True


class LibrarySettings(_Section):
    """The document library.

    Attributes:
        name: Which of the home folder's libraries is meant where none is named; None is the default one.
        embedder: A sentence-transformers model, by name or folder, or a server; None takes the MiniLM that is installed
            with us.
        reranker: A cross-encoder that looks again at the best passages, by name or folder; None compares word by word
            with the embedder, ``none`` does not look again.
        vectors: What finds the nearest vectors.
        index: How FAISS finds them.
        passages: How many passages a search returns.
        picture_model: A model of OpenCLIP that compares pictures, by folder or name; None finds pictures by words only.
    """

    name: str | None = Field(None, pattern=f"^{LIBRARY_NAME.pattern}$")
    embedder: str | EmbedderServer | None = None
    reranker: str | None = None
    vectors: Literal["faiss"] | MilvusServer = "faiss"
    index: IndexSettings = IndexSettings()
    passages: int = Field(6, ge=1, le=50)
    picture_model: str | None = None


class AgentSettings(_Section):
    """The agent loop.

    Attributes:
        max_steps: Replies of the model in one turn, tool rounds included.
        history_turns: Turns of a conversation that the model is shown at most.
        history_characters: Characters of them at most.
        max_question_characters: A longer question is refused.
        min_confidence: The built-in engine declines below this confidence, 0 to 1.
        titles: Whether the language model names the page's conversations after their first answer.
    """

    max_steps: int = Field(8, ge=1, le=100)
    history_turns: int = Field(20, ge=0)
    history_characters: int = Field(24_000, ge=0)
    max_question_characters: int = Field(20_000, ge=1)
    min_confidence: float = Field(0.2, ge=0, le=1)
    titles: bool = True


class McpServer(_Section):
    """A server of the Model Context Protocol, whose tools are offered to the model.

    Attributes:
        command: Program to start, which speaks over its standard input and output; either this or ``url``.
        args: Its arguments.
        pass_env: Environment variables that it may see; it sees no others but the usual ones such as PATH.
        url: Address of a server that is reached over HTTP.
        token_env: Environment variable that holds the token sent to it.
        tools: The tools to offer; None offers all.
        approval: When calls have to be approved.
        touches: What calls may change or reach; an empty list trusts the server to change nothing.
        timeout: Seconds that a call may take.
    """

    command: str | None = None
    args: tuple[str, ...] = ()
    pass_env: tuple[str, ...] = ()
    url: str | None = Field(None, pattern=r"^https?://\S+$")
    token_env: str | None = None
    tools: tuple[str, ...] | None = None
    approval: Approval = "first time"
    touches: tuple[Touch, ...] = ("world",)
    timeout: float = Field(60, gt=0)

    @model_validator(mode="after")
    def _one_road(self) -> McpServer:
        if (self.command is None) == (self.url is None):
            raise ValueError("needs either a command or a url")
        return self


class ToolSettings(_Section):
    """The tools, besides the ones that ship, and what they may do.

    Attributes:
        folders: Folders of plugin files.
        settings: What each tool is told in ``Context.settings``, by its name.
        rules: Which calls are approved, refused or asked for; the first that fits decides.
        mcp: Servers of the Model Context Protocol, by a name of one's own.
    """

    folders: tuple[Path, ...] = ()
    settings: Mapping[str, Mapping[str, Any]] = {}
    rules: tuple[Rule, ...] = ()
    mcp: Mapping[str, McpServer] = {}


class PageSettings(_Section):
    """The web page.

    Attributes:
        host: Address to listen on.
        port: Port to listen on.
        max_upload_mb: Largest file that may be uploaded, in megabytes.
        shared_links: Who can read a conversation by its link: ``anyone`` who has it, those with ``accounts``, or
            ``nobody``.
    """

    host: str = "127.0.0.1"
    port: int = Field(7860, ge=0, le=65535)
    max_upload_mb: int = Field(200, ge=1)
    shared_links: Literal["anyone", "accounts", "nobody"] = "anyone"


class VoiceServer(_Section):
    """Speech to text and text to speech, behind OpenAI-compatible audio endpoints.

    Attributes:
        url: The base URL, usually ending in ``/v1``.
        hears: The model that writes down what is said, at ``/audio/transcriptions``; None leaves that to the browser.
        speaks: The model that reads aloud, at ``/audio/speech``; None leaves that to the browser.
        voice: Whose voice it reads with.
        api_key_env: Name of the environment variable that holds the key. A key is never in a file.
        timeout: Seconds to wait for the server's next byte.
        max_mb: The largest recording, in megabytes.
    """

    url: str = Field(pattern=r"^https?://\S+$")
    hears: str | None = "whisper-1"
    speaks: str | None = "tts-1"
    voice: str = "alloy"
    api_key_env: str = "OPENAI_API_KEY"
    timeout: float = Field(60, gt=0)
    max_mb: int = Field(25, ge=1)


class OpenIdProvider(_Section):
    """Who vouches for people over OpenID Connect.

    Attributes:
        issuer: Its address, below which ``/.well-known/openid-configuration`` is found.
        client_id: What the assistant is called there.
        client_secret_env: Name of the environment variable that holds the secret agreed on.
        name: The claim that holds a person's name.
        roles: The claim that lists a person's groups; None leaves roles to the accounts.
        admins: The group whose members are admins.
        viewers: The group whose members are viewers.
    """

    issuer: str = Field(pattern=r"^https?://\S+$")
    client_id: str = Field(min_length=1)
    client_secret_env: str = "OIDC_CLIENT_SECRET"  # noqa: S105 — where it is, not what it is
    name: str = "preferred_username"
    roles: str | None = None
    admins: str | None = None
    viewers: str | None = None


class AccountSettings(_Section):
    """Who may use the page.

    Attributes:
        sign_in: How people prove who they are; ``auto`` is ``password`` once there are accounts, else ``none``.
        everyone: Whether, without accounts, whoever can reach the page may use it from other machines too.
        idle_minutes: A session that is not used ends after so many minutes.
        longest_days: Every session ends after so many days.
        proxies: Addresses and networks of proxies in front of the page, whose headers are believed.
        header: The header in which such a proxy names the person, where ``sign_in`` is ``proxy``.
        new_role: The role of somebody whom a proxy or an OpenID provider brings for the first time.
        oidc: The OpenID provider, where ``sign_in`` is ``oidc``.
    """

    sign_in: Literal["auto", "none", "password", "proxy", "oidc"] = "auto"
    everyone: bool = False
    idle_minutes: float = Field(720, gt=0)
    longest_days: float = Field(7, gt=0)
    proxies: tuple[IPvAnyNetwork, ...] = ()
    header: str = Field("X-Forwarded-User", pattern=r"^[A-Za-z0-9-]+$")
    new_role: Role = "user"
    oidc: OpenIdProvider | None = None

    @model_validator(mode="after")
    def _complete(self) -> AccountSettings:
        if self.sign_in == "proxy" and not self.proxies:
            raise ValueError("sign_in: proxy needs the proxy's address in proxies")
        if (self.sign_in == "oidc") != (self.oidc is not None):
            raise ValueError("sign_in: oidc and the section oidc belong together")
        return self


class LimitSettings(_Section):
    """How much of the server one person may take.

    Attributes:
        questions: Questions and other events of the page, per minute and person.
        requests: Requests per minute and address.
        upload_files: Uploaded files per hour and person.
        upload_mb: Their megabytes per hour and person.
        event_mb: The largest event that the page may send, in megabytes.
        request_mb: The largest request to the API that is no form, in megabytes.
    """

    questions: int = Field(120, ge=1)
    requests: int = Field(3000, ge=1)
    upload_files: int = Field(5000, ge=1)
    upload_mb: int = Field(5000, ge=1)
    event_mb: int = Field(16, ge=1)
    request_mb: int = Field(20, ge=1)


class OriginSettings(_Section):
    """How made pictures tell where they come from.

    Attributes:
        certificate: A chain of certificates in PEM, the signer's first; None signs with a key made on this machine.
        key: The private key that belongs to it, on the curve P-256, in PEM.
        prompt: Whether a picture holds the prompt itself, or its SHA-256 alone.
    """

    certificate: Path | None = None
    key: Path | None = None
    prompt: Literal["hash", "text"] = "hash"

    @model_validator(mode="after")
    def _both(self) -> OriginSettings:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        return self


class TraceSettings(_Section):
    """Where OpenTelemetry traces go.

    Attributes:
        url: Where a collector takes them over HTTP, usually ending in ``/v1/traces``.
    """

    url: str = Field(pattern=r"^https?://\S+$")


class ArtifactSettings(_Section):
    """A bucket that holds the files of conversations.

    Attributes:
        bucket: Its name.
        prefix: What the names of its objects begin with, as a folder.
        endpoint: Where it is, unless at Amazon.
        region: Its region.
    """

    bucket: str = Field(min_length=3)
    prefix: str = ""
    endpoint: str | None = Field(None, pattern=r"^https?://\S+$")
    region: str = "us-east-1"


class DatabaseSettings(_Section):
    """A PostgreSQL database that several servers share.

    Attributes:
        url: Where it is; the password belongs into the environment variable ``PGPASSWORD`` or into ``~/.pgpass``.
        connections: How many connections one server holds at most.
        timeout: Seconds to wait for a database that is away or does not answer before a question fails.
    """

    url: str = Field(pattern=r"^postgres(ql)?://\S+$")
    connections: int = Field(10, ge=2)
    timeout: float = Field(10, gt=0)


class Settings(_Section):
    """Everything that can be configured; ``configs/default.yaml`` explains each key."""

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("assistant", appauthor=False)))
    engine: Literal["auto", "builtin", "vllm"] | ServerEngine | VllmEngine = "auto"
    engines: Mapping[str, ServerEngine] = {}
    library: LibrarySettings = LibrarySettings()
    agent: AgentSettings = AgentSettings()
    tools: ToolSettings = ToolSettings()
    page: PageSettings = PageSettings()
    accounts: AccountSettings = AccountSettings()
    limits: LimitSettings = LimitSettings()
    voice: VoiceServer | None = None
    origin: OriginSettings = OriginSettings()
    traces: TraceSettings | None = None
    database: DatabaseSettings | None = None
    artifacts: ArtifactSettings | None = None

    @model_validator(mode="after")
    def _one_gpu(self) -> Settings:
        pictures = self.tools.settings.get("generate_image", {})
        share = pictures.get("memory_share")
        if isinstance(self.engine, VllmEngine) and isinstance(share, int | float) and self.engine.memory + share > 1:
            raise ValueError(
                f"engine.memory {self.engine.memory:g} and tools.settings.generate_image.memory_share {share:g} are "
                f"more than the whole GPU; lower one of them, such as memory to {max(0.1, 1 - share):.2g}"
            )
        return self
