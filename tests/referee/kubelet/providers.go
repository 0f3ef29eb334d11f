//go:build providers

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type asked struct {
	Provider string          `json:"provider"`
	Request  json.RawMessage `json:"request"`
}

const (
	// Paths in the directory.
	configuration = "providers"
	programs      = "bin"
	askedLog      = "asked"
	// A look-up is of a pod in this namespace, or in that of its service account.
	defaultNamespace = "default"
)

func init() {
	operations["configure"] = configure
	operations["providers"] = providersLookup
}

// configure starts a kubelet with credential providers, and says whether it does start.
func configure(directory string, r request) (answer, error) {
	remove, err := install(directory, r)
	if err != nil {
		return nil, err
	}
	defer remove()
	names, err := start(directory, r)
	if err != nil {
		return failed("start", err), nil
	}
	return answer{"providers": names}, nil
}

// providersLookup starts a kubelet with credential providers and looks images up with it. Their
// programs are run; what an earlier look-up has left in a cache is used by a later one.
func providersLookup(directory string, r request) (answer, error) {
	remove, err := install(directory, r)
	if err != nil {
		return nil, err
	}
	defer remove()
	if _, err := start(directory, r); err != nil {
		return failed("start", err), nil
	}
	objects := []v1.Secret{}
	for _, s := range r.Secrets {
		objects = append(objects, s.object())
	}
	pulls := []answer{}
	for _, p := range r.Providers.Pulls {
		made, err := pullOnce(directory, objects, p)
		if err != nil {
			return nil, err
		}
		pulls = append(pulls, made)
	}
	return answer{"pulls": pulls}, nil
}

func pullOnce(directory string, objects []v1.Secret, p pull) (answer, error) {
	name, _, _, err := parsers.ParseImageName(p.Image)
	if err != nil {
		return failed("image", err), nil
	}
	cluster.use(p.Account)
	keyring, err := secrets.MakeDockerKeyring(objects, keyringWithProviders(p.Account))
	if err != nil {
		return failed("secret", err), nil
	}
	found, _ := keyring.Lookup(name)
	order := []candidate{}
	for _, credential := range found {
		order = append(order, newCandidate(credential))
	}
	asked, err := readAsked(directory)
	if err != nil {
		return nil, err
	}
	return answer{"orders": [][]candidate{order}, "asked": asked, "tokens": cluster.tokens}, nil
}

// install writes the configuration and the programs. Each program puts down what it was asked.
func install(directory string, r request) (func(), error) {
	files := map[string][]byte{}
	for name, content := range r.Node {
		files[name] = content
	}
	for name, content := range r.Providers.Configuration {
		files[filepath.Join(configuration, name)] = content
	}
	bin := filepath.Join(directory, programs)
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return nil, err
	}
	remove, err := write(directory, files)
	if err != nil {
		return nil, err
	}
	for name, p := range r.Providers.Programs {
		if err := os.WriteFile(filepath.Join(bin, name), script(directory, name, p), 0o700); err != nil {
			return nil, err
		}
	}
	return func() {
		remove()
		os.RemoveAll(bin)
		os.RemoveAll(filepath.Join(directory, configuration))
	}, nil
}

// script is a program that puts down what it reads and says what it is to say. It is of the shell's
// own commands only: a program is run for most requests, and another one to read a file for it
// would take as long as all the rest.
func script(directory, name string, p program) []byte {
	said := strings.Builder{}
	for _, each := range p.Stdout {
		fmt.Fprintf(&said, "\\%03o", each)
	}
	return fmt.Appendf(nil,
		"#!/bin/sh\nIFS= read -r asked\nprintf '%%s\\t%%s\\n' '%s' \"$asked\" >>'%s'\nprintf '%s'\nexit %d\n",
		name, filepath.Join(directory, askedLog), said.String(), p.Exit,
	)
}

// readAsked returns the programs that were run since it was called last, with what they read.
func readAsked(directory string) ([]asked, error) {
	path := filepath.Join(directory, askedLog)
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return []asked{}, nil
	} else if err != nil {
		return nil, err
	}
	found := []asked{}
	for _, line := range strings.Split(string(text), "\n") {
		if name, request, is := strings.Cut(line, "\t"); is {
			found = append(found, asked{name, json.RawMessage(request)})
		}
	}
	return found, os.Remove(path)
}

// A fatal log line ends the kubelet; here it ends the start of it.
type fatal struct{}

func init() {
	klog.OsExit = func(int) { panic(fatal{}) }
}

// start forgets the providers there were and registers the configured ones.
func start(directory string, r request) (names []string, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("ends with %v", thrown)
		}
	}()
	forgetProviders()
	useTokenGate(r.Providers.TokenGate)
	path := filepath.Join(directory, configuration)
	if r.Providers.File != "" {
		path = filepath.Join(path, r.Providers.File)
	}
	if err := register(path, filepath.Join(directory, programs)); err != nil {
		return nil, err
	}
	return registered(), nil
}
