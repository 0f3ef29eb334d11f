//go:build !kubernetes_1_33

package main

import (
	"time"
	_ "unsafe" // for go:linkname

	"k8s.io/kubernetes/pkg/credentialprovider"
)

// The kubelet registers what is asked besides the secrets in this map, the node's docker config too.
//
//go:linkname providers k8s.io/kubernetes/pkg/credentialprovider.providers
var providers map[string]credentialprovider.DockerConfigProvider

const nodeProvider = ".dockercfg"

// nodeKeyring reads the node's docker config anew with the first lookup in it.
func nodeKeyring() credentialprovider.DockerKeyring {
	registered := providers[nodeProvider].(*credentialprovider.CachingDockerConfigProvider)
	providers[nodeProvider] = &credentialprovider.CachingDockerConfigProvider{
		Provider: registered.Provider,
		Lifetime: 5 * time.Minute,
	}
	return credentialprovider.NewDockerKeyring()
}

func newCandidate(found credentialprovider.AuthConfig) candidate {
	return candidate{found.Username, found.Password, found.Email, nil, nil}
}
