"""The workbook that somebody filled in without a connection, on its way back."""

from django import forms
from django.utils.translation import gettext_lazy


class PaperForm(forms.Form):
    """One file; what it is and what it says is looked at by `assessments.paper.reading`."""

    file = forms.FileField(label=gettext_lazy("The filled-in sheet (XLSX)"), allow_empty_file=True)
