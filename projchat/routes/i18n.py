"""The words of the browser, one module for each language."""

import json

from flask import Blueprint, Response, abort

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
    source = f"export default {json.dumps(i18n.catalogue(locale), ensure_ascii=False)};\n"
    response = Response(source, mimetype="text/javascript")
    response.cache_control.public = True
    response.cache_control.max_age = YEAR
    response.cache_control.immutable = True
    return response
