// Command referee answers requests with what the kubelet's own packages answer.
//
// Each line of standard input is a request, a JSON object; each line of standard output is its
// answer. The only argument is a directory in which it writes the node's files; the process has to
// run with `home` of that directory as HOME and `cwd` of it as working directory.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/credentialprovider"
)

// A request has the fields that its operation reads.
type request struct {
	Op      string            `json:"op"`
	Image   string            `json:"image"`
	Pattern string            `json:"pattern"`
	Config  []byte            `json:"config"`
	Secrets []secret          `json:"secrets"`
	Node    map[string][]byte `json:"node"`
	Times   int               `json:"times"`

	Providers  providersRequest  `json:"providers"`
	Containers containersRequest `json:"containers"`
}

// An answer is marshalled as it is. Texts of errors are for people to read, and are not compared.
type answer map[string]any

func failed(what string, err error) answer {
	return answer{"error": what, "text": err.Error()}
}

type operation func(directory string, r request) (answer, error)

// The operations of the other parts, which take long to build, add themselves.
var operations = map[string]operation{
	"image":  parseImage,
	"match":  match,
	"config": decode,
	"lookup": lookup,
}

func main() {
	klog.SetLogger(logr.Discard())
	credentialprovider.SetPreferredDockercfgPath(filepath.Join(os.Args[1], "root"))
	if err := serve(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "referee:", err)
		os.Exit(1)
	}
}

func serve(directory string, in io.Reader, out io.Writer) error {
	requests := json.NewDecoder(bufio.NewReader(in))
	buffered := bufio.NewWriter(out)
	answers := json.NewEncoder(buffered)
	for {
		var r request
		if err := requests.Decode(&r); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		operate, known := operations[r.Op]
		if !known {
			return fmt.Errorf("no operation %q", r.Op)
		}
		answered, err := operate(directory, r)
		if err != nil {
			return err
		}
		if err := answers.Encode(answered); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
	}
}
