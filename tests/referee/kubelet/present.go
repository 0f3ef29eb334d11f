//go:build present

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/flowcontrol"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/features"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/apis/config/validation"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	"k8s.io/kubernetes/pkg/kubelet/images"
	"k8s.io/kubernetes/pkg/kubelet/images/pullmanager"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/configfiles"
	utilfs "k8s.io/kubernetes/pkg/util/filesystem"
)

const verifyGate = features.KubeletEnsureSecretPulledImages

// The default of the release; what an init function switches on counts for the other operations.
var verifyGateDefault = utilfeature.DefaultFeatureGate.Enabled(verifyGate)

const kubeletRoot, recordsRoot = "kubelet", "image_manager"

func init() {
	operations["containers"] = containers
}

// containers starts a kubelet with its files, and containers on it, one after the other.
func containers(directory string, r request) (answer, error) {
	root := filepath.Join(directory, kubeletRoot)
	defer os.RemoveAll(root)
	remove, err := installNode(directory, r)
	if err != nil {
		return nil, err
	}
	defer remove()
	setGate(string(verifyGate), verifyGateDefault)
	defer setGate(string(verifyGate), true)
	if len(r.Providers.Configuration) > 0 {
		if _, err := start(directory, r); err != nil {
			return failed("start", err), nil
		}
	} else {
		forgetProviders()
	}
	var node *kubeletNode
	starts := []answer{}
	for _, s := range r.Containers.Starts {
		if node == nil || r.Containers.Restarts {
			if node, err = newKubelet(root, r.Containers); err != nil {
				return failed("start", err), nil
			}
		}
		done, err := node.start(root, s)
		if err != nil {
			return nil, err
		}
		starts = append(starts, done)
	}
	return answer{"starts": starts}, nil
}

func setGate(name string, on bool) {
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(map[string]bool{name: on}); err != nil {
		panic(err)
	}
}

// installNode writes what is on the node before the kubelet starts, but for its programs' answers.
func installNode(directory string, r request) (func(), error) {
	files := map[string][]byte{filepath.Join(kubeletRoot, "config.yaml"): r.Containers.Config}
	for name, content := range r.Containers.Pulled {
		files[filepath.Join(kubeletRoot, recordsRoot, "pulled", name)] = content
	}
	for name, content := range r.Containers.Pulling {
		files[filepath.Join(kubeletRoot, recordsRoot, "pulling", name)] = content
	}
	if _, err := write(directory, files); err != nil {
		return nil, err
	}
	return install(directory, r)
}

// A kubeletNode is a kubelet's manager of images, with a runtime that pulls from one registry.
type kubeletNode struct {
	kubecontainer.ImageService // of which the methods below are called only
	manager                    images.ImageManager
	listed                     []listedImage
	keyring                    *watchedKeyring

	container containerStart
	attempts  []candidate
	pulls     int
}

func newKubelet(root string, r containersRequest) (*kubeletNode, error) {
	config, err := loadConfig(filepath.Join(root, "config.yaml"))
	if err != nil {
		return nil, err
	}
	node := &kubeletNode{listed: r.Listed, keyring: &watchedKeyring{DockerKeyring: nodeKeyring()}}
	var manager pullmanager.ImagePullManager = &pullmanager.NoopImagePullManager{}
	if utilfeature.DefaultFeatureGate.Enabled(verifyGate) {
		policy, err := pullmanager.NewImagePullCredentialVerificationPolicy(
			kubeletconfig.ImagePullCredentialsVerificationPolicy(
				config.ImagePullCredentialsVerificationPolicy,
			),
			config.PreloadedImagesVerificationAllowlist,
		)
		if err != nil {
			return nil, err
		}
		records, err := recordsAccessor(root)
		if err != nil {
			return nil, err
		}
		manager, err = pullmanager.NewImagePullManager(context.Background(), records, policy, node, 10)
		if err != nil {
			return nil, err
		}
	}
	node.manager = images.NewImageManager(
		&record.FakeRecorder{}, node.keyring, node, manager, flowcontrol.NewBackOff(0, 0),
		false, nil, 0, 0, noTimes{},
	)
	return node, nil
}

