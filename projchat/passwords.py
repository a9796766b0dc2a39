"""Which passwords may be chosen: not too short, not one that everybody tries, not the name.

After NIST SP 800-63B, section 3.1.1.2: no rule about kinds of characters, and any character. The
list of the common ones is that of zxcvbn (https://github.com/dwolfhub/zxcvbn-python).
"""

import runpy
import unicodedata
from functools import cache
from importlib.metadata import distribution

LENGTHS = range(8, 201)
# With fewer different characters than this, a password is a repetition.
VARIETY = 4
# So many characters beside a name make no secret of it.
ADDITION = 4
# A Russian word typed without changing the layout, and a Latin one with it, are tried as well.
CYRILLIC_KEYS = "йцукенгшщзхъфывапролджэячсмитьбюё"
LATIN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_TO_LATIN = str.maketrans(CYRILLIC_KEYS, LATIN_KEYS)


def check(password: str, *names: str) -> None:
    """Raise ValueError with a code for what may not be chosen by somebody with these names."""
    if len(password) not in LENGTHS:
        raise ValueError("password_length")
    if not password.strip():
        raise ValueError("password_blank")
    plain = _plain(password)
    if len(set(plain)) < VARIETY or not _common().isdisjoint((plain, plain.translate(_TO_LATIN))):
        raise ValueError("password_common")
    parts = [part for name in ("projchat", *names) for part in (name, *name.split())]
    if any(_is_little_more_than(plain, _plain(part)) for part in parts):
        raise ValueError("password_name")


def _is_little_more_than(password: str, name: str) -> bool:
    """Whether the name, forwards or backwards, is all but a few characters of the password."""
    rest = len(password) - len(name)
    return rest <= ADDITION and (name in password or name[::-1] in password)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text[: LENGTHS[-1]]).casefold().strip()


@cache
def _common() -> frozenset[str]:
    """The passwords that are tried first. One file of the package is read, and let go again."""
    path = distribution("zxcvbn").locate_file("zxcvbn/frequency_lists.py")
    words = runpy.run_path(str(path))["FREQUENCY_LISTS"]["passwords"]
    return frozenset(word for word in words if len(word) >= LENGTHS[0])
