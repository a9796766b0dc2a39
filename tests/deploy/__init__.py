"""deploy/, run as it is committed."""
