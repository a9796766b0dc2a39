"""What a model may answer instead of doing as it was told."""


class Refusal(Exception):
    """A rule of the models was broken; `code` names it, `field` the input that broke it."""

    def __init__(self, code: str, field: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.field = field


class Invalid(Refusal):
    """A value cannot be accepted."""


class Forbidden(Refusal):
    """The person may see the thing, but not do this to it."""


class Conflict(Refusal):
    """The thing is not in a state in which this can be done."""


class AlreadySent(Exception):
    """The author has used this client id before; the transaction must be rolled back."""

    def __init__(self, client_id: str) -> None:
        super().__init__(client_id)
        self.client_id = client_id


class Unchanged(Exception):
    """It is so already; the transaction must be rolled back."""
