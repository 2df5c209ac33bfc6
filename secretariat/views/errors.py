"""Pages for when something is not there, not allowed, or broken; they tell nothing of the inside."""

from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.defaults import bad_request

_TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


@login_not_required
def not_found(request, exception=None):
    return render(request, "errors/404.html", status=404)


@login_not_required
def refused(request, exception=None):
    """A request with more in it than is taken is explained; to a page's script in JSON. Any other that no page of ours sends is not."""
    if not isinstance(exception, _TOO_MUCH):
        return bad_request(request, exception)
    if "json" in request.headers.get("Accept", ""):
        message = _("This is too long to be kept here. Shorten it, or send it as a file.")
        return JsonResponse({"message": message, "errors": {}}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return render(request, "errors/413.html", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


@login_not_required
def forbidden(request, exception=None):
    return render(request, "errors/403.html", status=403)


@login_not_required
def broken(request):
    return render(request, "errors/500.html", status=500)


@login_not_required
def csrf_failure(request, reason=""):
    return render(request, "errors/csrf.html", status=403)
