"""The door to what results tell of a round and its assessors: for officers who have no work left in it."""

import functools

from django.shortcuts import render

from assessments.selectors.readers import still_judges
from assessments.views.rounds import find_round
from secretariat.gate import officers_only


def wait_page(request, round_):
    """What is said to those who still have to judge in a round themselves."""
    return render(request, "assessments/round_wait.html", {"round": round_}, status=403)


def results_readers(view):
    """Hand the round in the place of its key to the view, or say why it is not to be read yet."""

    @functools.wraps(view)
    @officers_only
    def guarded(request, pk, *args, **kwargs):
        round_ = find_round(request, pk)
        if still_judges(request.user, round_):
            return wait_page(request, round_)
        return view(request, round_, *args, **kwargs)

    return guarded
