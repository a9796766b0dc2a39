"""What counts as one emoji, and its one spelling."""

import emoji

LONGEST = 40
_VARIATION_SELECTOR = "\ufe0f"


def spelled(text: str) -> str | None:
    """The emoji as Unicode recommends to write it; None for what is no single emoji.

    A heart is one with and without the selector that colours it, so both count as one reaction.
    """
    if len(text) > LONGEST:
        return None
    return _SPELLINGS.get(text.replace(_VARIATION_SELECTOR, ""))


def _spellings() -> dict[str, str]:
    """Every emoji without its selectors; a skin tone or a hair style alone is none."""
    return {
        text.replace(_VARIATION_SELECTOR, ""): text
        for text, data in emoji.EMOJI_DATA.items()
        if data["status"] == emoji.STATUS["fully_qualified"]
    }


_SPELLINGS = _spellings()
