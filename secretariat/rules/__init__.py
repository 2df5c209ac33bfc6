"""Who somebody is, how councils vote, and what may happen to meetings, ballots and resolutions. Judges, writes nothing."""

from secretariat.rules.meetings import LATE_AFTER, LIVE_MEETINGS, MEETING_MOVES, SETTLED_MEETINGS, MeetingStatus
from secretariat.rules.people import (
    councils_of,
    is_officer,
    is_secretary,
    may_administer,
    officers,
    only_officers,
    represented_agencies,
    represents,
    second_factor_missing,
    served_councils,
    serves_council,
)
from secretariat.rules.resolutions import (
    BALLOT_MOVES,
    LEAST_SECRET,
    RESOLUTION_MOVES,
    BallotStatus,
    Choice,
    Decision,
    Force,
    ResolutionStatus,
)

__all__ = [
    "BALLOT_MOVES",
    "LATE_AFTER",
    "LEAST_SECRET",
    "LIVE_MEETINGS",
    "MEETING_MOVES",
    "RESOLUTION_MOVES",
    "SETTLED_MEETINGS",
    "BallotStatus",
    "Choice",
    "Decision",
    "Force",
    "MeetingStatus",
    "ResolutionStatus",
    "councils_of",
    "is_officer",
    "is_secretary",
    "may_administer",
    "officers",
    "only_officers",
    "represented_agencies",
    "represents",
    "second_factor_missing",
    "served_councils",
    "serves_council",
]
