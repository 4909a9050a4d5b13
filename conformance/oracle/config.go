package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/component-base/metrics/legacyregistry"
)

type configQuestion struct {
	Config string
	Gate   bool `json:"feature_gate_sa_token"`
}

// config says whether the kubelet starts with a configuration, in which words it refuses, and what it understood.
func config(q configQuestion) (any, error) {
	node, err := newNode()
	if err != nil {
		return nil, err
	}
	defer node.remove()
	path := filepath.Join(node.folder, "config.yaml")
	if err := os.WriteFile(path, []byte(q.Config), 0o600); err != nil {
		return nil, err
	}
	return node.start(path, q.Gate, []string{q.Config})
}

// One of two: files by name, or their contents in order.
type configDirQuestion struct {
	Files   map[string]string
	InOrder []string `json:"files_in_order"`
}

func configDir(q configDirQuestion) (any, error) {
	node, err := newNode()
	if err != nil {
		return nil, err
	}
	defer node.remove()
	path := filepath.Join(node.folder, "configs")
	if err := os.Mkdir(path, 0o700); err != nil {
		return nil, err
	}
	contents := []string{}
	for at, content := range q.InOrder {
		contents = append(contents, content)
		if err := os.WriteFile(filepath.Join(path, fmt.Sprintf("%06d.yaml", at)), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	for name, content := range q.Files {
		contents = append(contents, content)
		file := filepath.Join(path, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	return node.start(path, true, contents)
}

type started struct {
	Valid bool   `json:"valid"`
	Words string `json:"words,omitempty"`
	// Set if a program is missing or cannot be run, which comes after the rules.
	Program   string  `json:"program,omitempty"`
	Providers []entry `json:"providers"`
	Hash      string  `json:"hash,omitempty"`
}

// start registers what a path holds, with a program for each name that the contents decode to.
func (n *node) start(path string, gate bool, contents []string) (any, error) {
	for _, content := range contents {
		for _, name := range decodedNames([]byte(content)) {
			if err := n.install(name); err != nil {
				return nil, err
			}
		}
	}
	err := n.register(path, gate)
	if err == nil {
		hash, err := publishedHash()
		return started{Valid: true, Providers: registered(), Hash: hash}, err
	}
	words := strings.ReplaceAll(err.Error(), n.folder, "NODE")
	for _, start := range []string{"plugin binary executable", "error inspecting binary executable"} {
		if strings.HasPrefix(words, start) {
			return started{Valid: true, Program: words, Providers: []entry{}}, nil
		}
	}
	return started{Words: words, Providers: []entry{}}, nil
}

// publishedHash is the hash in the kubelet's metric of the configuration, if this version has one.
func publishedHash() (string, error) {
	families, err := legacyregistry.DefaultGatherer.Gather()
	for _, family := range families {
		if family.GetName() == "kubelet_credential_provider_config_info" {
			return family.GetMetric()[0].GetLabel()[0].GetValue(), err
		}
	}
	return "", err
}
