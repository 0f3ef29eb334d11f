"""What a name means where several files define it."""

from pathlib import PurePath

from hypothesis import given
from hypothesis import strategies as st

from pullsecrets.metadata import Place
from pullsecrets.names import Found, Names
from pullsecrets.pull_secret import PullSecret


def secret_in(file, name="s", namespace="ns"):
    return PullSecret(name, namespace, place=Place(file, 1))


def names(*files):
    return Names(secret_in(file) for file in files)


def taken(index, near, name="s"):
    found = index.find("ns", name, Place(near, 2))
    return found.object.place.file


class TestFind:
    def test_the_only_one_is_meant_from_everywhere(self):
        index = names("a/b/s.yaml")
        for near in ("a/b/s.yaml", "a/x.yaml", "c/d/x.yaml", "-", None):
            assert index.find("ns", "s", Place(near)) == Found(secret_in("a/b/s.yaml"))
        assert index.find("ns", "s") == Found(secret_in("a/b/s.yaml"))

    def test_there_is_none_of_that_name_or_namespace(self):
        assert names("a.yaml").find("ns", "t") is None
        assert names("a.yaml").find("other", "s") is None

    def test_the_own_file_comes_first(self):
        assert taken(names("a/s.yaml", "a/x.yaml"), "a/x.yaml") == "a/x.yaml"

    def test_then_the_own_folder(self):
        assert taken(names("s.yaml", "b/s.yaml", "a/s.yaml"), "a/x.yaml") == "a/s.yaml"

    def test_then_the_folders_above_the_inner_ones_first(self):
        index = names("s.yaml", "a/s.yaml", "a/b/c/d/s.yaml")
        assert taken(index, "a/b/c/x.yaml") == "a/s.yaml"
        assert taken(index, "x/y.yaml") == "s.yaml"

    def test_what_is_near_has_no_rivals(self):
        index = names("s.yaml", "a/s.yaml")
        assert index.find("ns", "s", Place("a/x.yaml")).rivals == ()

    def test_two_in_one_folder_are_equally_near(self):
        found = names("a/1.yaml", "b/s.yaml", "a/2.yaml").find("ns", "s", Place("a/x.yaml"))
        assert [each.place.file for each in found.rivals] == ["a/1.yaml", "a/2.yaml"]
        assert found.choice == "that of a/1.yaml is taken, not of a/2.yaml"

    def test_elsewhere_the_nearest_is_taken_and_the_others_are_named(self):
        found = names("a/1.yaml", "b/c/2.yaml", "d/3.yaml").find("ns", "s", Place("b/d/x.yaml"))
        assert found.choice == "that of b/c/2.yaml is taken, not of a/1.yaml, d/3.yaml"

    def test_many_others_are_counted(self):
        index = names(*(f"{letter}/s.yaml" for letter in "abcde"))
        found = index.find("ns", "s", Place("x/y.yaml"))
        assert found.choice == "that of a/s.yaml is taken, not of b/s.yaml, c/s.yaml, 2 more"
        found = index.find("ns", "s", Place("e/f/x.yaml"))
        assert found.object.place.file == "e/s.yaml"
        assert found.choice == ""

    def test_a_stream_is_in_no_folder(self):
        index = names("s.yaml", "a/s.yaml", "-")
        assert taken(index, "-") == "-"
        assert names("-", "a/s.yaml").find("ns", "s", Place("x.yaml")).rivals != ()
        assert names("b/s.yaml", "s.yaml").find("ns", "s", Place("-")).choice == (
            "that of b/s.yaml is taken, not of s.yaml"
        )

    def test_within_a_file_the_later_definition_counts(self):
        first, later = secret_in("a.yaml"), PullSecret("s", "ns", "Opaque", place=Place("a.yaml"))
        index = Names([first, later])
        assert index.find("ns", "s").object is later
        assert not index.depend_on_place

    def test_without_a_place_all_are_as_near_as_others(self):
        found = names("a.yaml", "b.yaml").find("ns", "s")
        assert found.choice == "that of a.yaml is taken, not of b.yaml"

    def test_whether_it_depends_on_the_place(self):
        assert names("a.yaml", "b.yaml").depend_on_place
        different = Names([secret_in("a.yaml"), secret_in("b.yaml", "t")])
        assert not different.depend_on_place
        assert not Names([]).depend_on_place


FILES = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


@given(st.lists(FILES, min_size=1, max_size=8, unique=True), FILES)
def test_as_if_each_were_looked_at(files, near):
    found = names(*files).find("ns", "s", Place(near))
    folders = [*PurePath(near).parents]
    tiers = [
        [file for file in files if file == near],
        *([file for file in files if PurePath(file).parent == folder] for folder in folders),
    ]
    close = next((tier for tier in tiers if tier), None)
    if close is not None:
        assert found.object.place.file == close[0]
        assert len(found.rivals) == (len(close) if len(close) > 1 else 0)
    else:
        shared = [
            folder for folder in folders for file in files if folder in PurePath(file).parents
        ]
        inside = [file for file in files if shared[0] in PurePath(file).parents]
        assert found.object.place.file == inside[0]
        assert len(found.rivals) == (len(files) if len(files) > 1 else 0)
