//go:build kubernetes_1_33 && !kubernetes_1_34

package main

import "k8s.io/kubernetes/pkg/credentialprovider"

// sourceOf returns the names of the secret and of the service account that a credential is from,
// "" where it is of none.
func sourceOf(found credentialprovider.TrackedAuthConfig) (secret, account string) {
	if found.Source != nil {
		secret = found.Source.Secret.Name
	}
	return secret, ""
}
