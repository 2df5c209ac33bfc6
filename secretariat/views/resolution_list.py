"""All resolutions that a person may read, as one list: what was decided where, what holds today, what is still open."""

from django.http import Http404
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from secretariat import calendar, matters
from secretariat.lists import Choice, Column, ListPage
from secretariat.models import Resolution
from secretariat.rules import Force, ResolutionStatus, is_officer
from secretariat.selectors import meeting_room as room
from secretariat.selectors.resolutions import with_force
from secretariat.text_columns import folded


def _councils(request):
    return [(council.pk, council.name) for council in room.councils_seen(request.user).filter(resolutions__isnull=False).distinct()]


def _years(request):
    adopted = Resolution.objects.visible_to(request.user).exclude(year=None)
    return [(year, calendar.digits(year)) for year in adopted.order_by("-year").values_list("year", flat=True).distinct()]


class ResolutionList(ListPage):
    name = "resolutions"
    caption = gettext_lazy("Resolutions")
    columns = [
        Column("title", gettext_lazy("Resolution"), sort="title", link=True),
        Column("number", gettext_lazy("Number"), sort="register_no", value="reference", kind="reference"),
        Column("council", gettext_lazy("Council"), sort="council__sort_key", value="council.name"),
        Column("kind", gettext_lazy("Kind"), value="get_kind_display", shown=False),
        Column("decision", gettext_lazy("Kind of decision"), value="get_decision_display", shown=False),
        Column("meeting", gettext_lazy("Meeting"), sort="meeting__starts_at", value="meeting.starts_at", kind="date"),
        Column("since", gettext_lazy("in force from"), sort="in_force_from", value="in_force_from", kind="date", shown=False),
        Column("until", gettext_lazy("in force until"), sort="in_force_until", value="in_force_until", kind="date", shown=False),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column(
            "force",
            gettext_lazy("Today"),
            template="secretariat/cells/force.html",
            value=lambda row: Force(row.force).label if row.force else "",
        ),
    ]
    search = ("search_key", "council__name_fa", "council__name_en")
    default_sort = "-meeting"
    empty_title = gettext_lazy("No resolution yet.")
    empty_text = gettext_lazy("They are put down at a point of a meeting’s agenda, and stay here once the council has decided.")
    filters = [
        Choice("council", gettext_lazy("Council"), _councils),
        Choice("year", gettext_lazy("Jalali year"), _years),
        Choice("status", gettext_lazy("State"), ResolutionStatus.choices),
        Choice("force", gettext_lazy("Today"), Force.choices),
        Choice("kind", gettext_lazy("Kind"), Resolution.Kind.choices),
    ]

    def queryset(self):
        found = with_force(Resolution.objects.visible_to(self.request.user)).annotate(search_key=folded("title", "text"))
        return found.select_related("council", "meeting")

    def row_url(self, row):
        return matters.page_of(row)


@require_safe
def resolution_list(request):
    """Resolutions: a member those of the own councils, officers all."""
    if not (is_officer(request.user) or room.councils_seen(request.user).exists()):
        raise Http404
    return ResolutionList(request).respond("secretariat/resolution_list.html")
