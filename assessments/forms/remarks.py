"""What an officer decides on a text that an assessor wrote for the submitter."""

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments.models import RemarkCheck
from secretariat.fields import CanonicalCharField


class RemarkForm(forms.Form):
    """The verdict on one text; `seen` is the digest of the text as it stood when the page was opened."""

    verdict = forms.ChoiceField(
        label=_("Decision"),
        choices=[
            (RemarkCheck.Verdict.RELEASED, _("The agency reads it as it stands below")),
            (RemarkCheck.Verdict.WITHHELD, _("The agency does not read it")),
        ],
        initial=RemarkCheck.Verdict.RELEASED,
        widget=forms.RadioSelect,
    )
    text = CanonicalCharField(
        label=_("What the agency reads"),
        help_text=_("Take out only what tells who wrote it; the judgement itself stays the assessor's."),
        widget=forms.Textarea({"dir": "auto", "rows": 8}),
        max_length=5000,
        required=False,
    )
    why = CanonicalCharField(
        label=_("Reason"),
        help_text=_("Needed when it is withheld. Only the secretariat reads it."),
        widget=forms.Textarea({"dir": "auto", "rows": 2}),
        max_length=500,
        required=False,
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    @classmethod
    def of(cls, remark, data=None):
        check = remark.check
        initial = {"text": remark.text, "seen": remark.seen}
        if check is not None:
            initial |= {"verdict": check.verdict, "text": check.text or remark.text, "why": check.why}
        return cls(data, initial=initial)
