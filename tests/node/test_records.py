from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pullsecrets import InvalidImage
from pullsecrets.node.images import NodeImage
from pullsecrets.node.record_files import file_name
from pullsecrets.node.recorded import (
    PullCredentials,
    PulledRecord,
    PullIntent,
    RecordedSecret,
    RecordedServiceAccount,
)
from pullsecrets.node.records import (
    BrokenRecord,
    NoRecords,
    Pull,
    PullRecords,
    name_in_records,
)
from pullsecrets.node.versions import Release
from support.canary import CANARY, leaks, texts

ALPHA = "kubelet.config.k8s.io/v1alpha1"
BETA = "kubelet.config.k8s.io/v1beta1"
R33, R34, R35, R36, R37 = map(Release, range(33, 38))
NOW = datetime(2026, 5, 6, 7, 8, 9, 500, tzinfo=timezone(timedelta(hours=2)))
WRITTEN = "2026-05-06T05:08:09Z"
SECRET = RecordedSecret("ns", "s", "u", "aa")
EVERYONE = PullCredentials(node_pods_accessible=True)


def record(image_id="sha256:1", name="quay.io/a", api_version=BETA, **credentials):
    return json.dumps(
        {
            "kind": "ImagePulledRecord",
            "apiVersion": api_version,
            "lastUpdatedTime": "2026-01-02T03:04:05Z",
            "imageRef": image_id,
            "credentialMapping": {name: credentials},
        }
    )


def intent(image, api_version=BETA):
    return json.dumps({"kind": "ImagePullIntent", "apiVersion": api_version, "image": image})


def records(pulled=None, pulling=None):
    return PullRecords.from_files(pulled or {}, pulling or {})


class TestNames:
    @pytest.mark.parametrize(
        "image, normalised, written",
        [
            ("nginx", "docker.io/library/nginx", "nginx"),
            ("nginx:1", "docker.io/library/nginx", "nginx"),
            ("registry.local:5000/a", "registry.local:5000/a", "registry.local:5000/a"),
            ("registry.local:5000/a:1", "registry.local:5000/a", "registry.local:5000/a"),
            (f"quay.io/a:1@sha256:{'d' * 64}", "quay.io/a", "quay.io/a"),
            (f"a@sha256:{'d' * 64}", "docker.io/library/a", "a"),
        ],
    )
    def test_by_release(self, image, normalised, written):
        assert {name_in_records(image, r) for r in (R33, R34, R35)} == {normalised}
        assert {name_in_records(image, r) for r in (R36, R37)} == {written}

    def test_no_image_has_none(self):
        with pytest.raises(InvalidImage):
            name_in_records("Quay.io/A", R36)


class TestFinding:
    def test_by_name(self):
        found = records({file_name("sha256:1"): record()}, {file_name("a"): intent("a")})
        for release in (R35, R37):
            assert found.record_of("sha256:1", release).image_id == "sha256:1"
            assert found.record_of("sha256:2", release) is None
            assert found.intent_of("a", release) == PullIntent("a")
            assert found.intent_of("b", release) is None

    def test_a_wrong_name_counts_from_1_34(self):
        found = records({"sha256-x": record(api_version=ALPHA)})
        assert found.record_of("sha256:1", R33) is None
        assert found.record_of("sha256:1", R34) is not None

    def test_the_last_of_several_counts(self):
        found = records(
            {
                "sha256-1": record(nodePodsAccessible=True),
                "sha256-2": record(),
                file_name("sha256:1"): record(nodePodsAccessible=True),
                "sha256-zzz": record(name="other"),
            }
        )
        assert list(found.record_of("sha256:1", R35).credentials) == ["other"]

    def test_another_id_than_its_name_counts_as_absent(self):
        found = records({file_name("sha256:1"): record("sha256:9", api_version=ALPHA)})
        assert found.record_of("sha256:1", R33) is None
        assert found.record_of("sha256:1", R34) is None

    def test_a_broken_one_is_said_to_be_broken(self):
        name = file_name("sha256:1")
        found = records({name: "{", "sha256-other": record("sha256:2", api_version=ALPHA)})
        for release in (R33, R36):
            assert isinstance(found.record_of("sha256:1", release), BrokenRecord)
            assert name in str(found.record_of("sha256:1", release))
        # With a broken file the rest is found in memory, too, or by name.
        assert found.record_of("sha256:2", R36) is not None
        assert found.record_of("sha256:3", R36) is None
        assert [each.file for each in found.broken(R36)] == [name]
        assert [each.image_id for each in found.records(R36)] == ["sha256:2"]

    def test_a_later_apiversion_is_broken_for_an_earlier_kubelet(self):
        found = records({file_name("sha256:1"): record()}, {file_name("a"): intent("a")})
        assert "1.35 and later" in found.record_of("sha256:1", R34).problem
        assert isinstance(found.intent_of("a", R34), BrokenRecord)
        assert len(list(found.broken(R34))) == 2
        assert not list(found.broken(R35))
        assert not list(found.records(R34))

    def test_other_files_are_passed_over(self):
        names = ("sha256-x.tmp", "README", "SHA256-" + "1" * 64)
        found = records(dict.fromkeys(names, record()))
        assert found.record_of("sha256:1", R36) is None
        assert sorted(names) == list(found.pulled.files)
        assert not list(found.broken(R36))


