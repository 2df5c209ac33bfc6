"""Files of a product: taken after a look inside, kept privately, never lost from a version that holds them."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from products.models import ProductFile
from products.services.hold import check_editable, locked
from secretariat import calendar, persian, uploads
from secretariat.errors import RuleBroken
from secretariat.private_files import already_here, kept_with_rows


def attach(product_id, upload, *, by, note=""):
    """Check one uploaded file and keep it with the product. Returns the ProductFile."""
    checked = uploads.inspect(upload)  # before the lock: looking into fifty megabytes takes a while
    name = uploads.clean_name(upload.name, checked.extension)
    try:
        with kept_with_rows() as kept, transaction.atomic():
            product = locked(product_id, by=by)
            check_editable(product, by=by)
            _check_room(product, checked, name)
            file = ProductFile(
                product=product,
                name=name,
                extension=checked.extension,
                content_type=checked.content_type,
                size=checked.size,
                sha256=checked.sha256,
                note=persian.canonical(note)[:200],
                uploaded_by=by,
            )
            file.file.save(name, checked.content, save=False)
            kept.append(file.file)
            file.save()
            return file
    except IntegrityError as error:
        if "file_once_in_a_product" in str(error):
            raise already_here(name) from None
        raise


@transaction.atomic
def detach(file_id, *, by):
    """Take a file out of the draft; versions handed in before still hold it. Doing it twice is no harm."""
    file = ProductFile.objects.select_related("product").get(pk=file_id)
    check_editable(locked(file.product_id, by=by), by=by)
    if file.removed_at is None:
        file.removed_at = timezone.now()
        file.save(update_fields=["removed_at"])
    return file


def _check_room(product, checked, name):
    attached = list(product.files.attached())
    same = next((file for file in attached if file.sha256 == checked.sha256), None)
    if same is not None:
        raise already_here(same.name)
    if len(attached) >= settings.UPLOAD_MAX_FILES:
        raise RuleBroken(
            _("A product takes at most %(n)s files. Remove one, or put several pages into one PDF.")
            % {"n": calendar.digits(settings.UPLOAD_MAX_FILES)},
            field="file",
        )
