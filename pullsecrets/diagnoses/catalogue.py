"""The catalogue: every kind of diagnosis with its code, what it means and what to do.

Codes are stable: one that goes out of use is not given again. Their first digit tells what they
are about: 1 which secrets a pod has, 2 the Secret as a whole, 3 the entries and their keys, 4 what
they log in with, 5 a pull. The pages of the documentation are made from this.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pullsecrets.diagnoses.model import Kind, Severity

__all__ = ["CATALOGUE"]

_ERROR, _WARNING, _NOTE = Severity

_KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        "PS101",
        "secret-in-another-namespace",
        _ERROR,
        "A listed secret is not in the pod's namespace, but there is one of that name in another.",
        "The kubelet looks secrets up by name in the pod's namespace and nowhere else (rule 4). "
        "One that is not there is skipped; the pull goes on without it, and an event "
        "`FailedToRetrieveImagePullSecret` is all that tells.",
        "Put a copy of the secret into the pod's namespace.",
    ),
    Kind(
        "PS102",
        "secret-missing",
        _WARNING,
        "A listed secret is not among the manifests.",
        "A secret that does not exist is skipped, and the pull goes on without it (rule 4). It "
        "may of course exist in the cluster, made by hand or by an operator: then say so with "
        "`--ignore PS102` or the annotation. It is only a note where the input holds no Secret at "
        "all, as then they evidently live elsewhere.",
        "Add the secret, or take the reference out.",
    ),
    Kind(
        "PS103",
        "list-replaces-account",
        _WARNING,
        "The pod's own list replaces that of its service account, whose secrets would serve an "
        "image that is now pulled anonymously.",
        "The service account's list is copied into a pod only when the pod's own is empty; the "
        "two are never merged (rule 1). It happens unnoticed when a chart or a webhook begins to "
        "set `imagePullSecrets`.",
        "Name the service account's secrets in the pod, too, or leave the pod's list out.",
    ),
    Kind(
        "PS104",
        "nameless-reference",
        _WARNING,
        "An item of imagePullSecrets has no name.",
        "It is skipped in silence (rule 4). Mostly a template was given an empty value.",
        "Give it a name, or take the item out.",
    ),
    Kind(
        "PS105",
        "listed-twice",
        _NOTE,
        "A secret stands twice in one list.",
        "It counts twice (rule 4): its credentials are tried a second time when all others of "
        "their key have failed, which only makes a failing pull slower.",
        "Take one of them out.",
    ),
    Kind(
        "PS106",
        "account-missing",
        _NOTE,
        "The pod's service account is not among the manifests, though others are.",
        "If it does not exist, the API server refuses the pod (rule 1). If it does, its list of "
        "secrets is not known here, and all answers for the pod suppose an empty one.",
        "Add the service account to the manifests, or mend its name.",
    ),
    Kind(
        "PS107",
        "account-changed-later",
        _WARNING,
        "The pod was made before its service account got the secrets that would serve its image.",
        "The list is copied into the pod once, when it is made (rule 1). A stored pod keeps what "
        "it has: changing the service account later changes nothing for it (rule 2).",
        "Make the pod anew: `kubectl rollout restart` its workload, or delete the pod.",
    ),
    Kind(
        "PS108",
        "only-default-account",
        _WARNING,
        "Only the service account `default` has pull secrets, and the pod runs as another one.",
        "Each service account has a list of its own; that of `default` serves the pods that name "
        "no service account (rule 1). To patch `default` does nothing for the others.",
        "Give the pod's service account the secrets, too, or name them in the pod.",
    ),
    Kind(
        "PS109",
        "static-pod-secrets",
        _WARNING,
        "A static pod names pull secrets.",
        "The kubelet runs static pods from a file, without the API server: there are no secrets "
        "to look up. Such a pod has the node's credentials only (rule 3).",
        "Put the credentials into the node's own docker config, or run it as an ordinary pod.",
    ),
    Kind(
        "PS110",
        "unused-secret",
        _NOTE,
        "No pod and no service account lists this pull secret.",
        "A secret takes part only when the pod's list, or its service account's, names it (rule "
        "1). Reported only where the input holds pods of that namespace.",
        "List it where it is needed, or delete it.",
    ),
    Kind(
        "PS111",
        "secret-not-listed",
        _WARNING,
        "The image is pulled anonymously, and a secret that nothing lists has a credential for it.",
        "That a secret is in the namespace is not enough: the pod, or its service account, has to "
        "list it in `imagePullSecrets` (rule 1).",
        "List the secret in the pod's imagePullSecrets, or in its service account's.",
    ),
    Kind(
        "PS201",
        "wrong-type",
        _ERROR,
        "A listed secret has a type that is not a pull secret's.",
        "Only `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg` are read; any other "
        "secret is skipped in silence (rule 7). `kubectl create secret generic` makes `Opaque` "
        "ones.",
        "Make the secret anew with type kubernetes.io/dockerconfigjson: a secret's type cannot be "
        "changed.",
    ),
    Kind(
        "PS202",
        "no-value",
        _ERROR,
        "A pull secret has no value where its type wants one.",
        "The type `kubernetes.io/dockerconfigjson` wants a value `.dockerconfigjson`, "
        "`kubernetes.io/dockercfg` wants `.dockercfg` (rule 7). The API server refuses such a "
        "secret without it; of one that got in all the same the kubelet takes no notice.",
        "Store the docker config under the key that belongs to the type.",
    ),
    Kind(
        "PS203",
        "entry-undecodable",
        _ERROR,
        "An entry does not decode, and with it every pull of every pod that lists the secret "
        "fails to get any credential.",
        "The kubelet gives up on the whole lookup: no other entry, no other secret and no node "
        "credential is tried, for any image of the pod (rule 8). The API server lets it in, as "
        "the document is JSON. Mostly `auth` holds the password or `user:password` as it is; it "
        "wants the base64 of `user:password` (rule 9).",
        "Write `username` and `password` instead of `auth`, or the base64 of `user:password`.",
    ),
    Kind(
        "PS204",
        "document-undecodable",
        _ERROR,
        "The docker config is not a document that decodes.",
        "A value that is not JSON is refused by the API server; one that is JSON of another shape "
        "gets in, and then fails every lookup of every pod that lists it (rule 8).",
        "Make the secret anew: `kubectl create secret docker-registry` writes a good one.",
    ),
    Kind(
        "PS205",
        "base64-twice",
        _ERROR,
        "The docker config is base64 twice.",
        "`data` holds base64 of the document (rule 7). Here what comes out is base64 once more: a "
        "text that was encoded by hand went through a tool that encodes, or stands in "
        "`stringData`.",
        "Encode it once in `data`, or put the plain document into `stringData`.",
    ),
    Kind(
        "PS206",
        "wrong-shape",
        _ERROR,
        "The docker config has the shape of the other type, so its entries are not found.",
        "`.dockerconfigjson` holds a document with the entries under `auths`, `.dockercfg` holds "
        "the entries themselves (rule 7). The wrong one decodes, to nothing of use.",
        'Wrap the entries in {"auths": …} for .dockerconfigjson; leave that out for .dockercfg.',
    ),
    Kind(
        "PS207",
        "no-entries",
        _WARNING,
        "The docker config holds no entry.",
        "The secret is read and gives nothing. Mostly it is a `config.json` from which somebody "
        "has logged out.",
        "Log in again and make the secret anew, or delete it.",
    ),
    Kind(
        "PS208",
        "credential-helper",
        _WARNING,
        "The docker config relies on a credential helper, and the kubelet runs none.",
        "On a laptop `docker login` often leaves the credential to a helper and writes "
        "`credsStore` or `credHelpers` into `config.json`. In a secret both are ignored (rule 9), "
        "and the entries that go with them are empty, yet count as matches.",
        "Make the secret with `kubectl create secret docker-registry`, from user name and "
        "password.",
    ),
    Kind(
        "PS301",
        "docker-hub-key",
        _ERROR,
        "This key never matches an image of Docker Hub.",
        "Docker Hub's images are named `docker.io/…`, and their credentials are looked up under "
        "`index.docker.io` alone (rule 14). `registry-1.docker.io`, `hub.docker.com`, "
        "`auth.docker.io`, `*.docker.io` and `index.docker.io/v1` without the slash at its end "
        "never match one.",
        "Write https://index.docker.io/v1/ instead.",
    ),
    Kind(
        "PS302",
        "dropped-entry",
        _ERROR,
        "The kubelet drops this entry: Go cannot parse it.",
        "An entry is parsed as a URL; one that is none is left out, with a line in the kubelet's "
        "log (rule 10). White space and a glob in the port are the usual reasons.",
        "Write the registry's host, with its port where it has one.",
    ),
    Kind(
        "PS303",
        "matches-nothing",
        _ERROR,
        "This key matches no image at all.",
        "Only `https://` and `http://` are taken off (rule 10). The rest has to be a host, its "
        "port and a prefix of the path: another scheme, a tag, a capital letter in the path or a "
        "glob in it never match an image's name (rule 12).",
        "Write the registry's host, and no more of the path than images share.",
    ),
    Kind(
        "PS304",
        "api-path",
        _WARNING,
        "The path /v1 or /v2 without a slash at its end is taken for a repository's.",
        "`/v1/` and `/v2/` are taken off, `/v1` is not (rule 10). The key then serves only images "
        "whose path begins with `v1`.",
        "Leave the path out.",
    ),
    Kind(
        "PS305",
        "covers-a-neighbour",
        _WARNING,
        "The credential is also sent for a neighbour, whose path only begins alike.",
        "A key's path is a plain prefix, character by character: `quay.io/acme` serves "
        "`quay.io/acme-labs/app`, too (rule 12). The neighbour's pull gets a credential that is "
        "not meant for it, and no anonymous attempt any more. Reported where the manifests hold "
        "such an image.",
        "End the path with a slash.",
    ),
    Kind(
        "PS306",
        "order-by-chance",
        _WARNING,
        "Several entries of one secret come down to one key and log in differently.",
        "`https://quay.io`, `quay.io` and `quay.io/v2/` are one key (rule 10). Within one key and "
        "one secret the kubelet walks a Go map: the order changes from pull to pull (rule 13).",
        "Keep one of them; where both are needed, put them into two secrets.",
    ),
    Kind(
        "PS307",
        "hub-entry-hidden",
        _WARNING,
        "Docker Hub's entry is never asked for this image, as another one matches by itself.",
        "The key `index.docker.io` is used only when nothing matched (rule 14). An entry "
        "`docker.io` or `*.io` matches the images of Docker Hub, and so hides it.",
        "Take the other entry out, or write it as https://index.docker.io/v1/, too.",
    ),
    Kind(
        "PS308",
        "several-for-one-key",
        _NOTE,
        "Several secrets of one list have different credentials for one key.",
        "All of them are tried, in the order of the list, until one pull succeeds (rules 13 and "
        "16). The later ones stay hidden behind the first as long as that works, and each failing "
        "one costs an attempt.",
        "Keep the one that is valid; or know that the order of the list decides.",
    ),
    Kind(
        "PS309",
        "only-by-glob",
        _NOTE,
        "An image gets its only credentials from entries with a glob.",
        "A glob sends the credential to every host that fits it, also one that somebody else may "
        "set up. A host that is written out says who gets the password.",
        "Write the host out.",
    ),
    Kind(
        "PS401",
        "white-space",
        _ERROR,
        "User name or password has white space or a line break around it.",
        "It is sent as it stands. `echo` ends its output with a line break, `base64` of it keeps "
        "that: use `printf %s`, or `echo -n`.",
        "Make the secret anew without the white space.",
    ),
    Kind(
        "PS402",
        "half-a-credential",
        _ERROR,
        "The entry has a user name without a password, or a password without a user name.",
        "The kubelet sends what there is (rule 9), and the registry refuses it. Mostly a variable "
        "was empty when the secret was made.",
        "Write both.",
    ),
    Kind(
        "PS403",
        "empty-entry",
        _WARNING,
        "The entry is empty, and still counts as a match.",
        "An entry without a credential is a candidate with an empty user name and password (rule "
        "9); and with a candidate the kubelet never pulls anonymously (rule 16). `docker login` "
        "with a credential helper leaves such entries behind.",
        "Write user name and password, or take the entry out.",
    ),
    Kind(
        "PS404",
        "identity-token",
        _ERROR,
        "The entry relies on an identity token, which the kubelet ignores.",
        "`identitytoken` and `registrytoken` are not read (rule 9). What is left is the null GUID "
        "`00000000-0000-0000-0000-000000000000`, as Azure's registry writes it, or nothing at "
        "all, with an empty password.",
        "Use a service principal, or a token of the registry with user name and password.",
    ),
    Kind(
        "PS405",
        "short-lived-token",
        _WARNING,
        "The password is a token that lives for hours only.",
        "Amazon's registry gives tokens of 12 hours, Google's and Azure's of one to three, "
        "GitLab's job tokens end with the job. In a secret such a token works until the next pull "
        "after that, and once it is stale there is no anonymous attempt either (rule 16).",
        "Let something renew it (External Secrets has generators), or use the node's credential "
        "provider; or use a password that lasts.",
    ),
    Kind(
        "PS406",
        "placeholder",
        _WARNING,
        "User name or password is a placeholder.",
        "Nobody has filled it in: the text is sent to the registry as it stands.",
        "Fill in the value, or render the manifest before it is checked.",
    ),
    Kind(
        "PS407",
        "harbor-robot",
        _WARNING,
        "The user name looks like a Harbor robot account that has lost its `$`.",
        "Harbor names its robots `robot$name`. Within double quotes a shell takes `$name` for a "
        "variable and leaves `robot`; a backslash that was meant to prevent it may stay. Where "
        "the registry is not called Harbor it is only a note, and `robot` alone is a name like "
        "any other.",
        "Write robot$ and the name, in single quotes where a shell reads it.",
    ),
    Kind(
        "PS501",
        "invalid-image",
        _ERROR,
        "The image is no image reference.",
        "The kubelet reports `InvalidImageName` and pulls nothing (rule 11).",
        "Mend the image's name.",
    ),
    Kind(
        "PS502",
        "port-differs",
        _WARNING,
        "The image is pulled anonymously; an entry has its host, but another port.",
        "Ports are compared as strings: one that stands only in the key, or only in the image, is "
        "another one (rule 12). Only a note where both name one, as two registries may share a "
        "host.",
        "Write the port as the image has it.",
    ),
    Kind(
        "PS503",
        "host-levels-differ",
        _WARNING,
        "The image is pulled anonymously; an entry is for its domain, but with more or fewer "
        "labels than the host.",
        "Hosts match label by label: `example.com` does not cover its subdomains, and "
        "`*.example.com` covers exactly one level of them (rule 12).",
        "Write the host out.",
    ),
    Kind(
        "PS504",
        "path-differs",
        _WARNING,
        "The image is pulled anonymously; an entry for its registry has nearly its path.",
        "A key's path has to begin the image's, letter by letter; globs do not work in it (rule "
        "12).",
        "Write the path as the image has it.",
    ),
    Kind(
        "PS505",
        "host-differs",
        _WARNING,
        "The image is pulled anonymously; an entry has nearly its host.",
        "Hosts match label by label, and letter case counts (rule 12). One letter is enough.",
        "Write the host as the image has it.",
    ),
    Kind(
        "PS506",
        "idle-list",
        _NOTE,
        "The pod lists secrets, and none of them has a credential for any of its images.",
        "All its images are pulled anonymously (rule 16). Reported only where all listed secrets "
        "are there and the list is the pod's own.",
        "Take the list out where the images are public, else list the secret for their registry.",
    ),
)

CATALOGUE: Final[Mapping[str, Kind]] = MappingProxyType({kind.code: kind for kind in _KINDS})
"""Every kind of diagnosis by its code, in the codes' order."""
