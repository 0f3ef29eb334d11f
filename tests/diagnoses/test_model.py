"""The values: their order, their forms, their places."""

from __future__ import annotations

from pullsecrets import Cluster, PullSecret, ServiceAccount, check
from pullsecrets.diagnoses import CATALOGUE, Diagnoses, Diagnosis, Severity, Where
from pullsecrets.fields import format_path
from pullsecrets.metadata import Place
from pullsecrets.secrecy import EntryText
from pullsecrets.testing import cluster
from support.diagnosed import pod, regcred


def test_they_are_sorted():
    diagnoses = check(
        cluster(
            pod(*["Q"] * 11, secrets=("a", "a", "b", "c")),
            regcred("registry-1.docker.io", name="a"),
            regcred("quay.io", name="d"),
        )
    )
    assert [each.severity.rank for each in diagnoses] == sorted(e.severity.rank for e in diagnoses)
    images = [format_path(each.where.field) for each in diagnoses if each.code == "PS501"]
    assert images == [f"spec.containers[{n}].image" for n in range(11)]
    assert diagnoses.worst is diagnoses[0].severity
    assert len(diagnoses[:3]) == 3
    assert check(Cluster()).worst is None
    assert repr(check(Cluster())) == "<Diagnoses: none>"
    assert repr(diagnoses).startswith("<Diagnoses 15:\n  error PS501: ")


ENTRY = EntryText("https://user:hunter2@quay.io")


def diagnosis(severity, number=0):
    secret = PullSecret("regcred", place=Place("a\n.yaml", 3))
    field = ("data", EntryText(".dockerconfigjson"), number)
    where = Where.of(secret, field, ENTRY)
    return Diagnosis(CATALOGUE["PS302"], severity, "It is wrong", "Fix it.", where, ENTRY)


def test_severities_are_their_words():
    assert [*Severity] == ["error", "warning", "note"]
    assert [severity.rank for severity in Severity] == [0, 1, 2]


def test_a_place():
    where = diagnosis(Severity.ERROR).where
    assert str(where) == (
        "Secret default/regcred, data['.dockerconfigjson'][0], entry 'https://********@quay.io'"
    )
    assert where.to_dict() == {
        "file": "a\\n.yaml",
        "document": 3,
        "kind": "Secret",
        "namespace": "default",
        "name": "regcred",
        "field": "data['.dockerconfigjson'][0]",
        "entry": "https://********@quay.io",
    }
    account = Where.of(ServiceAccount("robot"), ("imagePullSecrets", 1))
    assert str(account) == "ServiceAccount default/robot, imagePullSecrets[1]"


def test_no_form_shows_what_an_entry_hides():
    found = Diagnoses([diagnosis(severity) for severity in Severity])
    shown = [repr(found), repr(found[0]), str(found[0].to_dict()), str(found.to_records())]
    shown += [found._repr_html_(), *found.table().lines()]
    assert "hunter2" not in "".join(shown)
    assert found[0].replacement.reveal() == ENTRY.reveal()


def test_records():
    [record] = Diagnoses([diagnosis(Severity.NOTE)]).to_records()
    assert record == {
        "severity": "note",
        "code": "PS302",
        "name": "dropped-entry",
        "message": "It is wrong",
        "advice": "Fix it.",
        "where_file": "a\\n.yaml",
        "where_document": 3,
        "where_kind": "Secret",
        "where_namespace": "default",
        "where_name": "regcred",
        "where_field": "data['.dockerconfigjson'][0]",
        "where_entry": "https://********@quay.io",
        "replacement": "https://********@quay.io",
    }
    assert type(record["severity"]) is str


def test_the_table():
    table = Diagnoses([diagnosis(severity) for severity in Severity]).table()
    assert table.title == "3 diagnoses"
    assert [row[0].tone for row in table.rows] == ["error", "warning", "note"]
    shown = "  error  PS302  It is wrong  Secret default/regcred"
    assert list(table.lines())[1] == shown
    html = table.html()
    assert '<span class="warning">warning</span>' in html
    assert 'It is wrong<br><span class="faint">Fix it.</span>' in html
    where = "data<wbr>[&#x27;.dockerconfigjson&#x27;][0]"
    assert f'<br><span class="faint">{where}</span>' in html


def test_the_table_says_how_many_are_left_out():
    found = Diagnoses([diagnosis(Severity.ERROR, number) for number in range(100)])
    assert len(found.table(60).rows) == 60
    assert "and 40 more diagnoses" in found.table(60).html(60)
    # People see the one cause that they have.
    assert "100 diagnoses" in found._repr_html_()
    assert "100 ×" in found._repr_html_()
    assert "and 97 more places" in found._repr_html_()
    assert Diagnoses([diagnosis(Severity.ERROR)]).table().title == "1 diagnosis"
    assert "No diagnosis" in Diagnoses()._repr_html_()
