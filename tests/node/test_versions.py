from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.drawing import at_leisure
from pullsecrets.node.versions import (
    FACTS,
    NEWEST,
    OLDEST,
    RELEASES,
    DuplicateNames,
    Gate,
    MissingSecretEvent,
    Release,
    UnknownRelease,
    differences,
)

# What table F and the rules say: the row, the first release of a value, the value. Before the first
# there is nothing to flip.
TABLE = {
    "lenient_image_domains": [(22, False), (29, True)],
    "name_limit_is_for_the_path": [(22, False), (32, True)],
    "missing_secret_event": [
        (22, MissingSecretEvent.NEVER),
        (28, MissingSecretEvent.EACH_SYNC),
        (37, MissingSecretEvent.AFTER_FAILED_PULL),
    ],
    "static_pod_with_references_is_refused": [(22, False), (34, True)],
    "undecodable_secret_is_a_pull_error": [(22, True), (33, False)],
    "looks_up_when_present": [(22, False), (33, True), (34, False)],
    "strict_decoding": [(22, False), (32, True)],
    "one_node_keyring": [(22, True), (33, False)],
    "providers_by_name": [(22, True), (33, False)],
    "config_directory": [(22, False), (34, True)],
    "duplicate_names": [
        (22, DuplicateNames.REGISTRATION),
        (33, DuplicateNames.VALIDATION),
        (34, DuplicateNames.READING),
    ],
    "strict_url_ports": [(22, False), (36, True)],
    "token_gate": [(22, Gate.ABSENT), (33, Gate.OFF), (34, Gate.ON)],
    "cache_type": [(22, False), (34, True)],
    "token_needs_same_account": [(22, False), (34, True)],
    "token_as_password_is_refused": [(22, False), (34, True)],
    "service_accounts_are_recorded": [(22, False), (34, True)],
    "audience_restriction": [(22, Gate.ABSENT), (32, Gate.OFF), (33, Gate.ON)],
    "verification_gate": [(22, Gate.ABSENT), (33, Gate.OFF), (35, Gate.ON)],
    "verification_looks_up_late": [(22, False), (35, True)],
    "record_api_version": [
        (22, ""),
        (33, "kubelet.config.k8s.io/v1alpha1"),
        (35, "kubelet.config.k8s.io/v1beta1"),
    ],
    "records_by_content": [(22, False), (34, True)],
    "record_names_as_written": [(22, False), (36, True)],
    "allowlist_ignores_tags": [(22, False), (36, True)],
    "image_volumes": [(22, Gate.ABSENT), (31, Gate.OFF), (35, Gate.ON)],
}


def test_each_row_is_in_the_table_of_this_test():
    assert list(FACTS) == list(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_a_row_flips_where_it_should(name):
    values = dict(TABLE[name])
    value = None
    for minor in range(OLDEST.minor, NEWEST.minor + 1):
        value = values.get(minor, value)
        assert getattr(Release(minor), name) == value
        assert FACTS[name].at(Release(minor)) == value


@pytest.mark.parametrize("name", FACTS)
def test_a_row_says_what_it_is_and_where_it_is_from(name):
    fact = FACTS[name]
    assert getattr(Release, name) is fact
    assert fact.sentence.endswith(".")
    assert fact.source
    assert list(fact.changes) == sorted(fact.changes)
    values = [fact.first, *fact.changes.values()]
    assert all(before != after for before, after in itertools.pairwise(values))


releases = st.builds(Release, st.integers(OLDEST.minor, NEWEST.minor))


@at_leisure
@given(releases, releases)
def test_differences_are_the_rows_that_differ(first, second):
    found = {each.name: (each.before, each.after) for each in differences(first, second)}
    assert found == {
        name: (getattr(first, name), getattr(second, name))
        for name in FACTS
        if getattr(first, name) != getattr(second, name)
    }
    assert {each.name: (each.after, each.before) for each in differences(second, first)} == found


@pytest.mark.parametrize(
    "text", ["1.33", "v1.33", "1.33.13", "v1.33.5-eks-113cf36", "1.33+", "v1.33.1-gke.1357001"]
)
def test_versions_as_programs_write_them(text):
    assert Release.parse(text) == Release(33)


def test_none_is_the_newest_and_a_release_is_itself():
    assert Release.parse(None) == NEWEST == RELEASES[-1]
    assert Release.parse(Release(34)) == Release(34)
    assert [str(release) for release in RELEASES][:2] == ["1.31", "1.32"]
    assert Release.parse("1.22") == OLDEST


@pytest.mark.parametrize(
    "text, message",
    [
        ("1.21", "Kubernetes 1.21 is not known: 1.31 to 1.37 are"),
        ("1.38", "Kubernetes 1.38 is not known: 1.31 to 1.37 are"),
        ("2.0", "'2.0' is not a version of Kubernetes, such as 1.33"),
        ("1.33\n", "'1.33\\n' is not a version of Kubernetes, such as 1.33"),
        ("x" * 99, f"'{'x' * 40}' is not a version of Kubernetes, such as 1.33"),
        (1.33j, "'1.33j' is not a version of Kubernetes, such as 1.33"),
    ],
)
def test_other_versions_are_refused_in_one_line(text, message):
    with pytest.raises(UnknownRelease) as caught:
        Release.parse(text)
    assert str(caught.value) == message
