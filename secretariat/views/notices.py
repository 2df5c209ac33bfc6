"""What a person was told: the list, and the step from a notice to the work."""

from django.core.paginator import Paginator
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from secretariat.models import Notice
from secretariat.services import notices as service

PAGE_SIZE = 50


@require_safe
def notices(request):
    """Everything one was told, the newest first; `?unread=1` for what is new."""
    mine = Notice.objects.visible_to(request.user)
    unread_only = request.GET.get("unread") == "1"
    page = Paginator(mine.unread() if unread_only else mine, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request, "secretariat/notices.html", {"page": page, "unread_only": unread_only, "unread": mine.unread().count()}
    )


@require_safe
def notice_open(request, pk):
    """Note that it was read, and go to what it is about."""
    try:
        notice = service.mark_read(pk, by=request.user)
    except Notice.DoesNotExist:
        raise Http404 from None
    if notice.link and url_has_allowed_host_and_scheme(notice.link, allowed_hosts=None):
        return HttpResponseRedirect(notice.link)
    return redirect("notices")


@require_POST
def notices_read(request):
    """Note that everything was read."""
    service.mark_all_read(by=request.user)
    return redirect("notices")
