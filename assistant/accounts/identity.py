"""Who somebody is to the server, and what their role lets them do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "user", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Identity:
    """A person who is signed in.

    Attributes:
        account: The account's id, which no other account ever gets.
        name: As people know it.
        role: What it may do.
    """

    account: str
    name: str
    role: Role

    @property
    def owner(self) -> str:
        """Under which conversations are kept; not the name, which a later account may get."""
        return f"account-{self.account}"

    def may(self, role: Role) -> bool:
        """Whether this person may do what a role may: an admin all that a user may, a user all that a viewer may."""
        return ROLES.index(self.role) >= ROLES.index(role)
