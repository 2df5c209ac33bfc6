"""Everything the assessments kernel keeps."""

from assessments.models.appeals import Appeal, AppealFile, AppealGround, AppealMove
from assessments.models.assignments import Assignment, AssignmentMove
from assessments.models.bundles import RoundBundle
from assessments.models.comparisons import (
    Comparison,
    StudyExpert,
    StudyGroup,
    StudyItem,
    StudyMove,
    WeightStudy,
)
from assessments.models.deadlines import Extension
from assessments.models.excellence import (
    ExcellenceYear,
    ExcellenceYearMove,
    LevelState,
    SelfAnswer,
    SelfAssessment,
    SelfAssessmentMove,
    SelfFile,
    SelfScore,
)
from assessments.models.excellence_checks import CheckAnswer, ExcellenceCheck
from assessments.models.indicators import Indicator, IndicatorSet, Scale, SetVersion, SetVersionMove
from assessments.models.judgements import Assessment, Rating
from assessments.models.measurements import Measurement
from assessments.models.moderations import (
    ModeratedRating,
    ModeratedScore,
    Moderation,
    ModerationMember,
    ModerationMessage,
    ModerationMove,
    ModerationPoint,
    ModerationReason,
    Proposal,
)
from assessments.models.panels import PanelDraft, PanelDraftMove, PanelGap, PanelSeat
from assessments.models.programmes import Programme, ProgrammeCopy, ProgrammeFile, ProgrammeMove
from assessments.models.remarks import RemarkCheck
from assessments.models.reminders import Escalation, Reminder
from assessments.models.roster import (
    Assessor,
    Availability,
    ExpertiseField,
)
from assessments.models.roster_imports import ExpectedAssessor, RosterImport
from assessments.models.rounds import (
    Entry,
    Round,
    RoundMove,
    Sheet,
    SheetPart,
)
from assessments.models.runs import AssessorReading, Score, ScoringFlag, ScoringRun, SetAside
from assessments.models.subjects import Subject
from assessments.models.ties import (
    Affiliation,
    AgencyHead,
    AssessorGrant,
    AssessorName,
    ConflictOfInterest,
    ConflictWaiver,
    Relation,
    SubjectMaker,
    WaiverMove,
)

__all__ = [
    "Affiliation",
    "AgencyHead",
    "Appeal",
    "AppealFile",
    "AppealGround",
    "AppealMove",
    "Assessment",
    "Assessor",
    "AssessorGrant",
    "AssessorName",
    "AssessorReading",
    "Assignment",
    "AssignmentMove",
    "Availability",
    "CheckAnswer",
    "Comparison",
    "ConflictOfInterest",
    "ConflictWaiver",
    "Entry",
    "Escalation",
    "ExcellenceCheck",
    "ExcellenceYear",
    "ExcellenceYearMove",
    "ExpectedAssessor",
    "ExpertiseField",
    "Extension",
    "Indicator",
    "IndicatorSet",
    "LevelState",
    "Measurement",
    "ModeratedRating",
    "ModeratedScore",
    "Moderation",
    "ModerationMember",
    "ModerationMessage",
    "ModerationMove",
    "ModerationPoint",
    "ModerationReason",
    "PanelDraft",
    "PanelDraftMove",
    "PanelGap",
    "PanelSeat",
    "Programme",
    "ProgrammeCopy",
    "ProgrammeFile",
    "ProgrammeMove",
    "Proposal",
    "Rating",
    "Relation",
    "RemarkCheck",
    "Reminder",
    "RosterImport",
    "Round",
    "RoundBundle",
    "RoundMove",
    "Scale",
    "Score",
    "ScoringFlag",
    "ScoringRun",
    "SelfAnswer",
    "SelfAssessment",
    "SelfAssessmentMove",
    "SelfFile",
    "SelfScore",
    "SetAside",
    "SetVersion",
    "SetVersionMove",
    "Sheet",
    "SheetPart",
    "StudyExpert",
    "StudyGroup",
    "StudyItem",
    "StudyMove",
    "Subject",
    "SubjectMaker",
    "WaiverMove",
    "WeightStudy",
]
