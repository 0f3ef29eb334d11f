#!/bin/sh
# Makes the files in kubeseal/, sops/ and kustomize.yaml here, with the programs themselves and with
# keys that are thrown away. What they encrypt is in plain/: logins that open nothing.
#
#   go install github.com/bitnami-labs/sealed-secrets/cmd/kubeseal@v0.36.0
#   go install github.com/getsops/sops/v3/cmd/sops@v3.13.3
#   go install filippo.io/age/cmd/age-keygen@v1.2.1
#   go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
#   PATH="$(go env GOPATH)/bin:$PATH" sh tests/data/makers/make.sh
set -eu
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT

openssl req -x509 -newkey rsa:4096 -nodes -days 30 -subj /CN=sealed-secret \
    -keyout "$keys/tls.key" -out "$keys/tls.crt" 2>/dev/null
for file in plain/*.yaml; do
    kubeseal --cert "$keys/tls.crt" --format yaml <"$file" >"kubeseal/${file#plain/}"
done

age-keygen -o "$keys/age.txt" 2>/dev/null
age=$(age-keygen -y "$keys/age.txt")
for file in plain/*.yaml; do
    sops encrypt --age "$age" --encrypted-regex '^(data|stringData)$' "$file" >"sops/${file#plain/}"
done
# As SOPS does it if it is not told what to encrypt, and a resource of sops-secrets-operator.
sops encrypt --age "$age" plain/regcred.yaml >sops/everything.yaml
sops encrypt --age "$age" --encrypted-suffix Templates sops-secret.yaml >sops/sops-secret.yaml
sops encrypt --age "$age" --encrypted-regex '^(data|stringData)$' sops-secret.yaml \
    >sops/sops-secret-names.yaml

kustomize build kustomize >kustomize.yaml
