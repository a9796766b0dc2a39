"""What the tests ask of an answer."""

from typing import Any

import requests

MISSING_PROJECT = "/api/projects/999999999"


def refused(response: requests.Response, status: int, code: str, *fields: str) -> dict[str, Any]:
    """Insist on a refusal in the one shape of errors, return it."""
    assert response.status_code == status, f"{response.status_code} {response.text}"
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) == {"code", "message", "fields"}
    assert error["code"] == code, error
    assert set(error["fields"]) == set(fields), error
    assert all(isinstance(text, str) and text for text in error["fields"].values())
    assert isinstance(error["message"], str)
    assert error["message"]
    return error
