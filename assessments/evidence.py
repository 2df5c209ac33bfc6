"""What an assessor looks at while judging; the rooms above say how their subjects show themselves.

A room registers a provider for its kind of subject when it starts, so this room need not know it.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class EvidenceFile:
    name: str
    url: str = ""  # none while it cannot be opened; then `note` says why
    size: int = 0
    content_type: str = ""
    note: str = ""


@dataclass(frozen=True)
class Evidence:
    """What is shown beside the sheet: answers of the submission, web addresses, files."""

    fields: list = field(default_factory=list)  # (label, value)
    links: list = field(default_factory=list)  # (label, address)
    files: list = field(default_factory=list)  # EvidenceFile

    def __bool__(self):
        return bool(self.fields or self.links or self.files)


_providers = {}


def register(kind, provider):
    """Let `provider(subject, blind=…)` give the Evidence of subjects of this kind."""
    _providers[kind] = provider


def evidence_for(subject, *, blind):
    """The evidence of a subject. In a blind round the provider leaves out whose it is and how its files were named."""
    provider = _providers.get(subject.kind)
    return provider(subject, blind=blind) if provider else Evidence()
