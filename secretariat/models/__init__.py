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
from secretariat.models.agreements import Agreement, AgreementFile, AgreementMove, AgreementReview, ReviewOnAgenda
from secretariat.models.ballots import Ballot, BallotMark, BallotMove, Recusal, SealedTally, Vote
from secretariat.models.bodies import Council, DecisionRule, Seat
from secretariat.models.council_imports import CouncilImport
from secretariat.models.days import Holiday
from secretariat.models.files import PrivateFile
from secretariat.models.meetings import (
    AgendaItem,
    AgendaPaper,
    Attendance,
    Meeting,
    MeetingMove,
    MinutesSignature,
    Presence,
)
from secretariat.models.moves import Move
from secretariat.models.notices import FormKey, Heartbeat, Letter, Notice, ResetRequest
from secretariat.models.people import Invitation, RoleGrant, User
from secretariat.models.resolutions import Resolution, ResolutionMove

__all__ = [
    "ActionFile",
    "ActionItem",
    "ActionMove",
    "ActionNote",
    "ActionReminded",
    "ActionReminder",
    "Agency",
    "AgendaItem",
    "AgendaPaper",
    "Agreement",
    "AgreementFile",
    "AgreementMove",
    "AgreementReview",
    "Attendance",
    "Ballot",
    "BallotMark",
    "BallotMove",
    "Council",
    "CouncilImport",
    "DecisionRule",
    "FormKey",
    "Heartbeat",
    "Holiday",
    "Invitation",
    "Letter",
    "Meeting",
    "MeetingMove",
    "MinutesSignature",
    "Move",
    "NoteDraft",
    "Notice",
    "Presence",
    "PrivateFile",
    "Province",
    "Recusal",
    "ResetRequest",
    "Resolution",
    "ResolutionMove",
    "ReviewOnAgenda",
    "RoleGrant",
    "SealedTally",
    "Seat",
    "Unit",
    "User",
    "Vote",
]
