package main

// A containersRequest is about a kubelet that starts containers, whose images may be on its node.
type containersRequest struct {
	// A KubeletConfiguration.
	Config []byte `json:"config"`
	// The files of the two directories of records: name → content.
	Pulled  map[string][]byte `json:"pulled"`
	Pulling map[string][]byte `json:"pulling"`
	// The images that the runtime lists when the kubelet starts.
	Listed []listedImage `json:"listed"`
	// Whether the kubelet is started anew for each container.
	Restarts bool             `json:"restarts"`
	Starts   []containerStart `json:"starts"`
}

type listedImage struct {
	ID      string   `json:"id"`
	Tags    []string `json:"tags"`
	Digests []string `json:"digests"`
}

// A containerStart is one start of one container, with what the runtime and the registry do then.
type containerStart struct {
	Image string `json:"image"`
	// What the runtime has for it, "" where the image is not there.
	ImageID    string          `json:"image_id"`
	PullPolicy string          `json:"pull_policy"`
	Secrets    []secret        `json:"secrets"`
	Account    *serviceAccount `json:"account"`
	// The user names and passwords that the registry takes, and whether it gives to anybody.
	Accepts   [][2]string `json:"accepts"`
	Anonymous bool        `json:"anonymous"`
	// What the runtime returns for a pull that succeeds.
	PulledID string `json:"pulled_id"`
}
