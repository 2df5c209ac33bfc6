"""The ways a request can be refused by the domain."""

from contextlib import contextmanager

from django.contrib import messages


class RuleBroken(Exception):
    """A domain rule said no; str() is a sentence fit for the user.

    `field` names the form field the sentence belongs to, where there is one.
    """

    def __init__(self, message, field=None):
        super().__init__(message)
        self.message = message
        self.field = field

    def __str__(self):
        return str(self.message)

    def show_in(self, form):
        """Put the sentence beside its field in a bound form, or above the form when it belongs to none."""
        form.add_error(self.field if self.field in form.fields else None, self.message)


class Stale(RuleBroken):
    """Somebody else saved this object after the form was opened; `current` is what stands now."""

    def __init__(self, message, current):
        super().__init__(message)
        self.current = current

    def stand_beside(self, form):
        """Tell it above a form, and let its next saving count from what now stands; gives what differs, as `form.beside` shows it."""
        form.add_error(None, self.message)
        form.data = form.data.copy()
        form.data["version"] = self.current.version
        return form.beside(self.current)


@contextmanager
def refusals_told(request):
    """Do what stands in it; at a refusal leave the rest undone and tell the reader why, on the page he sees next."""
    try:
        yield
    except RuleBroken as broken:
        request.was_refused = True  # the browser keeps what was written (gate.once)
        messages.error(request, str(broken))
