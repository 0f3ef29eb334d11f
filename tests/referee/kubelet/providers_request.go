package main

// A providersRequest is about a kubelet that is given credential providers.
type providersRequest struct {
	// The files of the configuration: name → content.
	Configuration map[string][]byte `json:"configuration"`
	// The one that the kubelet is given, "" for the directory.
	File     string             `json:"file"`
	Programs map[string]program `json:"programs"`
	// The feature gate, where the release has it.
	TokenGate *bool  `json:"token_gate"`
	Pulls     []pull `json:"pulls"`
}

// A program is a credential provider's: what it says whatever it is asked.
type program struct {
	Stdout []byte `json:"stdout"`
	Exit   int    `json:"exit"`
}

type serviceAccount struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	UID         string            `json:"uid"`
	Annotations map[string]string `json:"annotations"`
	Missing     bool              `json:"missing"`
	Refused     bool              `json:"refused"`
	Token       string            `json:"token"`
}

// A pull is one look-up of several that a kubelet makes, one after the other.
type pull struct {
	Image   string          `json:"image"`
	Account *serviceAccount `json:"account"`
}
