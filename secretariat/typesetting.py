"""Papers as PDF: a template of a room's own folder, set by typst in the portal's own fonts."""

import typst
from django.conf import settings

FONTS = settings.BASE_DIR / "node_modules" / "vazirmatn" / "fonts" / "ttf"


def pdf(template, **inputs):
    """The accessible PDF of a template (a path); `inputs` are texts that it reads by their names."""
    # The root is the template's own folder and the fonts are ours: nothing else on the machine can be read.
    return typst.compile(
        str(template),
        root=str(template.parent),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards="ua-1",
        sys_inputs=inputs,
    )
