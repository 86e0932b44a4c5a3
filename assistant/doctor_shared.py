"""What ``assistant doctor`` says of the database and the bucket that the settings name."""

from __future__ import annotations

import logging
import tempfile
import uuid
from pathlib import Path

from assistant.errors import AssistantError
from assistant.finding import Finding
from assistant.settings import ArtifactSettings, DatabaseSettings, Settings

log = logging.getLogger(__name__)

ASK = (
    "SELECT current_setting('server_version'), current_setting('server_encoding'), "
    "coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), current_setting('max_connections')::int, "
    "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
)
# A server's own for accounts and keys, and for locks; see docs/deployment.md.
BESIDE = 9


async def shared(settings: Settings) -> list[Finding]:
    """Looks at what several servers share; at nothing where the settings name neither."""
    found = [_database(settings.database)] if settings.database else []
    return [*found, await _bucket(settings.artifacts)] if settings.artifacts else found


def _database(chosen: DatabaseSettings) -> Finding:
    try:
        import psycopg

        from assistant.database.postgres_client import LIVELY, place_of
    except ImportError:
        return Finding(
            "database", "broken", "PostgreSQL's client is not installed", "pip install 'assistant[postgres]'"
        )
    try:
        place = place_of(chosen.url).removeprefix("The database ")
        with psycopg.connect(chosen.url, **LIVELY) as connection:  # type: ignore[arg-type]
            row = connection.execute(ASK).fetchone()
    except AssistantError as error:
        return Finding("database", "broken", str(error), "Change database.url.")
    except psycopg.Error as error:
        log.warning("the database cannot be used", exc_info=True)
        reason = " ".join(str(error).split())
        return Finding("database", "broken", f"{place} cannot be reached ({reason})", "Check its URL and PGPASSWORD.")
    assert row
    version, encoding, may_create, most, taken = row
    detail = f"PostgreSQL {version}, {place}, {taken} of {most} connections taken"
    if encoding != "UTF8":
        return Finding("database", "broken", f"{detail}; it is in {encoding}", "Make one in UTF-8.")
    if not may_create:
        return Finding("database", "broken", f"{detail}; no tables may be made in it", "Grant CREATE to its user.")
    few = most - taken < chosen.connections + BESIDE
    advice = f"A server takes up to {chosen.connections + BESIDE}: raise max_connections." if few else ""
    return Finding("database", "ok", detail, advice)


async def _bucket(chosen: ArtifactSettings) -> Finding:
    try:
        from assistant.bucket import S3Bucket
    except ImportError:
        return Finding("bucket", "broken", "obstore is not installed", "pip install 'assistant[s3]'")
    place = f"{chosen.bucket} at {chosen.endpoint or 'Amazon'}"
    probe = f"doctor-{uuid.uuid4().hex}"
    try:
        bucket = S3Bucket(chosen)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "probe"
            file.write_bytes(b"written by assistant doctor")
            await bucket.put(probe, "probe", file)
            await bucket.get(probe, "probe", file)
            await bucket.delete(probe)
    except AssistantError as error:
        cause = " ".join(str(error.__cause__ or error).split())[:300]
        advice = "Check artifacts.endpoint, artifacts.bucket, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        return Finding("bucket", "broken", f"{place} cannot be written and read ({cause})", advice)
    return Finding("bucket", "ok", f"{place}, can be written and read")