class TestAfterAPull:
    @pytest.mark.parametrize(
        "by, credentials",
        [
            (None, EVERYONE),
            (SECRET, PullCredentials((SECRET,))),
            (
                account := RecordedServiceAccount("ns", "sa", "u"),
                PullCredentials((), (account,)),
            ),
        ],
    )
    def test_it_is_recorded_whose_credential_it_was(self, by, credentials):
        after = records().after(Pull("nginx:1", "sha256:1", by), R36, NOW)
        assert after.record_of("sha256:1", R36) == PulledRecord(
            "sha256:1", {"nginx": credentials}, WRITTEN
        )
        assert list(after.pulled.files) == [file_name("sha256:1")]
        assert not after.pulling.files

    def test_it_is_added_to_what_was_known(self):
        before = records({file_name("sha256:1"): record(nodePodsAccessible=True)})
        after = before.after(Pull("quay.io/b", "sha256:1", SECRET), R36, NOW)
        assert after.record_of("sha256:1", R36).credentials == {
            "quay.io/a": EVERYONE,
            "quay.io/b": PullCredentials((SECRET,)),
        }

    def test_where_nothing_is_new_nothing_is_written(self):
        before = records({file_name("sha256:1"): record(nodePodsAccessible=True)})
        assert before.after(Pull("quay.io/a:1", "sha256:1", SECRET), R36, NOW) == before

    def test_a_broken_record_is_written_anew(self):
        before = records({file_name("sha256:1"): "{"})
        after = before.after(Pull("quay.io/a", "sha256:1"), R36, NOW)
        assert after.record_of("sha256:1", R36).credentials == {"quay.io/a": EVERYONE}
        assert not list(after.broken(R36))

    def test_the_apiversion_is_the_kubelets(self):
        for release, version in ((R33, ALPHA), (R34, ALPHA), (R35, BETA), (R37, BETA)):
            after = records().after(Pull("nginx:1", "sha256:1"), release, NOW)
            assert [file.api_version for file in after.pulled.files.values()] == [version]

    def test_intents_end_with_it_and_with_a_failed_one(self):
        name = file_name("nginx:1")
        before = records({}, {name: "{", f"{name}.tmp": "left", "sha256-o": intent("o")})
        for pull in (Pull("nginx:1", None), Pull("nginx:1", "sha256:1")):
            after = before.after(pull, R36, NOW)
            assert list(after.pulling.files) == ["sha256-o"]
        assert not before.after(Pull("nginx:1", None), R36, NOW).pulled.files

    def test_unfinished_files_of_a_record_are_used_up(self):
        name = file_name("sha256:1")
        after = records({f"{name}.tmp": "left"}).after(Pull("a", "sha256:1"), R36, NOW)
        assert list(after.pulled.files) == [name]

    def test_what_is_no_image_is_never_pulled(self):
        with pytest.raises(InvalidImage):
            records().after(Pull("A", "sha256:1"), R36, NOW)


