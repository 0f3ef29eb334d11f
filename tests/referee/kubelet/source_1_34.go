//go:build kubernetes_1_34

package main

import "k8s.io/kubernetes/pkg/credentialprovider"

// secretOf returns the name of the secret that a credential is from, "" for any other source.
func secretOf(found credentialprovider.TrackedAuthConfig) string {
	if found.Source == nil || found.Source.Secret == nil {
		return ""
	}
	return found.Source.Secret.Name
}
