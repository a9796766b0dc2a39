"""The words of the browser, one module for each language."""

import gzip
import json
from functools import cache

from flask import Blueprint, Response, abort, request

from .. import i18n
from ..auth import public

bp = Blueprint("i18n", __name__, url_prefix="/i18n")

YEAR = 31_536_000


@bp.get("/<locale>.js")
@public
def show(locale: str) -> Response:
    """The catalogue of a language as an ES module; its address changes with its words."""
    if not i18n.is_supported(locale):
        abort(404)
    packed = request.accept_encodings.quality("gzip") > 0
    response = Response(_packed(locale) if packed else _source(locale), mimetype="text/javascript")
    if packed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.cache_control.public = True
    response.cache_control.max_age = YEAR
    response.cache_control.immutable = True
    return response


def _source(locale: str) -> bytes:
    words = json.dumps(i18n.catalogue(locale), ensure_ascii=False)
    return f"export default {words};\n".encode()


@cache
def _packed(locale: str) -> bytes:
    return gzip.compress(_source(locale), mtime=0)
