//go:build providers && kubernetes_1_33

package main

import (
	"errors"
	"time"
	"unsafe" // also for go:linkname

	authenticationv1 "k8s.io/api/authentication/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/plugin"
	"k8s.io/kubernetes/pkg/features"
)

// The kubelet registers its providers in these, once.
//
//go:linkname providers k8s.io/kubernetes/pkg/credentialprovider/plugin.providers
var providers []struct {
	name string
	impl unsafe.Pointer
}

//go:linkname seenProviderNames k8s.io/kubernetes/pkg/credentialprovider/plugin.seenProviderNames
var seenProviderNames sets.String

const podName, podUID = "pod", "uid-of-pod"

// A world is what the kubelet asks of the API server: service accounts and tokens.
type world struct {
	account *serviceAccount
	tokens  []answer
}

var cluster world

func (w *world) use(account *serviceAccount) {
	w.account, w.tokens = account, []answer{}
}

func (w *world) serviceAccount(namespace, name string) (*v1.ServiceAccount, error) {
	if w.account.Missing {
		return nil, errors.New("not found")
	}
	return &v1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
		Namespace:   namespace,
		Name:        name,
		UID:         types.UID(w.account.UID),
		Annotations: w.account.Annotations,
	}}, nil
}

func (w *world) token(
	_, name string, request *authenticationv1.TokenRequest,
) (*authenticationv1.TokenRequest, error) {
	w.tokens = append(w.tokens, answer{
		"audiences": request.Spec.Audiences, "account": name, "uid": string(request.UID),
	})
	if w.account.Refused {
		return nil, errors.New("refused")
	}
	request.Status.Token = w.account.Token
	request.Status.ExpirationTimestamp = metav1.NewTime(time.Now().Add(time.Hour))
	return request, nil
}

const tokenGate = features.KubeletServiceAccountTokenForCredentialProviders

var tokenGateDefault = utilfeature.DefaultFeatureGate.Enabled(tokenGate)

// useTokenGate switches the feature gate; nil is the release's default.
func useTokenGate(on *bool) {
	gate := map[string]bool{string(tokenGate): tokenGateDefault}
	if on != nil {
		gate[string(tokenGate)] = *on
	}
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(gate); err != nil {
		panic(err)
	}
}

func forgetProviders() {
	providers = nil
	seenProviderNames = sets.NewString()
}

func register(path, programs string) error {
	return plugin.RegisterCredentialProviderPlugins(
		path, programs, cluster.token, cluster.serviceAccount,
	)
}

func registered() []string {
	names := []string{}
	for _, provider := range providers {
		names = append(names, provider.name)
	}
	return names
}

func keyringWithProviders(account *serviceAccount) credentialprovider.DockerKeyring {
	namespace, name := defaultNamespace, ""
	if account != nil {
		namespace, name = account.Namespace, account.Name
	}
	return credentialprovider.UnionDockerKeyring{
		nodeKeyring(),
		plugin.NewExternalCredentialProviderDockerKeyring(namespace, podName, podUID, name),
	}
}
