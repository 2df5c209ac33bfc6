"""What of products a council reads: who of it, from when until when, and who never."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import TruncDate

from assessments.blindness import KNOWS_SUBMITTER
from assessments.models import Assignment, Entry
from assessments.models.conflicted import Partial
from assessments.rules import PUBLIC_ROUNDS, SETTLED_ROUNDS, RoundStatus, Sight
from products import rules
from products.models.marks import QualityMark
from products.models.submissions import Product, SubmissionVersion, VersionFile
from products.models.withheld import Withheld
from secretariat.models import AgendaItem, Attendance, Recusal, Resolution, Seat
from secretariat.rules import LIVE_MEETINGS, MeetingStatus, councils_of, served_councils

# Members read from the call on; who keeps the papers draws them up before.
CALLED = (MeetingStatus.CALLED, MeetingStatus.IN_SESSION, MeetingStatus.HELD)
DRAWN_UP = (MeetingStatus.PLANNED, *CALLED)


def open_resolutions(user):
    """Resolutions on marks whose products' papers `user` reads now, as one of those who decide.

    Who holds a seat on the day of the meeting, from its call until its minutes are approved; a deputy once the holder is
    excused or he has said to come instead, or where he fills the seat; who keeps the council's papers already while they are drawn up. Nobody who is
    recused, or whose seat would be.
    """
    day = TruncDate("meeting__starts_at", tzinfo=ZoneInfo(settings.TIME_ZONE))
    resolutions = Resolution.objects.alias(day=day).filter(kind=Resolution.Kind.GRANT_MARKS, meeting__approved_at=None)
    own = Seat.objects.in_office().on(OuterRef("day")).filter(council=OuterRef("council"))
    lines = Attendance.objects.filter(meeting=OuterRef(OuterRef("meeting")), seat=OuterRef("pk"))
    excused, comes = (
        Q(answer=Attendance.Answer.EXCUSED) & ~Q(answered_by=user),
        Q(answer=Attendance.Answer.COMING, answered_by=user),
    )
    stands_in = Exists(lines.filter(excused | comes)) | Exists(lines.filter(presences__user=user))
    sits = Exists(own.filter(Q(user=user) | Q(stands_in, deputy=user)))
    reads = Q(sits, meeting__status__in=CALLED)
    served = served_councils(user)
    if served is None:
        reads |= Q(meeting__status__in=DRAWN_UP)
    elif served:
        reads |= Q(council__in=served, meeting__status__in=DRAWN_UP)
    aside = Recusal.objects.filter(Q(seat__user=user) | Q(seat__deputy=user), resolution=OuterRef("pk"))
    return resolutions.filter(reads).filter(~Exists(aside)).exclude(_tied(user))


def _tied(user):
    """Whether a resolution decides on something to which `user`, or whoever shares a seat of his with him, is tied."""
    tied = _on_the_table(user.pk)
    for seat in user.places_now:
        for person in {seat.user_id, seat.deputy_id} - {user.pk, None}:
            tied |= Q(_on_the_table(person), council=seat.council_id)
    return tied


def _on_the_table(person):
    marks = QualityMark.objects.exclude(status=rules.MarkStatus.DROPPED)
    lines = [table.filter(product=OuterRef("pk"), resolution=OuterRef(OuterRef("pk"))) for table in (marks, Withheld.objects)]
    return Q(Exists(Product.objects.filter(Q(Exists(lines[0])) | Q(Exists(lines[1]))).filter(Partial(person, "subject"))))


def read_with_council(user):
    """Products whose papers `user` reads now with a council that decides on them.

    Before they are drawn up, whoever keeps the papers of a council with marks on its agenda reads those it can decide on.
    Nobody does who still judges blind in a round of theirs.
    """
    if not councils_of(user):
        return Product.objects.none()
    # Asked for first: there are few, and within one query it would take longer to plan than to answer.
    resolutions = list(open_resolutions(user).values_list("pk", flat=True))
    marks = QualityMark.objects.exclude(status=rules.MarkStatus.DROPPED).filter(resolution__in=resolutions)
    decided_on = Q(pk__in=marks.values("product")) | Q(
        pk__in=Withheld.objects.filter(resolution__in=resolutions).values("product")
    )
    if served := served_councils(user):
        items = AgendaItem.objects.filter(
            kind=AgendaItem.Kind.MARKS, meeting__status__in=LIVE_MEETINGS, meeting__council__in=served
        )
        scored = Entry.objects.filter(round__status__in=SETTLED_ROUNDS, result__value__isnull=False, excluded_at=None)
        decided_on |= Q(
            Exists(items),
            ~Q(Partial(user.pk, "subject")),
            status=rules.ProductStatus.ACCEPTED,
            subject__in=scored.values("subject"),
        )
    blind = Assignment.objects.active().filter(assessor__user=user).exclude(KNOWS_SUBMITTER)
    blind = blind.exclude(entry__round__status__in=(*PUBLIC_ROUNDS, RoundStatus.CANCELLED))
    judged = Entry.objects.filter(round__in=blind.values("entry__round"))
    return Product.objects.filter(decided_on).exclude(subject__in=judged.values("subject"))


def never_named():
    """Products on which councils decide without reading whose they are: their round shows that to nobody who weighs them."""
    entries = Entry.objects.filter(round__see_submitter=Sight.NEVER, round__status__in=SETTLED_ROUNDS, excluded_at=None)
    return Product.objects.filter(subject__in=entries.values("subject"))


def files_read_with_council(user):
    """As a condition on files: those of the newest submission, as they are or, where nobody is named, as nameless copies."""
    products = read_with_council(user).filter(pk=OuterRef("product"))
    newer = SubmissionVersion.objects.filter(product=OuterRef("version__product"), number__gt=OuterRef("version__number"))
    newest = VersionFile.objects.filter(~Exists(newer), file=OuterRef("pk"))
    named = ~Exists(never_named().filter(pk=OuterRef("product")))
    return Q(Exists(newest)) & Q(Exists(products)) & (Q(named) | Q(nameless__status="ready", nameless__hidden_why=""))
