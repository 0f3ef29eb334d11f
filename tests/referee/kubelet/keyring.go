package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type secret struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	UID       string            `json:"uid"`
	Type      string            `json:"type"`
	Data      map[string][]byte `json:"data"`
}

func (s secret) object() v1.Secret {
	return v1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: s.Name, Namespace: s.Namespace, UID: types.UID(s.UID),
		},
		Type: v1.SecretType(s.Type),
		Data: s.Data,
	}
}

// A candidate is one credential that the kubelet tries.
type candidate struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Email    string `json:"email"`
	// The name of the secret, "" for another source; nil where the release does not track it.
	Secret *string `json:"secret,omitempty"`
	// The name of the service account, likewise.
	Account *string `json:"account,omitempty"`
}

func parseImage(_ string, r request) (answer, error) {
	name, tag, digest, err := parsers.ParseImageName(r.Image)
	if err != nil {
		return failed("image", err), nil
	}
	return answer{"name": name, "tag": tag, "digest": digest}, nil
}

func match(_ string, r request) (answer, error) {
	matched, err := credentialprovider.URLsMatchStr(r.Pattern, r.Image)
	if err != nil {
		return answer{"match": false, "text": err.Error()}, nil
	}
	return answer{"match": matched}, nil
}

// decode reads the docker config of a secret: entry → user name, password, e-mail.
func decode(_ string, r request) (answer, error) {
	var config credentialprovider.DockerConfigJSON
	if err := json.Unmarshal(r.Config, &config); err != nil {
		return failed("config", err), nil
	}
	auths := map[string][3]string{}
	for name, entry := range config.Auths {
		auths[name] = [3]string{entry.Username, entry.Password, entry.Email}
	}
	return answer{"auths": auths}, nil
}

// lookup builds the keyring and looks the image up, as often as it is told: an order that comes
// from a map is another one in the next keyring. Each order that was seen is in the answer once.
func lookup(directory string, r request) (answer, error) {
	name, _, _, err := parsers.ParseImageName(r.Image)
	if err != nil {
		return failed("image", err), nil
	}
	remove, err := write(directory, r.Node)
	if err != nil {
		return nil, err
	}
	defer remove()
	objects := []v1.Secret{}
	for _, s := range r.Secrets {
		objects = append(objects, s.object())
	}
	orders := [][]candidate{}
	for time := 0; time == 0 || time < r.Times; time++ {
		keyring, err := secrets.MakeDockerKeyring(objects, nodeKeyring())
		if err != nil {
			return failed("secret", err), nil
		}
		found, _ := keyring.Lookup(name)
		order := []candidate{}
		for _, credential := range found {
			order = append(order, newCandidate(credential))
		}
		if !holds(orders, order) {
			orders = append(orders, order)
		}
	}
	return answer{"orders": orders}, nil
}

func holds(orders [][]candidate, order []candidate) bool {
	for _, seen := range orders {
		if reflect.DeepEqual(seen, order) {
			return true
		}
	}
	return false
}

// write makes the files in the directory and returns what removes them.
func write(directory string, files map[string][]byte) (func(), error) {
	paths := []string{}
	for name, content := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return func() {
		for _, path := range paths {
			os.Remove(path)
		}
	}, nil
}
