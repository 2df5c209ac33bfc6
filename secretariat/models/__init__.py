"""Everything the ground floor keeps."""

from secretariat.models.actions import (
    ActionFile,
    ActionItem,
    ActionMove,
    ActionNote,
    ActionReminded,
    ActionReminder,
    NoteDraft,
)
from secretariat.models.agencies import Agency, Province, Unit
from secretariat.models.agreements import Agreement, AgreementFile, AgreementMove, AgreementReview
from secretariat.models.councils import (
    AgendaItem,
    Attendance,
    Council,
    Meeting,
    Resolution,
    ResolutionMove,
    Seat,
    Vote,
)
from secretariat.models.days import Holiday
from secretariat.models.files import PrivateFile
from secretariat.models.moves import Move
from secretariat.models.notices import FormKey, Heartbeat, Letter, Notice, ResetRequest
from secretariat.models.people import Invitation, RoleGrant, User

__all__ = [
    "ActionFile",
    "ActionItem",
    "ActionMove",
    "ActionNote",
    "ActionReminded",
    "ActionReminder",
    "Agency",
    "AgendaItem",
    "Agreement",
    "AgreementFile",
    "AgreementMove",
    "AgreementReview",
    "Attendance",
    "Council",
    "FormKey",
    "Heartbeat",
    "Holiday",
    "Invitation",
    "Letter",
    "Meeting",
    "Move",
    "NoteDraft",
    "Notice",
    "PrivateFile",
    "Province",
    "ResetRequest",
    "Resolution",
    "ResolutionMove",
    "RoleGrant",
    "Seat",
    "Unit",
    "User",
    "Vote",
]
