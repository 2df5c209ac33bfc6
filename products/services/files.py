"""Files of a product: taken after a look inside, kept privately, never lost from a version that holds them."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from products.models import ProductFile
from products.services.hold import check_editable, locked
from secretariat import persian, uploads
from secretariat.errors import RuleBroken
from secretariat.private_files import already_here, ask_room, kept_with_rows
from secretariat.refusals import why_too_long


def attach(product_id, upload, *, by, note=""):
    """Check one uploaded file and keep it with the product. Returns the ProductFile."""
    checked = uploads.inspect(upload)  # before the lock: looking into fifty megabytes takes a while
    name, note = uploads.clean_name(upload.name, checked.extension), persian.canonical(note)
    if told := why_too_long(note, ProductFile._meta.get_field("note").max_length):
        raise RuleBroken(told, field="note")
    try:
        with kept_with_rows() as kept, transaction.atomic():
            product = locked(product_id, by=by)
            check_editable(product, by=by)
            ask_room(checked, product.files.attached())
            file = ProductFile(
                product=product,
                name=name,
                extension=checked.extension,
                content_type=checked.content_type,
                size=checked.size,
                sha256=checked.sha256,
                note=note,
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
