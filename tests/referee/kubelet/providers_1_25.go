//go:build providers && !kubernetes_1_33

package main

import (
	"sort"

	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/plugin"
)

// A world is what the kubelet asks of the API server; these releases ask for nothing.
type world struct {
	tokens []answer
}

var cluster = world{[]answer{}}

func (w *world) use(*serviceAccount) {}

func useTokenGate(*bool) {}

func forgetProviders() {
	for name := range providers {
		if name != nodeProvider {
			delete(providers, name)
		}
	}
}

func register(path, programs string) error {
	return plugin.RegisterCredentialProviderPlugins(path, programs)
}

func registered() []string {
	names := []string{}
	for name := range providers {
		if name != nodeProvider {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

func keyringWithProviders(*serviceAccount) credentialprovider.DockerKeyring {
	return nodeKeyring()
}
