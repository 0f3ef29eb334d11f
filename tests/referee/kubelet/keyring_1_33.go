//go:build kubernetes_1_33

package main

import (
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/features"
)

func init() {
	// Sources are tracked with this gate only; it is off by default up to 1.34.
	gate := map[string]bool{string(features.KubeletEnsureSecretPulledImages): true}
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(gate); err != nil {
		panic(err)
	}
}

// nodeKeyring reads the node's docker config anew with the first lookup in it.
func nodeKeyring() credentialprovider.DockerKeyring {
	return credentialprovider.NewDefaultDockerKeyring()
}

func newCandidate(found credentialprovider.TrackedAuthConfig) candidate {
	secret, account := sourceOf(found)
	return candidate{found.Username, found.Password, found.Email, &secret, &account}
}
