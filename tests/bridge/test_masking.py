"""Secrets in the last words of a server: masked by their variable's name, and by their form."""

from __future__ import annotations

import pytest
from mcp_operator.bridge.masking import mask, mask_forms, secret_values

pytestmark = pytest.mark.fast

ENVIRONMENT = {
    "PATH": "/usr/bin",
    "HOME": "/tmp/home",
    "GITHUB_TOKEN": "a-value-by-its-name",
    "SQL_CONNECTION_STRING": "Server=db;User=me",
    "DB_URL": "value/of a secret",
    "PLAIN": "plain-value",
    "SHORT": "abc",
    "PIN": "1234",
    "CERT": "-----BEGIN-----\nline-of-a-key\n",
}


@pytest.mark.parametrize(
    ("names", "said", "shown"),
    [
        ((), "no access with a-value-by-its-name", "no access with ***"),
        ((), "cannot reach Server=db;User=me", "cannot reach ***"),
        ((), "plain-value and value/of a secret", "plain-value and value/of a secret"),
        (("DB_URL",), "cannot open value/of a secret", "cannot open ***"),
        (("DB_URL",), "GET /x?u=value%2Fof%20a%20secret", "GET /x?u=***"),
        (("DB_*",), "cannot open value/of a secret, plain-value", "cannot open ***, plain-value"),
        (("*",), "plain-value in /usr/bin and /tmp/home", "*** in /usr/bin and /tmp/home"),
        (("PIN", "SHORT"), "1234 is refused, 12345 and abc are not", "*** is refused, 12345 and abc are not"),
        (("CERT",), "bad line line-of-a-key", "bad line ***"),
    ],
)
def test_values_of_secret_variables_are_masked(names: tuple[str, ...], said: str, shown: str) -> None:
    assert mask(said, secret_values(ENVIRONMENT, names)) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgres://me:hunter2@db:5432/x", "postgres://me:***@db:5432/x"),
        ("Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer ***"),
        ("Basic authentication required", "Basic authentication required"),
        ("Bearer authentication failed", "Bearer authentication failed"),
        ("key sk-abcdefghijklmnopqrst is wrong", "key *** is wrong"),
        ("GET /v1?api_key=abc&x=1 failed", "GET /v1?api_key=***&x=1 failed"),
        ("input_value={'api_key': 'abc def'}", "input_value={'api_key': '***'}"),
        ("Missing token: please set API_TOKEN", "Missing token: please set API_TOKEN"),
        ("Error: password is required", "Error: password is required"),
    ],
)
def test_what_has_the_form_of_a_credential_is_masked(said: str, shown: str) -> None:
    assert mask_forms(said) == shown
    assert mask_forms(shown) == shown
