"""Objects of the models made of plain rows, for what every request looks up and hardly any changes.

SQLAlchemy takes 20 µs and more to load an object: its state, its place in the session. An object
that is made here has its values and nothing else. The moment something of SQLAlchemy wants its
state - it is changed, deleted, related to another - it joins the session as what it is, a row
that is there already.

It leans on the name `_sa_instance_state`, by which SQLAlchemy finds the state of an object;
tests/test_plain.py fails if that has moved.
"""

from collections.abc import Iterable
from typing import Any, Self

from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.instrumentation import manager_of_class

from ..extensions import db

STATE = "_sa_instance_state"


class Plain:
    """A model whose objects may be plain."""

    @classmethod
    def plain(cls, values: Iterable[tuple[str, Any]]) -> Self:
        """The object of a row, whose columns are all given."""
        made = object.__new__(cls)
        made.__dict__.update(values, _is_plain=True)
        return made

    def learn(self, **values: Any) -> None:
        """Take in what the database says now."""
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        """Join the session when the state is asked for; there is nothing else to be found here."""
        if name != STATE or not self.__dict__.pop("_is_plain", False):
            raise AttributeError(name)
        manager_of_class(type(self)).setup_instance(self)
        make_transient_to_detached(self)
        db.session.add(self)
        return self.__dict__[STATE]
