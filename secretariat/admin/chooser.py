"""What fields that search as one types offer."""

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.db.models import Prefetch
from django.utils.translation import gettext as _

from secretariat.models import RoleGrant, User


class Chooser(AutocompleteJsonView):
    """People with the agency that they represent, and only those who may sign in; anything else as it is called."""

    def get_queryset(self):
        found = super().get_queryset()
        if self.model_admin.model is not User:
            return found
        represented = RoleGrant.objects.current().filter(agency__isnull=False).select_related("agency")
        return found.filter(is_active=True).prefetch_related(Prefetch("role_grants", represented, to_attr="represents"))

    def serialize_result(self, obj, to_field_name):
        told = super().serialize_result(obj, to_field_name)
        if isinstance(obj, User):
            beside = [grant.agency.name for grant in obj.represents] or [obj.email or obj.username]
            told["text"] += " – " + _(", ").join(beside)
        return told
