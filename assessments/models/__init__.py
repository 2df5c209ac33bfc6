"""Everything the assessments kernel keeps."""

from assessments.models.indicators import Indicator, IndicatorSet, Scale, SetVersion, SetVersionMove
from assessments.models.judgements import Assessment, Rating, Score
from assessments.models.rounds import (
    Affiliation,
    Assessor,
    AssessorGrant,
    Assignment,
    AssignmentMove,
    ConflictOfInterest,
    Entry,
    Measurement,
    Round,
    RoundMove,
    Sheet,
    SheetPart,
    Subject,
)

__all__ = [
    "Affiliation",
    "Assessment",
    "Assessor",
    "AssessorGrant",
    "Assignment",
    "AssignmentMove",
    "ConflictOfInterest",
    "Entry",
    "Indicator",
    "IndicatorSet",
    "Measurement",
    "Rating",
    "Round",
    "RoundMove",
    "Scale",
    "Score",
    "SetVersion",
    "SetVersionMove",
    "Sheet",
    "SheetPart",
    "Subject",
]
