from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets.errors import MissingExtra
from pullsecrets.node import record_files
from pullsecrets.node.record_files import file_name, write_file
from pullsecrets.node.recorded import (
    PullCredentials,
    PulledRecord,
    PullIntent,
    RecordedSecret,
    RecordedServiceAccount,
)
from pullsecrets.node.versions import Release
from pullsecrets.secrecy import HiddenBytes

ALPHA = "kubelet.config.k8s.io/v1alpha1"
BETA = "kubelet.config.k8s.io/v1beta1"
SECRET = {"uid": "u", "namespace": "ns", "name": "s", "credentialHash": "aa"}
ACCOUNT = {"uid": "u", "namespace": "ns", "name": "sa"}


def read_record(content):
    return record_files.read_record(HiddenBytes(content))


def read_intent(content):
    return record_files.read_intent(HiddenBytes(content))


def record(**fields):
    document = {"kind": "ImagePulledRecord", "apiVersion": BETA, "imageRef": "sha256:1", **fields}
    return json.dumps(document).encode()


def mapping(**fields):
    return record(credentialMapping={"quay.io/a": fields})


class TestReading:
    def test_a_record(self):
        file = read_record(
            record(
                lastUpdatedTime="2026-01-02T03:04:05Z",
                credentialMapping={
                    "quay.io/a": {
                        "kubernetesSecrets": [SECRET],
                        "kubernetesServiceAccounts": [ACCOUNT],
                    },
                    "quay.io/b": {"nodePodsAccessible": True},
                    "quay.io/c": None,
                },
            )
        )
        assert file.holds == PulledRecord(
            "sha256:1",
            {
                "quay.io/a": PullCredentials(
                    (RecordedSecret("ns", "s", "u", "aa"),),
                    (RecordedServiceAccount("ns", "sa", "u"),),
                ),
                "quay.io/b": PullCredentials(node_pods_accessible=True),
                "quay.io/c": PullCredentials(),
            },
            "2026-01-02T03:04:05Z",
        )

    def test_an_intent(self):
        document = {"kind": "ImagePullIntent", "apiVersion": ALPHA, "image": "nginx"}
        assert read_intent(json.dumps(document).encode()).holds == PullIntent("nginx")

    @pytest.mark.parametrize(
        "content, problem",
        [
            (b"", "apiVersion: has to be"),
            (b" \n", "apiVersion: has to be"),
            (b"null", "apiVersion: has to be"),
            (b"[]", "is a list, not an object"),
            (b"{", "it is not JSON"),
            (record() + b"x", "it is not JSON"),
            (b"\xff: 1", "it is not UTF-8"),
            (b"a: b: c", "it is not YAML"),
            (record(kind="ImagePullIntent"), "kind: has to be ImagePulledRecord"),
            (record(apiVersion="kubelet.config.k8s.io/v1"), "apiVersion: has to be"),
            (record(apiVersion=1), "apiVersion: is a number, not a string"),
            (record(note=1), "note: is not a known field"),
            (record(imageref="x"), "imageref: is not a known field: 'imageRef' is meant"),
            (record(imageRef=[]), "imageRef: is a list, not a string"),
            (record()[:-1] + b',"imageRef":"x"}', "imageRef: is there twice"),
            (mapping(kubernetesSecrets=[{**SECRET, "x": 1}]), "kubernetesSecrets[0].x"),
            (mapping(kubernetesSecrets={}), "kubernetesSecrets: is an object, not a list"),
            (mapping(nodePodsAccessible="yes"), "nodePodsAccessible: is a string, not a boolean"),
            (record(credentialMapping=[]), "credentialMapping: is a list, not an object"),
            (record(lastUpdatedTime=5), "lastUpdatedTime: is a number, not a string"),
        ],
    )
    def test_what_breaks_it(self, content, problem):
        file = read_record(content)
        assert file.holds is None
        assert problem in file.problem
        assert file.content.reveal() == content

    def test_a_name_in_the_mapping_is_not_there_twice(self):
        twice = b'"credentialMapping":{"a":{},"a":{}}}'
        assert "twice" in read_record(record()[:-1] + b"," + twice).problem

    def test_yaml_and_a_byte_order_mark(self):
        yaml = f"kind: ImagePulledRecord\napiVersion: {BETA}\nimageRef: sha256:1\n"
        assert read_record(yaml.encode()).holds == PulledRecord("sha256:1")
        assert read_record(b"\xef\xbb\xbf" + record()).holds == PulledRecord("sha256:1")
        assert "twice" in read_record(f"{yaml}imageRef: x\n".encode()).problem

    def test_without_pyyaml_only_yaml_cannot_be_read(self, monkeypatch):
        from pullsecrets.reading import text

        text.yaml_loader.cache_clear()
        monkeypatch.setitem(sys.modules, "yaml", None)
        try:
            assert read_record(record()).holds == PulledRecord("sha256:1")
            assert read_record(b"").holds is None
            with pytest.raises(MissingExtra):
                read_record(b"kind: ImagePulledRecord")
        finally:
            text.yaml_loader.cache_clear()

    @given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    def test_no_bytes_raise(self, content):
        for read in (read_record, read_intent):
            file = read(content)
            assert (file.holds is None) is bool(file.problem)


