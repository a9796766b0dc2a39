"""Message text: what is accepted, and the HTML it becomes.

`clean` is the gate for text that people send and `render` makes the HTML that is stored beside
it. Markdown is parsed without raw HTML and the result is sanitised all the same, so that a fault
in the parser cannot become a script in somebody's page. Every input ends in bounded time: what is
too deep or grows too large is shown as it was typed.

The module is shared by all greenlets and never yields. It keeps no state between calls.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from time import thread_time
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, link
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments.lexer import Lexer, RegexLexerMeta
from pygments.lexers import get_lexer_by_name
from pygments.token import Token as Lexeme
from pygments.token import _TokenType

MAX_LENGTH = 10_000

MAX_NESTING = 20
MAX_CELLS = 2_000
# Each bracket that may begin a link is looked at in vain up to the end of the text.
MAX_LINK_STARTS = 1_000
MAX_HTML = 64 * 1024
MAX_CODE = 4_000
MAX_CODE_SECONDS = 0.05
MAX_LOOKAHEAD = 400
MAX_NAMES = 50

# -- What is accepted


def clean(text: str) -> str:
    """Return the text as it is stored, or raise ValueError with the code of what is wrong.

    Line ends become LF, blank lines before and white space after the text go. All else stays as
    typed. Only what a database or a transport cannot carry is refused: NUL and lone surrogates.
    """
    if "\0" in text:
        raise ValueError("nul")
    if SURROGATE.search(text):
        raise ValueError("surrogate")
    text = LEADING_BLANK_LINES.sub("", LINE_END.sub("\n", text).rstrip())
    if not text:
        raise ValueError("empty")
    if len(text) > MAX_LENGTH:
        raise ValueError("too_long")
    return text


SURROGATE = re.compile(r"[\ud800-\udfff]")
LINE_END = re.compile(r"\r\n?")
LEADING_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")


# -- What it becomes


def render(text: str) -> str:
    """Return cleaned text as safe HTML."""
    if not SIGNIFICANT.search(text):
        return _as_typed(text)
    return _render_markdown(text)


# Most messages are a plain sentence. Whatever holds none of these reads the same with and without
# Markdown, which a property test holds against the long way.
SIGNIFICANT = re.compile(
    r"""
      [\\`*_\[<@\x00-\x09\x0b-\x1f]     # marks, mentions of addresses, controls
    | ~~ | ://
    | &\#?\w+;                          # an entity
    | \.(?![\s.,;:!?)"'»”…]|\Z)         # perhaps a host name
    | ^[#>+\-=|:]                       # headings, quotes, lists, rules, tables
    | ^\d+[.)]
    | ^[^\S\n] | [^\S\n]$ | \A\n | \n\Z # indents, hard breaks
    """,
    re.MULTILINE | re.VERBOSE,
)


def _as_typed(text: str) -> str:
    """Return the text as paragraphs and lines, with nothing in it taken as markup."""
    # The sanitiser writes a no-break space as an entity, and both ways must agree.
    html = escape(text, quote=False).replace("\xa0", "&nbsp;")
    paragraphs = (part.strip() for part in PARAGRAPH_END.split(html))
    lines = (paragraph.replace("\n", "<br>\n") for paragraph in paragraphs if paragraph)
    return "\n".join(f"<p>{line}</p>" for line in lines)


PARAGRAPH_END = re.compile(r"\n(?:[^\S\n]*\n)+")


def _render_markdown(text: str, env: dict[str, Any] | None = None) -> str:
    env = {} if env is None else env
    tokens = markdown.parse(text, env)
    if _is_too_deep(tokens):
        return _as_typed(text)
    html = sanitiser.clean(markdown.renderer.render(tokens, markdown.options, env)).strip()
    return html if len(html) <= MAX_HTML else _as_typed(text)


def _is_too_deep(tokens: Sequence[Token]) -> bool:
    """Say whether the parser reached its limit, where it drops what lies deeper."""
    return any(token.level >= MAX_NESTING - 1 for token in tokens)


# -- Blocks


def _bounded_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a table, unless filling up its short rows would multiply the text."""
    if start + 2 > end:
        return False
    ruler = state.src[state.bMarks[start + 1] : state.eMarks[start + 1]]
    if (ruler.count("|") + 1) * (end - start) > MAX_CELLS:
        return False
    return table(state, start, end, silent)


def _heading_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """Show a heading as a strong line: the outline of the page is not the writer's."""
    return "<p><strong>"


def _heading_close(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return "</strong></p>\n"


def _fence(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    code = tokens[index].content
    language = tokens[index].info.strip().partition(" ")[0].lower()
    return f"<pre><code>{_highlight(code, language, env) or escapeHtml(code)}</code></pre>\n"


# -- Code

NAMES_OF_LANGUAGES = """
    bash c c++ cpp cs csharp css diff docker dockerfile go golang html ini java javascript js json
    jsx kotlin lua nginx php powershell ps1 py python rb ruby rs rust scss sh shell sql swift toml
    ts tsx typescript xml yaml yml
"""
LANGUAGES = frozenset(NAMES_OF_LANGUAGES.split())

# A few classes are enough to read by, and keep the stored HTML small.
CODE_CLASSES = {
    Lexeme.Comment: "c",
    Lexeme.Keyword: "k",
    Lexeme.Literal.Number: "m",
    Lexeme.Literal.String: "s",
    Lexeme.Name.Attribute: "na",
    Lexeme.Name.Builtin: "nb",
    Lexeme.Name.Class: "nc",
    Lexeme.Name.Decorator: "nd",
    Lexeme.Name.Function: "nf",
    Lexeme.Name.Tag: "nt",
    Lexeme.Name.Variable: "nv",
    Lexeme.Generic.Deleted: "gd",
    Lexeme.Generic.Heading: "gh",
    Lexeme.Generic.Inserted: "gi",
    Lexeme.Generic.Subheading: "gh",
    Lexeme.Operator.Word: "k",
}


class _Windowed:
    """A pattern of a lexer that looks only so far ahead.

    Most lexers look far ahead at some input or other, in quadratic time, and a pattern that is
    being matched cannot be interrupted.
    """

    def __init__(self, match: Callable[..., re.Match[str] | None]) -> None:
        self._match = match

    def __call__(self, text: str, pos: int = 0, end: int = MAX_LENGTH) -> re.Match[str] | None:
        return self._match(text, pos, min(end, pos + MAX_LOOKAHEAD))


def _process_regex(meta: type, regex: Any, flags: int, state: str) -> _Windowed:
    return _Windowed(_compile_regex(meta, regex, flags, state))


# Lexers make others as they go, of their own class or another; all get their patterns from here.
_maker_of_lexers: Any = RegexLexerMeta
_compile_regex = _maker_of_lexers._process_regex
_maker_of_lexers._process_regex = _process_regex


def _highlight(code: str, language: str, env: EnvType) -> str | None:
    """Return the code with its colours, or None where that is not known or takes too long.

    The code of a message that is coloured is short, and the time for all of it together is
    measured as it goes, from one pattern that matches to the next.
    """
    env["code"] = env.get("code", 0) + len(code)
    if language not in LANGUAGES or env["code"] > MAX_CODE:
        return None
    lexer = _lexer(language)
    deadline = env.setdefault("deadline", thread_time() + MAX_CODE_SECONDS)
    html = []
    for kind, value in lexer.get_tokens(code):
        if thread_time() > deadline:
            return None
        html.append(_coloured(kind, value))
    return "".join(html)


def _coloured(kind: _TokenType, value: str) -> str:
    name = _code_class(kind)
    return f'<span class="{name}">{escapeHtml(value)}</span>' if name else escapeHtml(value)


@cache
def _lexer(language: str) -> Lexer:
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False, startinline=True)
    # The lexer of HTML prepares two others when it meets them, which must not count as slow code.
    list(lexer.get_tokens("<style>a {}</style><script>a</script>"))
    return lexer


@cache
def _code_class(kind: _TokenType) -> str | None:
    """Return the class of the nearest kind that has one."""
    return next((CODE_CLASSES[k] for k in reversed(kind.split()) if k in CODE_CLASSES), None)


# -- Links

# Script file names (setup.py, run.sh, main.rs) end like countries do, so a bare host counts as a
# link only under a name that people write addresses with.
DOMAINS = "com|net|org|info|biz|edu|gov|io|dev|app|ru|su|рф|by|kz|ua|uk|de|fr|eu"
URL_TAIL = r"[^\s<>\"`\\\[\]]"
HOST_LABELS = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)"