func loadConfig(path string) (*kubeletconfig.KubeletConfiguration, error) {
	loader, err := configfiles.NewFsLoader(&utilfs.DefaultFs{}, path)
	if err != nil {
		return nil, err
	}
	config, err := load(loader)
	if err != nil {
		return nil, err
	}
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(config.FeatureGates); err != nil {
		return nil, err
	}
	return config, validation.ValidateKubeletConfiguration(config, utilfeature.DefaultFeatureGate)
}

func (n *kubeletNode) start(root string, s containerStart) (answer, error) {
	n.container, n.attempts, n.pulls, n.keyring.lookups = s, []candidate{}, 0, 0
	cluster.use(s.Account)
	objects := []v1.Secret{}
	for _, each := range s.Secrets {
		objects = append(objects, each.object())
	}
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: defaultNamespace, Name: "pod", UID: types.UID("uid-of-pod"),
	}}
	if s.Account != nil {
		pod.Spec.ServiceAccountName = s.Account.Name
	}
	sandbox := &runtimeapi.PodSandboxConfig{Metadata: &runtimeapi.PodSandboxMetadata{
		Namespace: pod.Namespace, Name: pod.Name, Uid: string(pod.UID),
	}}
	_, message, err := n.manager.EnsureImageExists(
		context.Background(), nil, pod, s.Image, objects, sandbox, "", v1.PullPolicy(s.PullPolicy),
	)
	outcome := "use"
	switch {
	case n.pulls > 0:
		outcome = "pull"
	case errors.Is(err, images.ErrImageNeverPull):
		outcome = "refuse"
	case err != nil:
		outcome = "fail"
	}
	pulled, err2 := readFiles(filepath.Join(root, recordsRoot, "pulled"))
	pulling, err3 := readFiles(filepath.Join(root, recordsRoot, "pulling"))
	return answer{
		"outcome": outcome, "text": message, "attempts": n.attempts,
		"works": err == nil, "looked up": n.keyring.lookups > 0,
		"pulled": pulled, "pulling": pulling,
	}, errors.Join(err2, err3)
}

func readFiles(directory string) (map[string][]byte, error) {
	files := map[string][]byte{}
	entries, err := os.ReadDir(directory)
	if os.IsNotExist(err) {
		return files, nil
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(directory, entry.Name()))
		if err != nil {
			return nil, err
		}
		files[entry.Name()] = content
	}
	return files, err
}

// PullImage tries the credentials in their order until the registry takes one.
func (n *kubeletNode) PullImage(
	_ context.Context, _ kubecontainer.ImageSpec,
	credentials []credentialprovider.TrackedAuthConfig, _ *runtimeapi.PodSandboxConfig,
) (string, *credentialprovider.TrackedAuthConfig, error) {
	n.pulls++
	if len(credentials) == 0 && n.container.Anonymous {
		return n.container.PulledID, nil, nil
	}
	for _, credential := range credentials {
		n.attempts = append(n.attempts, newCandidate(credential))
		login := [2]string{credential.Username, credential.Password}
		if slices.Contains(n.container.Accepts, login) {
			return n.container.PulledID, &credential, nil
		}
	}
	return "", nil, errors.New("refused")
}

func (n *kubeletNode) GetImageRef(context.Context, kubecontainer.ImageSpec) (string, error) {
	return n.container.ImageID, nil
}

func (n *kubeletNode) GetImageSize(context.Context, kubecontainer.ImageSpec) (uint64, error) {
	return 0, nil
}

func (n *kubeletNode) ListImages(context.Context) ([]kubecontainer.Image, error) {
	images := []kubecontainer.Image{}
	for _, each := range n.listed {
		images = append(images, kubecontainer.Image{
			ID: each.ID, RepoTags: each.Tags, RepoDigests: each.Digests,
		})
	}
	return images, nil
}

// A watchedKeyring is the node's, which is asked in each look-up of credentials.
type watchedKeyring struct {
	credentialprovider.DockerKeyring
	lookups int
}

func (k *watchedKeyring) Lookup(image string) ([]credentialprovider.TrackedAuthConfig, bool) {
	k.lookups++
	return k.DockerKeyring.Lookup(image)
}

type noTimes struct{}

func (noTimes) RecordImageStartedPulling(types.UID)  {}
func (noTimes) RecordImageFinishedPulling(types.UID) {}
