"""Everything the products room keeps."""

from products.models.batches import CertificateBatch
from products.models.credentials import MarkCredential, SigningKey
from products.models.exemplars import Exemplar, ExemplarConsent, ExemplarFile, ExemplarMove, ExemplarPoint
from products.models.marks import MarkMove, QualityMark, RenewalCall
from products.models.nameless import NamelessCopy
from products.models.renewals import RenewalFile, RenewalMove, RenewalRequest
from products.models.submissions import (
    Creator,
    KindField,
    Overlap,
    Product,
    ProductFile,
    ProductKind,
    ProductMove,
    Screening,
    SubmissionVersion,
    VersionFile,
)
from products.models.withheld import Withheld

__all__ = [
    "CertificateBatch",
    "Creator",
    "Exemplar",
    "ExemplarConsent",
    "ExemplarFile",
    "ExemplarMove",
    "ExemplarPoint",
    "KindField",
    "MarkCredential",
    "MarkMove",
    "NamelessCopy",
    "Overlap",
    "Product",
    "ProductFile",
    "ProductKind",
    "ProductMove",
    "QualityMark",
    "RenewalCall",
    "RenewalFile",
    "RenewalMove",
    "RenewalRequest",
    "Screening",
    "SigningKey",
    "SubmissionVersion",
    "VersionFile",
    "Withheld",
]
