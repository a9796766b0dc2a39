"""What an API view takes and answers: validated here, published at /api/openapi.json."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeAlias

from flask import request
from flask.json.provider import DefaultJSONProvider
from pydantic import BaseModel, ValidationError
from spectree import Response, SpecTree
from spectree.model_adapter.pydantic_adapter import PydanticModelAdapter
from spectree.models import InType, SecureType, SecurityScheme, SecuritySchemeData

from ..document import Document
from ..errors import ApiError
from ..schemas import ErrorOut

View: TypeAlias = Callable[..., Any]

KINDS = {
    "missing": "field_missing",
    "extra_forbidden": "field_unknown",
    "greater_than": "field_range",
    "greater_than_equal": "field_range",
    "less_than_equal": "field_range",
    "string_too_long": "field_range",
    "too_long": "field_range",
    "string_too_short": "field_range",
    "literal_error": "field_range",
}
REFUSALS = (400, 401, 403, 404, 409, 413, 422, 429, 503)


class CachingModelAdapter(PydanticModelAdapter):
    """Make the JSON Schema of a model once; SpecTree asks for each use of it, and copies it."""

    json_schema = cache(PydanticModelAdapter.json_schema)  # type: ignore[assignment]


spec = SpecTree(
    "flask",
    model_adapter=CachingModelAdapter(),  # type: ignore[arg-type]  # SpecTree's own has this type too.
    title="projchat",
    version="1",
    description="The session-authenticated API. Errors have one shape.",
    mode="strict",
    annotations=False,
    security_schemes=[
        SecurityScheme(
            name="session",
            data=SecuritySchemeData(
                type=SecureType.API_KEY, name="projchat", field_in=InType.COOKIE
            ),
        )
    ],
    security={"session": []},
)


class Json(DefaultJSONProvider):
    """JSON as people write it: in their own letters, and in the order given."""

    ensure_ascii = False
    sort_keys = False

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write JSON; a document has its text already."""
        return obj.text if isinstance(obj, Document) else super().dumps(obj, **kwargs)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read JSON; nested beyond all measure it is malformed like any other."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def endpoint(
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    tag: str = "",
    **answers: type[BaseModel] | None,
) -> Callable[[View], View]:
    """Validate the body or the query and pass it on as `body` or `query`; document the answers.

    `answers` are like `HTTP_200=MessageOut`. SpecTree only publishes and is not called: it would
    take malformed JSON for an empty object, and check our own answers again on every call.
    """

    def decorate(view: View) -> View:
        documented = spec.validate(
            json=body, query=query, resp=_responses(answers), tags=[tag], skip_validation=True
        )(view)

        @wraps(documented)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if body is not None:
                kwargs["body"] = _validated(body, _json_object())
            if query is not None:
                kwargs["query"] = _validated(query, request.args.to_dict())
            return view(*args, **kwargs)

        return checked

    return decorate


def description() -> dict[str, Any]:
    """The API as an OpenAPI document.

    SpecTree calls every body required, also one that has no field that must be given.
    """
    document: dict[str, Any] = spec.spec
    models = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            if body := operation.get("requestBody"):
                [content] = body["content"].values()
                model = models[content["schema"]["$ref"].rpartition("/")[2]]
                body["required"] = bool(model.get("required"))
    return document


def _json_object() -> dict[str, Any]:
    if not request.data:
        return {}
    data = request.get_json(silent=True) if request.is_json else None
    if not isinstance(data, dict):
        raise ApiError(400, "not_json")
    return data


def _validated(model: type[BaseModel], data: dict[str, Any]) -> BaseModel:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ApiError(422, "invalid", _fields(error)) from None


def _fields(error: ValidationError) -> dict[str, str]:
    fields = {}
    for one in error.errors(include_url=False, include_input=False):
        name = str(one["loc"][0]) if one["loc"] else "query"
        known = "one_cursor" if one["type"] == "value_error" else "field_type"
        fields[name] = KINDS.get(one["type"], known)
    return fields


def _responses(answers: dict[str, type[BaseModel] | None]) -> Response:
    refusals = {f"HTTP_{status}": ErrorOut for status in REFUSALS}
    return Response(**refusals, **answers)
