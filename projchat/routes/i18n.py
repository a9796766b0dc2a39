"""The words of the browser, one module for each language."""

from flask import Blueprint, Response, abort, request

from .. import i18n
from ..auth import public

bp = Blueprint("i18n", __name__, url_prefix="/i18n")


@bp.get("/<locale>.js")
@public
def show(locale: str) -> Response:
    """The catalogue of a language as an ES module, as it is now."""
    if not i18n.is_supported(locale):
        abort(404)
    packed = request.accept_encodings.quality("gzip") > 0
    words = i18n.catalogue_packed(locale) if packed else i18n.catalogue_source(locale)
    response = Response(words, mimetype="text/javascript")
    if packed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.cache_control.no_cache = True
    return response
