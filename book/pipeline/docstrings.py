"""Docstrings as Markdown (MyST): what an author wrote as plain text is shown faithfully, and nothing of it is markup.

Known forms: paragraphs; ``literals`` in backticks; *emphasis*; lists with ``- ``; ``>>>`` examples; indented blocks;
sections with an underlined title, in which ``name : text`` with indented lines below is an entry of a definition list.
"""

from __future__ import annotations

from collections.abc import Callable
import inspect
import re

#: What turns the text between backticks into a link, or None if it is no name that has an entry.
Link = Callable[[str, bool], str | None]

TITLE_LINE = re.compile(r"-{3,}")
ITEM = re.compile(r"(?P<name>[^\s:][^:]{0,80}?) : (?P<text>.+)")
BULLET = re.compile(r"- +(?=\S)")
#: Code in backticks, an address, an option of a command (typography would join its hyphens), or emphasis.
INLINE = re.compile(
    r"``(?P<literal>.+?)``"
    r"|`(?P<reference>[^`]+?)`"
    r"|(?P<address>https?://[^\s<>()]*[\w/])"
    r"|(?<![\w-])(?P<option>--[\w-]+)"
    r"|(?<![\w*])\*(?P<emphasis>[^\s*](?:[^*]*[^\s*])?)\*(?![\w*])",
    flags=re.S,
)
#: Every sign that could mean something to Markdown or one of its extensions.
SIGNS = re.compile(r"([\\`*_{}\[\]<>#$|~!&^@=])")


def markdown(docstring: str, link: Link = lambda name, reference: None) -> str:
    """A docstring, as ``ast.get_docstring`` or ``inspect.getdoc`` gives it, as Markdown.

    >>> markdown("Add two <numbers>.")
    'Add two \\\\<numbers\\\\>.'
    """
    return "\n\n".join(blocks(docstring.splitlines(), link))


def blocks(lines: list[str], link: Link) -> list[str]:
    """Lines without common indentation as blocks of Markdown, to be parted by empty lines."""
    found: list[str] = []
    in_section = False
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif at + 1 < len(lines) and TITLE_LINE.fullmatch(lines[at + 1].strip()):
            in_section = True
            found.append(f"**{escaped(line.strip())}**")
            at += 2
        elif line.lstrip().startswith(">>>"):
            end = next((n for n in range(at, len(lines)) if not lines[n].strip()), len(lines))
            found.append(fenced(lines[at:end], "python"))
            at = end
        elif line.startswith("  "):
            at, block = indented(lines, at)
            found.append(fenced(block))
        elif in_section and ITEM.fullmatch(line):
            at, items = definitions(lines, at, link)
            found.append(items)
        elif BULLET.match(line):
            at, items = bullets(lines, at, link)
            found.append(items)
        else:
            end = paragraph_end(lines, at, in_section)
            text = "\n".join(lines[at:end])
            found.append(inline(text[:-1] if text.endswith("::") else text, link))
            at = end
    return found


def paragraph_end(lines: list[str], at: int, in_section: bool) -> int:
    """Where a paragraph that begins at a line ends: at an empty line, or where something else begins."""
    for number in range(at + 1, len(lines)):
        line = lines[number]
        ends = not line.strip() or BULLET.match(line) or line.startswith(">>>")
        if ends or (in_section and ITEM.fullmatch(line)):
            return number
        if number + 1 < len(lines) and TITLE_LINE.fullmatch(lines[number + 1].strip()):
            return number
    return len(lines)


def indented(lines: list[str], at: int) -> tuple[int, list[str]]:
    """(the line after it, an indented block) with its common indentation taken away."""
    end = at
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith("  ")):
        end += 1
    return end, inspect.cleandoc("\n" + "\n".join(lines[at:end])).splitlines()


def definitions(lines: list[str], at: int, link: Link) -> tuple[int, str]:
    """(the line after it, a definition list) of entries ``name : text``."""
    entries = []
    while at < len(lines) and (found := ITEM.fullmatch(lines[at])):
        at, rest = indented(lines, at + 1)
        body = shifted(blocks([found["text"], *rest], link), "  ")
        entries.append(f"{term(found['name'], link)}\n: {body}")
    return at, "\n\n".join(entries)


def term(name: str, link: Link = lambda name, reference: None) -> str:
    """The names of an entry as code, each by itself: ``a, b`` are two.  A class (an error, say) leads to its own entry.

    >>> term("frames, size")
    '``frames``, ``size``'
    """
    if "`" in name:
        return inline(name, link)
    if name.startswith("(") or " " in re.sub(r", +", "", name):
        return code(name)
    return ", ".join(named(part, link) if part[:1].isupper() else code(part) for part in re.split(r", +", name))


def bullets(lines: list[str], at: int, link: Link) -> tuple[int, str]:
    """(the line after it, a list); an item goes on in indented lines."""
    items = []
    while at < len(lines) and (found := BULLET.match(lines[at])):
        first = lines[at][found.end() :]
        end = at + 1
        while end < len(lines) and lines[end].startswith(" "):
            end += 1
        rest = inspect.cleandoc("\n" + "\n".join(lines[at + 1 : end])).splitlines() if end > at + 1 else []
        items.append("- " + shifted(blocks([first, *rest], link), "  "))
        at = end
    return at, "\n".join(items)


def shifted(parts: list[str], by: str) -> str:
    """Blocks as the body of a list's item: every line but the first is indented."""
    return "\n\n".join(parts).replace("\n", "\n" + by).replace("\n" + by + "\n", "\n\n")


def fenced(lines: list[str], language: str = "text") -> str:
    return "\n".join([f"```{language}", *lines, "```"])


def inline(text: str, link: Link) -> str:
    """A paragraph: literals, names and emphasis are kept, everything else is text."""
    pieces, at = [], 0
    for found in INLINE.finditer(text):
        pieces += [escaped(text[at : found.start()]), rendered(found, link)]
        at = found.end()
    pieces.append(escaped(text[at:]))
    # A line must not begin a list, a heading, a definition, a comment or a fence.
    shown = re.sub(r"(?m)^(\s*)([-+:%])", r"\1\\\2", "".join(pieces))
    return re.sub(r"(?m)^(\s*\d+)([.)])(?=\s|$)", r"\1\\\2", shown)


def rendered(found: re.Match, link: Link) -> str:
    if found["address"]:
        return f"<{found['address']}>"
    if found["emphasis"]:
        return f"*{escaped(found['emphasis'])}*"
    name = " ".join((found["literal"] or found["reference"] or found["option"]).split())
    return named(name, link, found["reference"] is not None)


def named(name: str, link: Link, reference: bool = True) -> str:
    """A name as code; a link where it has an entry."""
    target = link(name, reference)
    return f"{{py:obj}}`{name} <{target}>`" if target else code(name)


def code(text: str) -> str:
    """A literal, however many backticks are in it.

    >>> code("a"), code("`a`")
    ('``a``', '``` `a` ```')
    """
    if "`" not in text:
        return f"``{text}``"
    ticks = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)))
    return f"{ticks} {text} {ticks}"


def escaped(text: str) -> str:
    return SIGNS.sub(r"\\\1", text)
