"""Reads the texts out of Python and templates and keeps the Persian catalogues complete.

Built on Babel, so no gettext programs are needed. Runs inside .venv (Babel and Django's template lexer).
The .po files are the source and are committed; the .mo files are compiled from them and are not.
"""

import io
import re
import tempfile
from pathlib import Path

from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("secretariat", "assessments", "products", "portal")
# Shared templates belong to the lowest room: every other room may use them.
EXTRA_FOLDERS = {"secretariat": ("templates",)}
SKIPPED_FOLDERS = {"migrations", "node_modules", "locale", "static", "__pycache__"}
TEMPLATE_SUFFIXES = {".html", ".txt", ".xml", ".svg"}

# The names that mark a text. A "p" means the first argument is a context, an "n" that two forms follow.
MARKS = ("gettext", "ngettext", "pgettext", "npgettext")
KEYWORDS = ("_", "gettext_noop", *MARKS, *(f"{mark}_lazy" for mark in MARKS))
COMMENT_TAGS = ("Translators:",)

HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"
"""
PLURALS = {"fa": "nplurals=2; plural=(n > 1);", "en": "nplurals=2; plural=(n != 1);"}

PLACEHOLDER = re.compile(r"%\(\w+\)[#0 +-]*\d*(?:\.\d+)?[a-z]|%[sdfr]|\{\w*\}")
TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*")
ARABIC_LETTERS = re.compile("[\u064a\u0643]")


def blank(language):
    """Make an empty catalogue whose header names its language and plural rule."""
    return read_po(io.StringIO(HEADER.format(language=language, plurals=PLURALS[language])))


def po_path(room, language="fa"):
    return ROOT / room / "locale" / language / "LC_MESSAGES" / "django.po"


def key_of(message):
    """Name a message as a fill file names it: the msgid, or context, EOT, msgid."""
    msgid = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
    return f"{message.context}\x04{msgid}" if message.context else msgid


def texts(catalogue):
    """Walk over a catalogue's messages without its header."""
    return (message for message in catalogue if message.id)


def is_translated(message):
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    wanted = 2 if isinstance(message.id, (tuple, list)) else 1
    return len(strings) == wanted and all(strings) and not message.fuzzy


# ---------------------------------------------------------------- reading the sources
def _source_files(room):
    for folder in (room, *EXTRA_FOLDERS.get(room, ())):
        for path in sorted((ROOT / folder).rglob("*")):
            if SKIPPED_FOLDERS.intersection(path.relative_to(ROOT).parts):
                continue
            if path.suffix == ".py" or (path.suffix in TEMPLATE_SUFFIXES and "templates" in path.parts):
                yield path


def _python_of(path):
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return source
    # A template becomes its gettext calls between blanked words. Only the calls matter, not the
    # indentation or the text, which Python's tokenizer would stumble over.
    return "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines()) + "\n"


def _split(funcname, arguments):
    """Turn a call's literal arguments into (msgid, context), or None where something is no literal."""
    values = list(arguments) if isinstance(arguments, tuple) else [arguments]
    marks = funcname.partition("gettext")[0]
    context = values.pop(0) if "p" in marks else None
    forms = values[: 2 if "n" in marks else 1]
    if not forms or not all(forms) or ("p" in marks and not context):
        return None
    return (tuple(forms) if "n" in marks else forms[0]), context


def extract(room):
    """Collect every text of a room into a fresh Persian catalogue without translations."""
    catalogue = blank("fa")
    for path in _source_files(room):
        stream = io.BytesIO(_python_of(path).encode("utf-8"))
        where = path.relative_to(ROOT).as_posix()
        for _line, funcname, arguments, comments in extract_python(stream, KEYWORDS, COMMENT_TAGS, {}):
            if found := _split(funcname, arguments):
                msgid, context = found
                catalogue.add(msgid, None, [(where, 1)], auto_comments=comments, context=context)
    return catalogue


# ---------------------------------------------------------------- keeping the catalogues
def load(room):
    path = po_path(room)
    if not path.exists():
        return blank("fa")
    with path.open(encoding="utf-8") as file:
        return read_po(file)


