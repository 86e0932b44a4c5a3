"""The HTTP interface for programs, in the form of OpenAI's."""