class TestWhichReleaseReadsIt:
    def reading(self, content):
        file = read_record(content)
        return [minor for minor in range(33, 38) if file.read_by(Release(minor)) is not None]

    def test_by_its_apiversion(self):
        assert self.reading(record(apiVersion=ALPHA)) == [33, 34, 35, 36, 37]
        assert self.reading(record(apiVersion=BETA)) == [35, 36, 37]

    def test_service_accounts_are_an_unknown_field_in_1_33(self):
        accounts = {"quay.io/a": {"kubernetesServiceAccounts": [ACCOUNT]}}
        content = record(apiVersion=ALPHA, credentialMapping=accounts)
        assert self.reading(content) == [34, 35, 36, 37]

    @pytest.mark.parametrize("nobody", [None, []])
    def test_the_field_is_unknown_in_1_33_also_if_it_is_empty(self, nobody):
        accounts = {"quay.io/a": {"kubernetesServiceAccounts": nobody}, "quay.io/b": None}
        content = record(apiVersion=ALPHA, credentialMapping=accounts)
        assert self.reading(content) == [34, 35, 36, 37]


class TestTimes:
    @pytest.mark.parametrize(
        "written, read",
        [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.999Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05,9Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T3:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T00:30:00+01:00", "2026-01-01T23:30:00Z"),
            ("2026-01-02T23:30:00-01:30", "2026-01-03T01:00:00Z"),
            ("0001-01-01T00:00:00Z", None),
            ("0001-01-01T01:00:00+01:00", None),
            ("2026-01-02T03:04:05+24:00", "2026-01-01T03:04:05Z"),
            ("2026-01-02T03:04:05+23:60", "2026-01-01T03:04:05Z"),
            ("0000-02-29T00:00:00Z", "0000-02-29T00:00:00Z"),
            ("0000-01-01T00:00:00+01:00", "-0001-12-31T23:00:00Z"),
            ("9999-12-31T23:59:59-01:00", "10000-01-01T00:59:59Z"),
            (None, None),
        ],
    )
    def test_are_read_as_go_does(self, written, read):
        assert read_record(record(lastUpdatedTime=written)).holds.last_updated == read

    @pytest.mark.parametrize(
        "written",
        [
            "",
            "26-01-02T03:04:05Z",
            "2026-02-30T03:04:05Z",
            "2026-01-02 03:04:05Z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05+25:00",
            "2026-01-02T03:04:05+00:61",
            "0001-02-29T00:00:00Z",
        ],
    )
    def test_that_are_none_break_the_record(self, written):
        assert "is not a time" in read_record(record(lastUpdatedTime=written)).problem


class TestWriting:
    FULL = PulledRecord(
        "sha256:1",
        {
            "b&b": PullCredentials((RecordedSecret("ns", "s", "u", "aa"),)),
            "a": PullCredentials((), (RecordedServiceAccount("ns", "sa", "u"),)),
            "c": PullCredentials(node_pods_accessible=True),
        },
        "2026-01-02T03:04:05Z",
    )

    def test_as_1_35_does(self):
        assert write_file(self.FULL, BETA).content.reveal().decode() == (
            '{"kind":"ImagePulledRecord","apiVersion":"kubelet.config.k8s.io/v1beta1",'
            '"lastUpdatedTime":"2026-01-02T03:04:05Z","imageRef":"sha256:1","credentialMapping":{'
            '"a":{"kubernetesServiceAccounts":[{"uid":"u","namespace":"ns","name":"sa"}]},'
            '"b\\u0026b":{"kubernetesSecrets":[{"uid":"u","namespace":"ns","name":"s",'
            '"credentialHash":"aa"}]},"c":{"nodePodsAccessible":true}}}\n'
        )

    def test_as_1_34_does(self):
        text = write_file(self.FULL, ALPHA).content.reveal().decode()
        assert '"c":{"kubernetesSecrets":null,"nodePodsAccessible":true}' in text
        assert '"apiVersion":"kubelet.config.k8s.io/v1alpha1"' in text

    def test_without_anything_known(self):
        assert write_file(PulledRecord("x"), BETA).content.reveal().decode() == (
            '{"kind":"ImagePulledRecord","apiVersion":"kubelet.config.k8s.io/v1beta1",'
            '"lastUpdatedTime":null,"imageRef":"x"}\n'
        )

    @pytest.mark.parametrize("version", [ALPHA, BETA])
    def test_what_is_written_reads_as_the_same(self, version):
        for holds, read in ((self.FULL, read_record), (PullIntent("nginx:1"), read_intent)):
            file = write_file(holds, version)
            again = read(file.content.reveal())
            assert again.holds == holds
            assert again.api_version == file.api_version == version


def test_file_names():
    assert file_name("sha256:" + "1" * 64) == (
        "sha256-5d4cc820b37f3d1fd0c6e04ed50a56ead8d497ecfd3c25c749855ed9d852837d"
    )
    assert file_name("\ud800") == file_name("\ufffd")
