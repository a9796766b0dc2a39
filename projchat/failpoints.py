"""Places in the code where the proof by faults steps in.

`hit("before-commit")` does nothing, unless PROJCHAT_FAILPOINTS names a Python file: then the
`hit` of that file is bound here, once, and may end the process at that very place. Production
refuses the setting.
"""

import importlib.util
import os
from collections.abc import Callable


def _nothing(_place: str) -> None:
    """What happens in every process that serves people."""


def _bound(path: str | None) -> Callable[[str], None]:
    if not path:
        return _nothing
    spec = importlib.util.spec_from_file_location("projchat_faults", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"PROJCHAT_FAILPOINTS: {path!r} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.hit  # type: ignore[no-any-return]


hit = _bound(os.environ.get("PROJCHAT_FAILPOINTS"))
