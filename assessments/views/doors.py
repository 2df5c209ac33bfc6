"""Who finds the work pages of this room at all."""

import functools

from django.http import Http404

from secretariat.rules import is_officer


def officers_only(view):
    """To everybody but officers the page does not exist."""

    @functools.wraps(view)
    def guarded(request, *args, **kwargs):
        if not is_officer(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def show_rule(form, broken):
    """Put the sentence of a refusal beside the field it belongs to."""
    form.add_error(broken.field if broken.field in form.fields else None, broken.message)
