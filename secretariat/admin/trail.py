"""The read-only history of a row in the admin: its moves, and every change that the database kept."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from secretariat.selectors import audit


class Trail:
    """A ModelAdmin whose history page tells moves with reasons and every change, instead of the admin's own log."""

    history_length = 200

    def history_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        changes, more = audit.changes(model=obj._meta.label_lower, row=obj.pk, limit=self.history_length)
        context = {
            **self.admin_site.each_context(request),
            "title": _("History: %(name)s") % {"name": obj},
            "subtitle": None,
            "opts": self.opts,
            "object": obj,
            "moves": _moves(obj),
            "changes": changes,
            "more": more,
        }
        return TemplateResponse(request, "admin/trail.html", context)


def _moves(obj):
    """The moves of a row with its states in words."""
    if not hasattr(obj, "moves"):
        return []
    words = dict(obj.Status.choices)
    return [
        {
            "at": move.at,
            "by": move.by,
            "why": move.why,
            "source": words.get(move.source, "–"),
            "target": words.get(move.target, move.target),
        }
        for move in obj.moves.select_related("by")
    ]
