"""The nouns of projchat; the rules live on them as verbs."""

from sqlalchemy.orm import configure_mappers

from .catch_up import CatchUp
from .errors import AlreadySent, Conflict, Forbidden, Invalid, Refusal, Unchanged
from .installation import Installation
from .invite import Invite
from .login import Login
from .membership import Level, Membership, Role
from .mention import Mention
from .message import Message
from .process import Process
from .project import Project
from .push_subscription import PushSubscription
from .revision import Revision
from .upload import Quotas, Upload
from .upload_total import UploadTotal
from .user import User

__all__ = [
    "AlreadySent",
    "CatchUp",
    "Conflict",
    "Forbidden",
    "Installation",
    "Invalid",
    "Invite",
    "Level",
    "Login",
    "Membership",
    "Mention",
    "Message",
    "Process",
    "Project",
    "PushSubscription",
    "Quotas",
    "Refusal",
    "Revision",
    "Role",
    "Unchanged",
    "Upload",
    "UploadTotal",
    "User",
]

# What is made of plain rows does not do it, and may be all that a process is asked for.
configure_mappers()
