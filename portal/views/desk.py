"""My desk: where everyone lands after signing in."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.selectors.desk import sections
from secretariat.models import Notice


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
        },
    )
