"""My desk: where everyone lands after signing in."""

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal.selectors.desk import sections
from secretariat.models import Notice

# Pages that officers need now and then, and that stand in no menu.
MORE = (
    ("assignment_list", gettext_lazy("All assignments")),
    ("replacement_list", gettext_lazy("Replacements")),
    ("study_list", gettext_lazy("Weight studies")),
    ("overlap_list", gettext_lazy("Overlaps")),
    ("appeal_list", gettext_lazy("Appeals")),
    ("resolution_list", gettext_lazy("Resolutions of the councils")),
    ("agreement_list", gettext_lazy("Agreements")),
    ("invitation_list", gettext_lazy("Invitations")),
    ("audit", gettext_lazy("Who changed what")),
)


@require_safe
def desk(request):
    notices = Notice.objects.visible_to(request.user).unread()
    return render(
        request,
        "portal/desk.html",
        {
            "sections": sections(request.user),
            "notices": notices[:6],
            "unread": notices.count(),
            "today": timezone.localdate(),
            "more": [(reverse(name), label) for name, label in MORE],
        },
    )
