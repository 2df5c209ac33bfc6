"""A file without its maker: the same pages, pictures, sounds, and none of the names that programs write beside them.

`bare(data, extension)` gives the bytes of a copy for readers who may not know whose work it is; what cannot be followed
to its last byte raises CannotBare, and then there is no copy. Names *within* the work (on a title page, spoken in a
film) are part of it and stay: `words.text_of` gives the text in which an officer lets them be looked for.
"""

from secretariat.nameless import office, pdf, pictures, sounds
from secretariat.nameless.errors import CannotBare

__all__ = ["CannotBare", "bare"]

_BY_EXTENSION = {
    ".pdf": pdf.bare,
    ".jpg": pictures.jpeg,
    ".jpeg": pictures.jpeg,
    ".png": pictures.png,
    ".webp": pictures.webp,
    ".docx": office.bare,
    ".xlsx": office.bare,
    ".pptx": office.bare,
    ".mp3": sounds.mp3,
    ".mp4": sounds.mp4,
}


def bare(data, extension):
    """The bytes of `data` without what tells of its maker. The same bytes in give the same bytes out."""
    strip = _BY_EXTENSION.get(extension.lower())
    if strip is None:
        raise CannotBare(f"nothing is known of {extension}")
    try:
        return strip(data)
    except CannotBare:
        raise
    except Exception as error:  # the readers of these formats raise many kinds on what they did not expect
        raise CannotBare(f"{type(error).__name__}: {error}") from error
