"""The Model Context Protocol, https://modelcontextprotocol.io, both ways: others' tools here, ours elsewhere."""