def _as_plural(message, value):
    """Fit one Persian text, or a pair, to the message: nouns do not change after a number."""
    if isinstance(message.id, (tuple, list)):
        pair = (value, value) if isinstance(value, str) else tuple(value)
        return pair if len(pair) == 2 else (pair[0], pair[0])
    return value if isinstance(value, str) else value[-1]


def refresh(room, fill=None):
    """Rewrite a room's catalogue: texts as the sources have them, translations kept.

    A text that another room has already put into Persian is taken from there, so that the
    same English always reads the same.
    """
    known = {}
    for other in (*(r for r in ROOMS if r != room), room):
        known.update({key_of(m): m.string for m in texts(load(other)) if is_translated(m)})
    known.update(fill or {})
    catalogue = extract(room)
    for message in texts(catalogue):
        message.string = _as_plural(message, known.get(key_of(message)) or "")
    write(catalogue, po_path(room))
    return catalogue


def write(catalogue, path):
    """Write a .po whose lines change only when a text does: sorted, no dates, no line numbers."""
    body = io.BytesIO()
    write_po(body, catalogue, width=110, sort_output=True, omit_header=True, include_lineno=False, ignore_obsolete=True)
    text = HEADER.format(language="fa", plurals=PLURALS["fa"]) + "\n" + body.getvalue().decode("utf-8").strip() + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, text.encode("utf-8"))


def _replace(path, content):
    """Put a file in place in one step: a server may be reading the old one."""
    if path.exists() and path.read_bytes() == content:
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def compile_room(room):
    """Compile the Persian catalogue, and an English one that answers with the source itself.

    Without the English one Django would look a text up in its own catalogues first, whose
    wording for the same English may differ from ours.
    """
    persian = load(room)
    english = blank("en")
    for message in texts(persian):
        english.add(message.id, message.id, context=message.context)
    for language, catalogue in (("fa", persian), ("en", english)):
        content = io.BytesIO()
        write_mo(content, catalogue)
        target = po_path(room, language).with_suffix(".mo")
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, content.getvalue())


# ---------------------------------------------------------------- finding faults
def _faults_of(message):
    sources = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
    if not is_translated(message):
        return ["is not translated"]
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    faults = []
    for index, string in enumerate(strings):
        source = sources[min(index, len(sources) - 1)]
        have, wanted = sorted(PLACEHOLDER.findall(string)), sorted(PLACEHOLDER.findall(source))
        # A singular may leave the number out ("one vote") or keep it.
        allowed = [sorted(PLACEHOLDER.findall(s)) for s in sources] if len(sources) == 2 and index == 0 else [wanted]
        if have not in allowed:
            faults.append(f"has other placeholders in Persian: {have} for {wanted}")
        if sorted(TAG.findall(string)) != sorted(TAG.findall(source)):
            faults.append("has other HTML tags in Persian")
        if (string[:1].isspace(), string[-1:].isspace()) != (source[:1].isspace(), source[-1:].isspace()):
            faults.append("begins or ends with space in one language only")
        if ARABIC_LETTERS.search(string):
            faults.append("has an Arabic yeh or kaf where Persian has ی and ک")
    return faults


def untranslated(room):
    return [m for m in texts(load(room)) if not is_translated(m)]


def faults(rooms=ROOMS):
    """List everything wrong with the committed catalogues, one sentence each."""
    found, said = [], {}
    for room in rooms:
        wanted = {key_of(m): m for m in texts(extract(room))}
        have = {key_of(m): m for m in texts(load(room))}
        found += [f"{room}: {key!r} is not in the catalogue" for key in wanted if key not in have]
        found += [f"{room}: {key!r} is in no source any more" for key in have if key not in wanted]
        for key, message in have.items():
            found += [f"{room}: {key!r} {fault}" for fault in _faults_of(message)]
            if key in wanted and bool(wanted[key].pluralizable) != bool(message.pluralizable):
                found.append(f"{room}: {key!r} has a plural in only one of source and catalogue")
            if is_translated(message):
                strings = _as_plural(message, message.string)
                first = said.setdefault(key, (room, strings))
                if first[1] != strings and isinstance(first[1], str) == isinstance(strings, str):
                    found.append(f"{room}: {key!r} reads otherwise in {first[0]}; use pgettext where it must differ")
    return found
