from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, find, given, settings

from pullsecrets.node.answers import ProviderAnswer, Response
from pullsecrets.node.plugins import EXEC_API_VERSIONS, Provider
from pullsecrets.node.versions import NEWEST, RELEASES
from pullsecrets.testing.provider_strategies import (
    BROKEN_RESPONSES,
    provider_requests,
    provider_responses,
)

at_leisure = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
quickly = settings(deadline=None, max_examples=500, database=None, derandomize=True)
P = Provider("p", ("quay.io",))


def test_without_hypothesis():
    program = """
import sys
sys.modules["hypothesis"] = None
from pullsecrets.errors import MissingExtra
try:
    import pullsecrets.testing.provider_strategies
except MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.startswith("drawing answers of providers with hypothesis needs the extra")


@at_leisure
@given(provider_responses())
def test_each_release_takes_each_answer(text):
    for release in RELEASES:
        assert isinstance(ProviderAnswer.from_stdout(text).read(P, release), Response)


@at_leisure
@given(provider_responses(api_version=EXEC_API_VERSIONS[1]))
def test_of_the_version_that_is_asked_for(text):
    assert json.loads(text)["apiVersion"] == EXEC_API_VERSIONS[1]


@at_leisure
@given(provider_requests())
def test_tokens_only_where_the_protocol_has_them(request):
    document = json.loads(request.to_json())
    if "serviceAccountToken" in document or "serviceAccountAnnotations" in document:
        assert document["apiVersion"] == EXEC_API_VERSIONS[0]
    assert document["image"] == request.image


@pytest.mark.parametrize(
    "is_there",
    [
        lambda request: request.token,
        lambda request: request.annotations,
        lambda request: request.api_version == EXEC_API_VERSIONS[2],
        lambda request: request.image.startswith("docker.io/"),
    ],
)
def test_what_is_drawn(is_there):
    find(provider_requests(), is_there, settings=quickly)


@pytest.mark.parametrize("code", BROKEN_RESPONSES)
def test_each_broken_answer_has_the_fault_it_is_named_after(code):
    answer = ProviderAnswer.from_stdout(BROKEN_RESPONSES[code])
    assert [fault.code.value for fault in answer.read(P, NEWEST)] == [code]