SCHEME_BEFORE = re.compile(r"(?:\A|[^\w.+-])(https?)\Z", re.IGNORECASE)
URL_AFTER_SCHEME = re.compile(rf"://(?=[^\W_]){URL_TAIL}+")
BARE_LINK = re.compile(
    rf"""
    (?<![\w@/.:+-])
    (?:
        (?P<mail>[\w.+-]{{1,64}}@{HOST_LABELS}+[^\W\d_]{{2,63}})(?![\w@-])
      | (?:www\.{HOST_LABELS}+[^\W\d_]{{2,63}} | {HOST_LABELS}+(?:{DOMAINS}))(?![\w@-]|\.\w)
        (?::\d{{1,5}})?(?:[/?\#]{URL_TAIL}*)?
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
ALLOWED_LINK = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
TRAILING_MARKS = ".,;:!?'*_~»”’…"


def _is_allowed_link(url: str) -> bool:
    return ALLOWED_LINK.match(url) is not None


def _link_or_image(state: StateInline, silent: bool) -> bool:
    """Read a link, or an image as a link to it: pictures from elsewhere would track readers."""
    state.env["link_starts"] = state.env.get("link_starts", 0) + 1
    if state.env["link_starts"] > MAX_LINK_STARTS:
        return False
    start, first = state.pos, len(state.tokens)
    is_image = state.src.startswith("![", start)
    state.pos += is_image
    if not link(state, silent):
        state.pos = start
        return False
    if not silent and state.tokens[-2].type == "link_open":
        _show_target(state)
    if not silent and is_image and state.linkLevel:
        _keep_text_only(state, first)
    return True


def _show_target(state: StateInline) -> None:
    """Give a link without words its address for a text, or nobody would see it."""
    text = Token("text", "", 0, content=str(state.tokens[-2].attrs["href"]))
    text.level = state.level + 1
    state.tokens.insert(-1, text)
    state.tokens_meta.insert(-1, None)


def _keep_text_only(state: StateInline, first: int) -> None:
    """Undo the link of an image inside another link, which cannot hold a second one."""
    opening = next(token for token in state.tokens[first:] if token.type == "link_open")
    for token in (opening, state.tokens[-1]):
        # Emphasis counts on the places of the tokens, so they stay as empty texts.
        token.type, token.tag, token.nesting = "text", "", 0


def _url(state: StateInline, silent: bool) -> bool:
    """Link a typed http address before its underscores and stars count as emphasis."""
    # Looking ahead for the end of a label, it changes nothing whether this is a link.
    if silent or state.linkLevel or not state.src.startswith("://", state.pos):
        return False
    scheme = SCHEME_BEFORE.search(state.pending[-6:])
    rest = scheme and URL_AFTER_SCHEME.match(state.src, state.pos, state.posMax)
    if not scheme or not rest:
        return False
    url = _without_trailing_marks(scheme[1] + rest[0])
    href = state.md.normalizeLink(url)
    if not state.md.validateLink(href):
        return False
    state.pending = state.pending.removesuffix(scheme[1])
    for token in _link_tokens(href, url, state.level):
        state.push(token.type, token.tag, token.nesting).attrs = token.attrs
        state.tokens[-1].content = token.content
    state.pos += len(url) - len(scheme[1])
    return True


def _link_bare_names(state: StateCore) -> None:
    """Link host names and mail addresses that were typed without a scheme."""
    for block in state.tokens:
        if block.type == "inline" and "." in block.content:
            block.children = list(_with_bare_links(state.md, block.children or []))


def _with_bare_links(md: MarkdownIt, tokens: list[Token]) -> Iterator[Token]:
    for token, in_link in _with_place(tokens):
        if token.type == "text" and not in_link:
            yield from _split_at_links(md, token)
        else:
            yield token


def _with_place(tokens: list[Token]) -> Iterator[tuple[Token, bool]]:
    """Each token, and whether it stands in a link."""
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        yield token, depth > 0


def _split_at_links(md: MarkdownIt, token: Token) -> Iterator[Token]:
    text, end = token.content, 0
    for match in BARE_LINK.finditer(text):
        label = _without_trailing_marks(match[0])
        href = md.normalizeLink(("mailto:" if match["mail"] else "https://") + label)
        if md.validateLink(href):
            yield _text(text[end : match.start()], token.level)
            yield from _link_tokens(href, label, token.level)
            end = match.start() + len(label)
    yield _text(text[end:], token.level)


def _link_tokens(href: str, label: str, level: int) -> list[Token]:
    return [
        Token("link_open", "a", 1, attrs={"href": href}, level=level),
        _text(label, level + 1),
        Token("link_close", "a", -1, level=level),
    ]


def _text(content: str, level: int) -> Token:
    return Token("text", "", 0, content=content, level=level)


def _without_trailing_marks(url: str) -> str:
    """Leave the sentence its punctuation, and the address its own pairs of parentheses."""
    surplus = url.count(")") - url.count("(")
    end = len(url)
    while url[end - 1] in TRAILING_MARKS or (url[end - 1] == ")" and surplus > 0):
        surplus -= url[end - 1] == ")"
        end -= 1
    return url[:end]


# -- Mentions


def render_mentions(text: str, people: Mapping[str, str]) -> tuple[str, set[str]]:
    """Return the HTML with mentions like `@anna` marked, and who is mentioned.

    `people` says who is meant by each name as it was typed; the mark carries that as `data-user`.
    Names in code and in links are none.
    """
    env: dict[str, Any] = {"people": people, "mentioned": set()}
    html = _render_markdown(text, env)
    # A text that is shown as it was typed has no marks, and so mentions nobody.
    return html, env["mentioned"] if "<span " in html else set()


def names_in(text: str) -> list[str]:
    """Return the names that a text may mention, the first few.

    Which of them it does, `render_mentions` finds out.
    """
    if "@" not in text:
        return []
    names: dict[str, None] = {}
    for match in NAME.finditer(text):
        # An underscore may be the end of an emphasis, and of the name with it.
        parts = match[1].split("_")
        starts = ("_".join(parts[:end]).rstrip("._-") for end in range(len(parts), 0, -1))
        names |= dict.fromkeys((match[1], *starts))
        if len(names) >= MAX_NAMES:
            break
    return list(names)[:MAX_NAMES]


MARKS = "".join(
    chr(code) for code in range(0x300, 0x20000) if unicodedata.category(chr(code)) in ("Mc", "Mn")
)
NAME = re.compile(rf"@([^\W_](?:[\w.{MARKS}-]{{0,62}}[\w{MARKS}])?)")
MENTION = re.compile(rf"(?<![\w@/.+-]){NAME.pattern}")


def _mentions(text: str) -> Iterator[re.Match[str]]:
    """Find what looks like a mention: not a mail address, nor a name with a host behind it."""
    for match in MENTION.finditer(text):
        if not text.startswith("@", match.end()):
            yield match


def _mark_mentions(state: StateCore) -> None:
    people = state.env.get("people")
    if not people:
        return
    for block in state.tokens:
        if block.type == "inline" and "@" in block.content:
            block.children = list(_with_mentions(state.env, block.children or []))


def _with_mentions(env: EnvType, tokens: list[Token]) -> Iterator[Token]:
    for token, in_link in _with_place(tokens):
        if token.type == "text" and not in_link:
            yield from _split_at_mentions(env, token)
        else:
            yield token


def _split_at_mentions(env: EnvType, token: Token) -> Iterator[Token]:
    text, end = token.content, 0
    for match in _mentions(text):
        whom = env["people"].get(match[1])
        if whom is not None:
            env["mentioned"].add(whom)
            yield _text(text[end : match.start()], token.level)
            attrs: dict[str, str | int | float] = {"class": "mention", "data-user": whom}
            yield Token("mention_open", "span", 1, attrs=attrs, level=token.level)
            yield _text(match[0], token.level + 1)
            yield Token("mention_close", "span", -1, level=token.level)
            end = match.end()
    yield _text(text[end:], token.level)


# -- The machinery


def _make_markdown() -> MarkdownIt:
    options = {"html": False, "breaks": True, "xhtmlOut": False, "maxNesting": MAX_NESTING}
    md = MarkdownIt("commonmark", options).enable(["strikethrough", "table"])
    # Reference definitions let a short text grow without bound. Indents and underlined lines are
    # how people type, and rarely mean code or a heading.
    md.disable(["reference", "code", "lheading", "image", "html_block", "html_inline"])
    md.block.ruler.at("table", _bounded_table, {"alt": ["paragraph"]})
    md.inline.ruler.at("link", _link_or_image)
    md.inline.ruler.before("newline", "url", _url)
    md.core.ruler.after("inline", "bare_names", _link_bare_names)
    md.core.ruler.after("bare_names", "mentions", _mark_mentions)
    for name, rule in RENDER_RULES.items():
        md.add_render_rule(name, rule)
    md.validateLink = _is_allowed_link  # type: ignore[method-assign]
    # A decoded host may look like another one: people see the address as it was typed.
    md.normalizeLinkText = str  # type: ignore[method-assign,assignment]
    return md


RENDER_RULES = {"heading_open": _heading_open, "heading_close": _heading_close, "fence": _fence}

markdown = _make_markdown()

TAGS = "a blockquote br code em hr li ol p pre s span strong table tbody td th thead tr ul"

sanitiser = nh3.Cleaner(
    tags=set(TAGS.split()),
    # The star stands here for nothing, or some attributes would be allowed on every tag.
    attributes={"a": {"href"}, "ol": {"start"}, "span": {"data-user"}, "*": set()},
    allowed_classes={"span": {*CODE_CLASSES.values(), "mention"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="nofollow noopener noreferrer",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)
