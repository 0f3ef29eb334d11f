// Command runtime is a container runtime that runs nothing, and pulls by asking one registry.
//
// It answers the kubelet on a Unix socket. For each pull that it is asked for it asks the registry
// for the manifest, with the credential that it was given as containerd uses it, and writes down a
// line of JSON: the pod, the image, the credential, and whether the registry gave the image.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/distribution/reference"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/fake"
)

// A pull is what the kubelet asked for, and what came of it.
type pull struct {
	Namespace string     `json:"namespace"`
	Pod       string     `json:"pod"`
	Image     string     `json:"image"`
	ID        string     `json:"id"`
	Login     *[2]string `json:"login"`
	Works     bool       `json:"works"`
}

type runtime struct {
	*fake.RemoteRuntime
	registry string

	lock   sync.Mutex
	log    *os.File
	images map[string]*runtimeapi.Image // id → image
}

func main() {
	socket := flag.String("socket", "", "where the kubelet connects")
	registry := flag.String("registry", "", "host and port of the registry that has all images")
	log := flag.String("log", "", "the file of what was pulled")
	flag.Parse()
	if err := serve(*socket, *registry, *log); err != nil {
		fmt.Fprintln(os.Stderr, "runtime:", err)
		os.Exit(1)
	}
}

func serve(socket, registry, log string) error {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	r := &runtime{
		RemoteRuntime: fake.NewFakeRemoteRuntime(),
		registry:      registry,
		log:           file,
		images:        map[string]*runtimeapi.Image{},
	}
	r.RuntimeService.FakeStatus = &runtimeapi.RuntimeStatus{
		Conditions: []*runtimeapi.RuntimeCondition{
			{Type: runtimeapi.RuntimeReady, Status: true},
			{Type: runtimeapi.NetworkReady, Status: true},
		},
	}
	server := grpc.NewServer()
	runtimeapi.RegisterRuntimeServiceServer(server, r)
	runtimeapi.RegisterImageServiceServer(server, r)
	return server.Serve(listener)
}

// PullImage asks the registry for the manifest of the image.
func (r *runtime) PullImage(
	_ context.Context, request *runtimeapi.PullImageRequest,
) (*runtimeapi.PullImageResponse, error) {
	written := request.Image.Image
	named, err := reference.ParseDockerRef(written)
	if err != nil {
		return nil, err
	}
	pod := request.GetSandboxConfig().GetMetadata()
	made := pull{
		Namespace: pod.GetNamespace(), Pod: pod.GetName(), Image: written, ID: identity(named),
	}
	if request.Auth != nil {
		made.Login = &[2]string{request.Auth.Username, request.Auth.Password}
	}
	answered, err := r.ask(named, request.Auth)
	if err != nil {
		return nil, err
	}
	made.Works = answered == http.StatusOK
	r.lock.Lock()
	defer r.lock.Unlock()
	line, err := json.Marshal(made)
	if err != nil {
		return nil, err
	}
	if _, err := r.log.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	switch {
	case made.Works:
		r.images[made.ID] = image(made.ID, named)
		return &runtimeapi.PullImageResponse{ImageRef: made.ID}, nil
	case answered == http.StatusNotFound:
		return nil, status.Errorf(codes.NotFound, "%s: not found", named)
	default:
		return nil, status.Errorf(codes.Unknown, "unexpected status: %d", answered)
	}
}

// ask asks for the manifest as containerd does: with a token, for which a credential that has a user
// name is sent.
func (r *runtime) ask(named reference.Named, auth *runtimeapi.AuthConfig) (int, error) {
	last := "latest"
	if tagged, is := named.(reference.Tagged); is {
		last = tagged.Tag()
	}
	if digested, is := named.(reference.Digested); is {
		last = digested.Digest().String()
	}
	url := fmt.Sprintf("http://%s/v2/%s/manifests/%s", r.registry, reference.Path(named), last)
	response, err := send(http.MethodHead, url, func(*http.Request) {})
	if err != nil || response.StatusCode != http.StatusUnauthorized {
		return code(response), err
	}
	_, realm, _ := strings.Cut(response.Header.Get("WWW-Authenticate"), `realm="`)
	realm, _, _ = strings.Cut(realm, `"`)
	response, err = send(http.MethodGet, realm, func(request *http.Request) {
		if auth != nil && auth.Username != "" {
			request.SetBasicAuth(auth.Username, auth.Password)
		}
	})
	if err != nil || response.StatusCode != http.StatusOK {
		return code(response), err
	}
	var given struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&given); err != nil {
		return 0, err
	}
	response, err = send(http.MethodHead, url, func(request *http.Request) {
		request.Header.Set("Authorization", "Bearer "+given.Token)
	})
	return code(response), err
}

// send makes one request, on a connection of its own.
func send(method, url string, prepare func(*http.Request)) (*http.Response, error) {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return nil, err
	}
	request.Close = true
	prepare(request)
	return http.DefaultTransport.RoundTrip(request)
}

func code(response *http.Response) int {
	if response == nil {
		return 0
	}
	return response.StatusCode
}

func identity(named reference.Named) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(named.String())))
}

func image(id string, named reference.Named) *runtimeapi.Image {
	found := &runtimeapi.Image{Id: id, Size: 1, Spec: &runtimeapi.ImageSpec{Image: id}}
	if _, is := named.(reference.Digested); is {
		found.RepoDigests = []string{named.String()}
	} else {
		found.RepoTags = []string{named.String()}
	}
	return found
}

// ImageStatus finds an image by its id, or by any of the ways to write its name.
func (r *runtime) ImageStatus(
	_ context.Context, request *runtimeapi.ImageStatusRequest,
) (*runtimeapi.ImageStatusResponse, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	id := request.Image.Image
	if named, err := reference.ParseDockerRef(id); err == nil {
		if _, there := r.images[id]; !there {
			id = identity(named)
		}
	}
	return &runtimeapi.ImageStatusResponse{Image: r.images[id]}, nil
}

func (r *runtime) ListImages(
	context.Context, *runtimeapi.ListImagesRequest,
) (*runtimeapi.ListImagesResponse, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	response := &runtimeapi.ListImagesResponse{}
	for _, each := range r.images {
		response.Images = append(response.Images, each)
	}
	return response, nil
}

// StartContainer starts a container; one whose name begins with an i is an init container, and has
// done its work at once.
func (r *runtime) StartContainer(
	context context.Context, request *runtimeapi.StartContainerRequest,
) (*runtimeapi.StartContainerResponse, error) {
	response, err := r.RemoteRuntime.StartContainer(context, request)
	if err != nil {
		return nil, err
	}
	found, err := r.RuntimeService.ContainerStatus(context, request.ContainerId, false)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(found.Status.Metadata.Name, "i") {
		err = r.RuntimeService.StopContainer(context, request.ContainerId, 0)
	}
	return response, err
}

// Status says that all is ready, whatever the kubelet has done before.
func (r *runtime) Status(
	context.Context, *runtimeapi.StatusRequest,
) (*runtimeapi.StatusResponse, error) {
	return &runtimeapi.StatusResponse{Status: r.RuntimeService.FakeStatus}, nil
}
