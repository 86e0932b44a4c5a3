"""Links to conversations: one each, as it was, until it ends or is withdrawn."""

from __future__ import annotations

import pytest

from assistant.accounts.store import Accounts
from assistant.conversations import Conversations
from assistant.errors import UnknownConversation
from assistant.sharing import Shares
from assistant.web.shared import _known


@pytest.fixture
def log(database):
    conversations = Conversations(database)
    conversations.now = 1000.0
    conversations.shares = Shares(database, lambda: conversations.now)
    return conversations


async def test_a_link_shows_what_there_was_when_it_was_made(log):
    first = await log.begin(None, "me", "One?")
    secret = await log.shares.make(first.conversation, "me")
    second = await log.begin(first.conversation, "me", "Two?")
    shown = await log.shares.opened(secret)
    assert (shown.conversation, shown.owner, shown.title, shown.path) == (first.conversation, "me", "One?", (1,))
    other = await log.shares.make(first.conversation, "me")
    assert (await log.shares.opened(other)).path == (1, second.turn)
    assert await log.shares.opened(secret) is None


async def test_a_link_ends_after_its_time_by_withdrawal_and_with_the_conversation(log):
    begun = await log.begin(None, "me", "One?")
    key = begun.conversation
    secret = await log.shares.make(key, "me", 60)
    assert (await log.shares.of(key, "me")).expires == 1060
    log.now = 1061
    assert await log.shares.opened(secret) is None
    assert await log.shares.of(key, "me") is None
    secret = await log.shares.make(key, "me")
    await log.shares.withdraw(key, "me")
    assert await log.shares.opened(secret) is None
    secret = await log.shares.make(key, "me")
    await log.delete(key, "me")
    assert await log.shares.opened(secret) is None


async def test_only_the_owner_makes_and_withdraws_links(log):
    begun = await log.begin(None, "me", "One?")
    secret = await log.shares.make(begun.conversation, "me")
    for act in (log.shares.make, log.shares.withdraw, log.shares.of):
        with pytest.raises(UnknownConversation):
            await act(begun.conversation, "somebody else")
    assert await log.shares.opened(secret)
    for wrong in ("", "x", begun.conversation, secret[:-1], f"{secret} "):
        assert await log.shares.opened(wrong) is None


def test_a_link_dies_with_its_owners_account(tmp_path):
    accounts = Accounts(tmp_path)
    accounts.add("anna", "a long one 9", "admin")
    ben = accounts.add("ben", "a long one 9")
    assert _known(accounts, ben.identity.owner)
    accounts.remove("ben")
    assert not _known(accounts, ben.identity.owner)
    assert not _known(accounts, "browser-x")
    accounts.close()
