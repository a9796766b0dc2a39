"""The nouns of projchat; the rules live on them as verbs."""

from .errors import AlreadySent, Conflict, Forbidden, Invalid, Refusal, Unchanged
from .invite import Invite
from .login import Login
from .membership import Membership, Role
from .message import Message
from .project import Project
from .revision import Revision
from .user import User

__all__ = [
    "AlreadySent",
    "Conflict",
    "Forbidden",
    "Invalid",
    "Invite",
    "Login",
    "Membership",
    "Message",
    "Project",
    "Refusal",
    "Revision",
    "Role",
    "Unchanged",
    "User",
]
