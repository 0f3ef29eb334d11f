"""The catalogue: every kind of diagnosis with its code, what it means and what to do.

Codes are stable: one that is no longer used is not given to anything else. Their first digit tells
what they are about: 1 which secrets a pod has, 2 the Secret as a whole, 3 the entries and their
keys, 4 what they log in with, 5 a pull, 6 the nodes' credential providers, 7 images that are on a
node. There is no PS604: a configuration that the kubelet refuses is a problem of the input. The
pages of the documentation are made from this.
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
        "A listed secret is not in the pod's namespace, but another namespace has one of that "
        "name.",
        "The kubelet looks secrets up by name in the pod's namespace and nowhere else (rule "
        "4). A secret that is not there is skipped. The pull goes on without it, and only an "
        "event `FailedToRetrieveImagePullSecret` tells.",
        "Put a copy of the secret into the pod's namespace.",
    ),
    Kind(
        "PS102",
        "secret-missing",
        _NOTE,
        "A listed secret is not among the manifests.",
        "A secret that does not exist is skipped, and the pull goes on without it (rule 4). It "
        "may exist in the cluster, created by hand or by an operator: then say so with "
        "`--ignore PS102` or the annotation. It is a warning if the pod's namespace has a pull "
        "secret that nothing lists: then its name is most likely misspelled.",
        "Add the secret, or remove the reference.",
    ),
    Kind(
        "PS103",
        "list-replaces-account",
        _WARNING,
        "The pod's own list replaces that of its service account, whose secrets would serve an "
        "image that is now pulled anonymously.",
        "The service account's list is copied into a pod only if the pod's own list is empty. "
        "The two are never merged (rule 1). It happens unnoticed when a chart or a webhook "
        "begins to set `imagePullSecrets`.",
        "Name the service account's secrets in the pod, too, or remove the pod's list.",
    ),
    Kind(
        "PS104",
        "nameless-reference",
        _WARNING,
        "An item of imagePullSecrets has no name.",
        "It is skipped in silence (rule 4). Usually a template was given an empty value.",
        "Give it a name, or remove the item.",
    ),
    Kind(
        "PS105",
        "listed-twice",
        _NOTE,
        "A secret is listed twice.",
        "It counts twice (rule 4): its credentials are tried a second time when all others of "
        "their key have failed. That only makes a failing pull slower.",
        "Remove one of them.",
    ),
    Kind(
        "PS106",
        "account-missing",
        _NOTE,
        "The pod's service account is not among the manifests, although others are.",
        "If it does not exist, the API server refuses the pod (rule 1). If it does, its list "
        "of secrets is not known here, and all answers for the pod assume that it is empty.",
        "Add the service account to the manifests, or correct its name.",
    ),
    Kind(
        "PS107",
        "account-changed-later",
        _WARNING,
        "The pod was created before its service account got the secrets that would serve its "
        "image.",
        "The list is copied into the pod once, when the pod is created (rule 1). A stored pod "
        "keeps what it has: changing the service account later changes nothing for it (rule 2).",
        "Create the pod again: `kubectl rollout restart` its workload, or delete the pod.",
    ),
    Kind(
        "PS108",
        "only-default-account",
        _WARNING,
        "Only the service account `default` has pull secrets, and the pod runs as another one.",
        "Each service account has a list of its own. That of `default` serves the pods that "
        "name no service account (rule 1). Patching `default` does nothing for the others.",
        "Give the pod's service account the secrets, too, or name them in the pod.",
    ),
    Kind(
        "PS109",
        "static-pod-secrets",
        _WARNING,
        "A static pod names pull secrets.",
        "The kubelet runs static pods from a file, without the API server: there are no secrets "
        "to look up. Such a pod has the node's credentials only, and from Kubernetes 1.34 on the "
        "kubelet refuses it (rule 3).",
        "Remove the list and put the credentials into the node's own docker config, or run it as "
        "an ordinary pod.",
    ),
    Kind(
        "PS110",
        "unused-secret",
        _NOTE,
        "No pod and no service account lists this pull secret.",
        "A secret is used only if the pod's list, or its service account's list, names it "
        "(rule 1). Reported only if the input holds pods of that namespace.",
        "List it where it is needed, or delete it.",
    ),
    Kind(
        "PS111",
        "secret-not-listed",
        _WARNING,
        "The image is pulled anonymously, and a secret that nothing lists has a credential for it.",
        "It is not enough that a secret is in the namespace: the pod, or its service account, "
        "has to list it in `imagePullSecrets` (rule 1).",
        "List the secret in the pod's imagePullSecrets, or in its service account's.",
    ),
    Kind(
        "PS112",
        "made-in-another-namespace",
        _ERROR,
        "A program makes the listed secret in another namespace than the pod's.",
        "The kubelet looks secrets up by name in the pod's namespace and nowhere else (rule 4). A "
        "SealedSecret, an ExternalSecret and their like make the secret in their own namespace, "
        "unless they say otherwise.",
        "Put the object that makes the secret into the pod's namespace, or let a program copy it.",
    ),
    Kind(
        "PS113",
        "string-reference",
        _ERROR,
        "An item of imagePullSecrets is a string, where an object with a name belongs.",
        "The API server cannot decode the object and refuses it: a string is no reference. Usually "
        "a chart writes a list of its values as it is, with `toYaml`, and the values hold strings. "
        "All other diagnoses, and the answers, take the string as the name of a secret (rule 4).",
        "Write `- name: regcred`; in a chart, make the values objects with a name, or write "
        "`- name: {{ . }}` for each of them.",
    ),
    Kind(
        "PS114",
        "rendered-reference",
        _ERROR,
        "The name of a listed secret is an object that a template wrote as text, as in "
        "`map[name:regcred]`.",
        "The API server does not check these names (`validateImagePullSecrets`), so it accepts the "
        "pod. No secret can have such a name, and the pull goes on without it (rule 4). Usually a "
        "chart writes `- name: {{ . }}` for each of its values, and the values are objects "
        "already.",
        "Write the secret's name; in a chart, make the values strings, or write `- name: "
        "{{ .name }}` for each of them.",
    ),
    Kind(
        "PS201",
        "wrong-type",
        _ERROR,
        "A listed secret does not have the type of a pull secret.",
        "Only `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg` are read. Any "
        "other secret is skipped in silence (rule 7). `kubectl create secret generic` creates "
        "secrets of the type `Opaque`.",
        "Create the secret again with the type kubernetes.io/dockerconfigjson: the type of a "
        "secret cannot be changed.",
    ),
    Kind(
        "PS202",
        "no-value",
        _ERROR,
        "A pull secret does not have the value that its type needs.",
        "The type `kubernetes.io/dockerconfigjson` needs a value `.dockerconfigjson`, "
        "`kubernetes.io/dockercfg` needs `.dockercfg` (rule 7). The API server refuses a "
        "secret without it. If one got in nevertheless, the kubelet skips it.",
        "Store the docker config under the key that belongs to the type.",
    ),
    Kind(
        "PS203",
        "entry-undecodable",
        _ERROR,
        "A part of the docker config does not decode, so no pull of any pod that lists the "
        "secret gets a credential.",
        "The kubelet gives up on the whole lookup: no other entry, no other secret and no node "
        "credential is tried, for any image of the pod (rule 8). The API server accepts such a "
        "secret, because the document is JSON. Usually `auth` holds the password or "
        "`user:password` itself, but it has to be the base64 of `user:password` (rule 9).",
        "Write `username` and `password` instead of `auth`, or the base64 of `user:password`.",
    ),
    Kind(
        "PS204",
        "document-undecodable",
        _ERROR,
        "The docker config is not a document that decodes.",
        "The API server refuses a value that is not JSON. It accepts JSON of another form, "
        "which then fails every lookup of every pod that lists the secret (rule 8).",
        "Create the secret again: `kubectl create secret docker-registry` writes a correct one.",
    ),
    Kind(
        "PS205",
        "base64-twice",
        _ERROR,
        "The docker config is encoded in base64 twice.",
        "`data` holds the base64 of the document (rule 7). Here the decoded value is base64 "
        "again: a text that somebody had encoded by hand was encoded again by a tool, or was "
        "put into `stringData`.",
        "Encode it once in `data`, or put the plain document into `stringData`.",
    ),
    Kind(
        "PS206",
        "wrong-shape",
        _ERROR,
        "The docker config has the form that the other type needs, so its entries are not found.",
        "`.dockerconfigjson` holds a document with the entries under `auths`, `.dockercfg` "
        "holds the entries themselves (rule 7). The wrong one decodes, but gives no usable "
        "entry.",
        'Wrap the entries in {"auths": …} for .dockerconfigjson; leave that out for .dockercfg.',
    ),
    Kind(
        "PS207",
        "no-entries",
        _WARNING,
        "The docker config holds no entry.",
        "The secret is read and gives nothing. Usually it is a `config.json` after somebody "
        "has logged out.",
        "Log in again and create the secret again, or delete it.",
    ),
    Kind(
        "PS208",
        "credential-helper",
        _WARNING,
        "The docker config relies on a credential helper, and the kubelet runs none.",
        "On a laptop `docker login` often gives the credential to a helper and writes "
        "`credsStore` or `credHelpers` into `config.json`. In a secret both are ignored (rule "
        "9). The entries that belong to them are empty, and still count as matches.",
        "Create the secret with `kubectl create secret docker-registry`, from user name and "
        "password.",
    ),
    Kind(
        "PS209",
        "made-with-wrong-type",
        _ERROR,
        "A program makes a secret that is not of a pull secret's type.",
        "Only `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg` are read. Any other "
        "secret is skipped in silence (rule 7). Where the template of a SealedSecret, of an "
        "ExternalSecret or of their like names no type, the secret gets the type `Opaque`.",
        "Write the type kubernetes.io/dockerconfigjson there. The type of a secret cannot be "
        "changed: delete the secret that was made before.",
    ),
    Kind(
        "PS210",
        "made-without-docker-config",
        _ERROR,
        "A program makes a pull secret from a template that gives no docker config.",
        "The API server refuses a pull secret without the value that its type asks for, and one "
        "whose value is not JSON; a value that is JSON of another form fails each lookup of a pod "
        "that lists it (rule 8). What a template leaves to be filled in is taken to fit.",
        'Let the template give {"auths": {…}} under .dockerconfigjson.',
    ),
    Kind(
        "PS301",
        "docker-hub-key",
        _ERROR,
        "This key never matches an image of Docker Hub.",
        "Docker Hub's images are named `docker.io/…`, and their credentials are looked up "
        "under `index.docker.io` only (rule 14). `registry-1.docker.io`, `hub.docker.com`, "
        "`auth.docker.io`, `*.docker.io`, and `index.docker.io/v1` without a slash at the end, "
        "never match one.",
        "Write https://index.docker.io/v1/ instead.",
    ),
    Kind(
        "PS302",
        "dropped-entry",
        _ERROR,
        "The kubelet drops this entry: Go cannot parse it.",
        "An entry is parsed as a URL. One that is not a URL is left out, with a line in the "
        "kubelet's log (rule 10). White space and a glob in the port are the usual reasons.",
        "Write the registry's host, with its port if it has one.",
    ),
    Kind(
        "PS303",
        "matches-nothing",
        _ERROR,
        "This key matches no image at all.",
        "Only `https://` and `http://` are removed (rule 10). The rest has to be a host, its "
        "port and a prefix of the path. Another scheme, a tag, a capital letter in the path or "
        "a glob in it never matches an image's name (rule 12).",
        "Write the registry's host, and of the path only what the images have in common.",
    ),
    Kind(
        "PS304",
        "api-path",
        _WARNING,
        "The path /v1 or /v2 without a slash at the end is taken for that of a repository.",
        "`/v1/` and `/v2/` are removed, `/v1` is not (rule 10). The key then serves only "
        "images whose path begins with `v1`.",
        "Remove the path.",
    ),
    Kind(
        "PS305",
        "covers-a-neighbour",
        _WARNING,
        "The credential is also sent for an image of somebody else, whose path only begins in "
        "the same way.",
        "A key's path is a plain prefix, character by character: `quay.io/acme` also serves "
        "`quay.io/acme-labs/app` (rule 12). The pull of that image gets a credential that is "
        "not meant for it, and is no longer tried anonymously. Reported if the manifests hold "
        "such an image.",
        "End the path with a slash.",
    ),
    Kind(
        "PS306",
        "undefined-order",
        _WARNING,
        "Several entries of one secret normalise to one key and log in differently.",
        "`https://quay.io`, `quay.io` and `quay.io/v2/` are one key (rule 10). Within one key "
        "and one secret the kubelet iterates over a Go map: the order is not defined, and "
        "changes from pull to pull (rule 13).",
        "Keep one of them; if both are needed, put them into two secrets.",
    ),
    Kind(
        "PS307",
        "hub-entry-shadowed",
        _WARNING,
        "Docker Hub's entry is never tried for this image, because another entry matches by "
        "itself.",
        "The key `index.docker.io` is used only if nothing else matched (rule 14). An entry "
        "`docker.io` or `*.io` matches the images of Docker Hub, and so shadows it.",
        "Remove the other entry, or write it as https://index.docker.io/v1/, too.",
    ),
    Kind(
        "PS308",
        "several-for-one-key",
        _NOTE,
        "Several secrets of one list have different credentials for one key.",
        "All of them are tried, in the order of the list, until one pull succeeds (rules 13 "
        "and 16). The later ones are not noticed as long as the first one works, and each one "
        "that fails costs an attempt.",
        "Keep the one that is valid, or make sure that the order of the list is what you want.",
    ),
    Kind(
        "PS309",
        "only-by-glob",
        _NOTE,
        "An image gets its only credentials from entries with a glob.",
        "A glob sends the credential to every host that matches it, even to one that somebody "
        "else may set up. A host that is written out says who gets the password.",
        "Write the host out.",
    ),
    Kind(
        "PS401",
        "white-space",
        _ERROR,
        "The user name or the password has white space or a line break around it.",
        "It is sent as it is. `echo` ends its output with a line break, and `base64` keeps it: "
        "use `printf %s`, or `echo -n`.",
        "Create the secret again without the white space.",
    ),
    Kind(
        "PS402",
        "half-a-credential",
        _ERROR,
        "The entry has a user name without a password, or a password without a user name.",
        "The kubelet sends what there is (rule 9). That is never the log-in that was "
        "meant: depending on the container runtime, the registry refuses it, or it is not tried at "
        "all. Usually a variable was empty when the secret was created.",
        "Write both.",
    ),
    Kind(
        "PS403",
        "empty-entry",
        _WARNING,
        "The entry is empty, and still counts as a match.",
        "An entry without a credential is a candidate with an empty user name and password "
        "(rule 9), and with a candidate the kubelet never pulls anonymously (rule 16). What "
        "becomes of it depends on the container runtime: containerd makes an anonymous "
        "attempt, CRI-O uses the credentials in the node's own file. `docker login` with a "
        "credential helper leaves such entries behind.",
        "Write user name and password, or remove the entry.",
    ),
    Kind(
        "PS404",
        "identity-token",
        _ERROR,
        "The entry relies on an identity token, which the kubelet ignores.",
        "`identitytoken` and `registrytoken` are not read (rule 9). What is left is an empty "
        "password, with no user name or with the null GUID "
        "`00000000-0000-0000-0000-000000000000`, as Azure's registry writes it.",
        "Use a service principal, or a token of the registry with user name and password.",
    ),
    Kind(
        "PS405",
        "short-lived-token",
        _WARNING,
        "The password is a token that is valid for a few hours only.",
        "Amazon's registry gives tokens for 12 hours, Google's and Azure's for one to three, "
        "and GitLab's job tokens end with the job. In a secret such a token works until it "
        "expires. After that pulls fail, and there is no anonymous attempt either (rule 16).",
        "Let a tool renew it (External Secrets has generators), or use the node's credential "
        "provider, or a password that does not expire.",
    ),
    Kind(
        "PS406",
        "placeholder",
        _WARNING,
        "The user name or the password is a placeholder.",
        "Nobody has filled it in: the text is sent to the registry as it is.",
        "Fill in the value, or render the manifest before it is checked.",
    ),
    Kind(
        "PS407",
        "harbor-robot",
        _WARNING,
        "The user name looks like that of a Harbor robot account that has lost its `$`.",
        "Harbor names its robot accounts `robot$name`. In double quotes a shell takes `$name` "
        "for a variable and leaves `robot`; a backslash that should have prevented that may be "
        "left over. It is only a note if the registry is not called Harbor, and there `robot` "
        "alone is not reported, as it is a name like any other.",
        "Write robot$ and the name, in single quotes if a shell reads it.",
    ),
    Kind(
        "PS408",
        "expired-token",
        _ERROR,
        "The password is a token that has expired.",
        "The token says itself when it ends: one of Amazon's registry in its JSON document, a JWT "
        "in the claim `exp`. The registry refuses it, and there is no anonymous attempt either "
        "(rule 16). `--at` asks about another moment than now.",
        "Log in again and create the secret again; let a tool renew it (External Secrets has "
        "generators), or use the node's credential provider.",
    ),
    Kind(
        "PS409",
        "expires-soon",
        _WARNING,
        "The password is a token that expires soon.",
        "The token says itself when it ends. After that pulls fail, and there is no anonymous "
        "attempt either (rule 16). Reported only with `--within`, which says how long before the "
        "end, and not for tokens that are always short-lived (PS405).",
        "Create the secret again before that, or let a tool renew it.",
    ),
    Kind(
        "PS501",
        "invalid-image",
        _ERROR,
        "The image is not an image reference.",
        "The kubelet reports `InvalidImageName` and pulls nothing (rule 11).",
        "Correct the image's name.",
    ),
    Kind(
        "PS502",
        "port-differs",
        _WARNING,
        "The image is pulled anonymously; an entry has its host, but another port.",
        "Ports are compared as strings, and a port that only the key or only the image has is "
        "a difference (rule 12). It is only a note if both name a port, as there may be two "
        "registries on one host.",
        "Write the port as the image has it.",
    ),
    Kind(
        "PS503",
        "host-levels-differ",
        _WARNING,
        "The image is pulled anonymously; an entry is for its domain, but has more or fewer "
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
        "The image's path has to begin with the key's path, letter by letter. Globs do not "
        "work in it (rule 12).",
        "Write the path as the image has it.",
    ),
    Kind(
        "PS505",
        "host-differs",
        _WARNING,
        "The image is pulled anonymously; an entry has nearly its host.",
        "Hosts match label by label, and letter case counts (rule 12). One wrong letter is enough.",
        "Write the host as the image has it.",
    ),
    Kind(
        "PS506",
        "unused-list",
        _NOTE,
        "The pod lists secrets, and none of them has a credential for any of its images.",
        "All its images are pulled anonymously (rule 16). Reported only if all listed secrets "
        "are there and the list is the pod's own.",
        "Remove the list if the images are public, otherwise list the secret for their registry.",
    ),
    Kind(
        "PS507",
        "made-serves-nothing",
        _WARNING,
        "A program makes a secret whose entries match no image of the pods that list it.",
        "The template names the entries, only their credentials are filled in later. So it can be "
        "told beforehand that none of them serves an image of these pods (rule 12).",
        "Write the registry of the images into the template.",
    ),
    Kind(
        "PS601",
        "pattern-matches-nothing",
        _ERROR,
        "A pattern of a credential provider can match no image.",
        "The provider is never asked by it, and nothing says so. The path of a pattern is a plain "
        "prefix without globs, and a pattern has no scheme, no tag and no digest (facts D7, D8).",
        "Write a host, or a host with the beginning of a path.",
    ),
    Kind(
        "PS602",
        "provider-overlaps",
        _NOTE,
        "Another provider is asked for each image of a pattern, too.",
        "All providers that have a matching pattern run, and their entries are put together (facts "
        "A2, A3). The second one only adds to what the first one gives.",
        "Leave the images to one provider, unless both are meant.",
    ),
    Kind(
        "PS603",
        "pattern-misses-image",
        _WARNING,
        "A pattern of a credential provider just misses an image of the input.",
        "Ports are compared as strings, a glob stands for one label of the host, and letter case "
        "counts (facts D7, D8). The provider is not asked for the image, and nothing says so.",
        "Write a pattern that matches the image.",
    ),
    Kind(
        "PS605",
        "refused-after-upgrade",
        _WARNING,
        "A later version of Kubernetes refuses the configuration of the credential providers.",
        "Versions differ in which fields they know, and from 1.32 on an unknown field is an error. "
        "A kubelet that refuses the configuration does not start (facts D2 to D4).",
        "Correct the field before the nodes are upgraded.",
    ),
    Kind(
        "PS606",
        "audience-not-allowed",
        _WARNING,
        "No rule of RBAC lets nodes have the token that a credential provider needs.",
        "From Kubernetes 1.33 on the API server gives a node a token for an audience only if the "
        "pod has it in a volume, or RBAC allows the verb "
        "`request-serviceaccounts-token-audience` for it (fact D23). Otherwise the provider is not "
        "asked, and only the kubelet's log tells.",
        "Add a ClusterRole with that verb for the audience, and bind it to `system:nodes`.",
    ),
    Kind(
        "PS607",
        "annotation-missing",
        _WARNING,
        "A service account lacks an annotation that a credential provider requires.",
        "The provider is not asked for its pods, and nothing says so at the usual log level (fact "
        "D22).",
        "Add the annotation to the service account, or do not require it.",
    ),
    Kind(
        "PS608",
        "never-cached",
        _NOTE,
        "The answers of a credential provider are not kept, unless they say how long.",
        "With a `defaultCacheDuration` of 0 the program runs for each pull (fact D16).",
        "Write how long an answer may be kept.",
    ),
    Kind(
        "PS609",
        "known-host-left-out",
        _NOTE,
        "A cloud's credential provider knows hosts for which it is not asked.",
        "The program would have a credential for them, but no pattern matches them (fact D9). That "
        "is fine where no image comes from there.",
        "Add the hosts to `matchImages` if images come from there.",
    ),
    Kind(
        "PS610",
        "answer-refused",
        _ERROR,
        "The kubelet refuses the answer of a credential provider.",
        "It gives nothing then, and the pull goes on without it (facts D12, D13). Only the "
        "kubelet's log tells.",
        "Correct what the program writes.",
    ),
    Kind(
        "PS611",
        "answer-for-other-images",
        _WARNING,
        "A credential provider answers with entries that do not match the image.",
        "The entries of an answer are matched again, like those of a secret (fact D14). The answer "
        "is kept in the cache nevertheless.",
        "Answer with an entry that matches the image that was asked for.",
    ),
    Kind(
        "PS612",
        "served-by-nobody",
        _NOTE,
        "No secret, no file of the node and no credential provider serves an image.",
        "It is pulled anonymously (rule 16). Reported only where the nodes have providers, and not "
        "for images that are known to be public.",
        "Add a pattern for its registry to a provider, if the image is not public.",
    ),
    Kind(
        "PS701",
        "allowlist-matches-nothing",
        _WARNING,
        "An entry of the allowlist can match no image that pods use.",
        "Up to 1.35 an entry without `*` is compared with the image as the pod writes it, tag and "
        "all (fact E14). In any version an entry matches nothing whose text cannot begin an image. "
        "The kubelet starts nevertheless, and verifies the image.",
        "Write the part before the last slash with `/*`.",
    ),
    Kind(
        "PS702",
        "never-and-verified",
        _WARNING,
        "A container has the pull policy Never, and its image is verified.",
        "Without a record that lets this pod use the image, it is refused in the words for an "
        "image that is not there, and nothing pulls it (facts E4, E8).",
        "Put the image on the allowlist, or use `IfNotPresent`.",
    ),
    Kind(
        "PS703",
        "pull-closes-image",
        _NOTE,
        "A pod pulls with a secret an image that others can have without any.",
        "The image is recorded under the secret that pulled it first. A pod without that "
        "credential has to ask the registry again, also for a public image (facts E10, E11).",
        "Take the secret out where the image is public, or give it to both.",
    ),
    Kind(
        "PS704",
        "kubelet-config-refused",
        _ERROR,
        "The kubelet does not start with a field of its configuration.",
        "It validates how images are verified when it starts: a policy or a list while the feature "
        "gate is off, a policy that is not known, a list without its policy, an entry that is not "
        "the name of an image (facts E2, E14).",
        "Correct the field, or take it out.",
    ),
)

CATALOGUE: Final[Mapping[str, Kind]] = MappingProxyType({kind.code: kind for kind in _KINDS})
"""Every kind of diagnosis by its code, in the codes' order."""