class TestAtStart:
    IMAGE = NodeImage("sha256:1", ("docker.io/library/nginx:1",), (f"quay.io/a@sha256:{'d' * 64}",))

    def test_files_of_an_older_apiversion_are_written_anew(self):
        before = records(
            {"sha256-x": record(api_version=ALPHA), "sha256-y": "{"},
            {"sha256-i": intent("nginx", ALPHA)},
        )
        after = before.at_start([], R35, NOW)
        assert after.pulled.files[file_name("sha256:1")].api_version == BETA
        assert after.pulled.files["sha256-x"].api_version == ALPHA  # it stays
        assert after.pulled.files["sha256-y"] == before.pulled.files["sha256-y"]
        assert after.pulling.files[file_name("nginx")].api_version == BETA
        record_of_it = after.record_of("sha256:1", R35)
        assert record_of_it.last_updated == "2026-01-02T03:04:05Z"  # not written as of now
        assert after.at_start([], R35, NOW) == after
        assert before.at_start([], R34, NOW) == before

    def test_a_later_file_of_the_right_name_is_overwritten(self):
        right = file_name("sha256:1")
        before = records(
            {
                "sha256-0": record(api_version=ALPHA, nodePodsAccessible=True),
                right: record(api_version=ALPHA),
            }
        )
        after = before.at_start([], R36, NOW)
        assert after.pulled.files[right].holds.credentials == {"quay.io/a": EVERYONE}

    @pytest.mark.parametrize("image", ["docker.io/library/nginx:1", f"quay.io/a@sha256:{'d' * 64}"])
    def test_an_intent_of_a_listed_image_becomes_a_record(self, image):
        left = {"sha256-b": "{", "sha256-o": intent("other")}
        before = records({}, {file_name(image): intent(image), **left})
        after = before.at_start([NodeImage("sha256:0"), self.IMAGE], R36, NOW)
        assert after.record_of("sha256:1", R36) == PulledRecord("sha256:1", {}, WRITTEN)
        assert list(after.pulling.files) == sorted(left)

    def test_a_known_image_only_loses_the_intent(self):
        image = "docker.io/library/nginx:1"
        before = records(
            {file_name("sha256:1"): record(nodePodsAccessible=True)},
            {file_name(image): intent(image)},
        )
        after = before.at_start([self.IMAGE], R36, NOW)
        assert after.pulled == before.pulled
        assert not after.pulling.files

    def test_names_are_compared_as_they_are(self):
        before = records({}, {file_name("nginx:1"): intent("nginx:1")})
        assert before.at_start([self.IMAGE], R36, NOW) == before

    def test_an_intent_that_is_no_image_stays(self):
        before = records({}, {file_name("A"): intent("A")})
        assert before.at_start([NodeImage("sha256:1", ("A",))], R36, NOW) == before


class TestLoading:
    @pytest.fixture
    def folder(self, tmp_path):
        root = tmp_path / "image_manager"
        for name, content in (("pulled", record()), ("pulling", intent("a"))):
            (root / name / "folder").mkdir(parents=True)
            (root / name / "sha256-x").write_text(content, "utf-8")
        return tmp_path

    def test_a_kubelets_directory_or_the_one_in_it(self, folder):
        found = PullRecords.load(folder)
        assert found == PullRecords.load(folder / "image_manager")
        assert found.record_of("sha256:1", R36) is not None
        assert found.intent_of("a", R36) is not None
        assert list(found.pulled.files) == ["sha256-x"]

    def test_one_directory_is_enough(self, tmp_path):
        (tmp_path / "pulled").mkdir()
        assert PullRecords.load(tmp_path) == PullRecords()

    def test_without_either_it_is_another_folder(self, tmp_path):
        with pytest.raises(NoRecords, match="no directory 'pulled' or 'pulling'"):
            PullRecords.load(tmp_path)

    def test_too_large_a_file_is_not_read(self, folder):
        file = folder / "image_manager" / "pulled" / "sha256-x"
        file.write_bytes(b" " * (4 * 2**20 + 1))
        with pytest.raises(NoRecords, match="sha256-x is too large"):
            PullRecords.load(folder)


def test_they_are_values_that_hide_what_they_hold():
    found = records(
        {file_name("sha256:1"): record(kubernetesSecrets=[{"credentialHash": CANARY}])},
        {file_name("a"): intent("a")},
    )
    assert pickle.loads(pickle.dumps(found)) == found
    assert hash(pickle.loads(pickle.dumps(found))) == hash(found)
    assert found != PullRecords()
    for value in (found, found.pulled, *found.pulled.files.values()):
        for text in texts(value):
            assert not leaks(text)


def test_a_time_without_a_zone_is_the_local_one():
    local = datetime(2026, 5, 6, 7, 8, 9)
    after = records().after(Pull("nginx:1", "sha256:1"), R36, local)
    expected = local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert after.record_of("sha256:1", R36).last_updated == expected
