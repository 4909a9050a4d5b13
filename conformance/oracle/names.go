package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type matchQuestion struct {
	Kind, Pattern, Image string
}

// match holds an entry of matchImages, or a key of auth, against an image.
func match(q matchQuestion) (any, error) {
	if q.Kind == "keyring_single_key" {
		ring := credentialprovider.BasicDockerKeyring{}
		ring.Add(nil, credentialprovider.DockerConfig{q.Pattern: {}})
		_, found := ring.Lookup(q.Image)
		return map[string]any{"match": found}, nil
	}
	matched, err := credentialprovider.URLsMatchStr(q.Pattern, q.Image)
	if err != nil {
		return map[string]any{"match": "error", "words": err.Error(), "effective_is_image_allowed": matched}, nil
	}
	return map[string]any{"match": matched, "effective_is_image_allowed": matched}, nil
}

type imageQuestion struct {
	Image string
}

// image answers with the repository that a provider is asked about.
func image(q imageQuestion) (any, error) {
	repository, _, _, err := parsers.ParseImageName(q.Image)
	if err != nil {
		words := strings.TrimPrefix(err.Error(), fmt.Sprintf("couldn't parse image name %q: ", q.Image))
		return map[string]any{"repo_sent_to_plugin": nil, "error": "error: " + words}, nil
	}
	return map[string]any{"repo_sent_to_plugin": repository, "error": nil}, nil
}

type durationQuestion struct {
	Duration string
}

// duration reads a duration as configurations and responses hold it.
func duration(q durationQuestion) (any, error) {
	text, err := json.Marshal(q.Duration)
	if err != nil {
		return nil, err
	}
	var read metav1.Duration
	if err := json.Unmarshal(text, &read); err != nil {
		return map[string]any{"nanos": nil, "words": err.Error()}, nil
	}
	shown, err := json.Marshal(read)
	return map[string]any{"nanos": read.Nanoseconds(), "shown": string(shown)}, err
}

// One of three: keys of several providers and look-ups, an image that may be on Docker Hub, or a key.
type keyringQuestion struct {
	AuthKeysByProvider [][]string `json:"auth_keys_by_provider"`
	Lookups            []imageQuestion
	Image, Key         *string
}

type found struct {
	Credentials []string `json:"creds"`
	Found       bool     `json:"found"`
}

func keyring(q keyringQuestion) (any, error) {
	ring := credentialprovider.BasicDockerKeyring{}
	switch {
	case q.Image != nil:
		// Only images on Docker Hub fall back to this key.
		ring.Add(nil, credentialprovider.DockerConfig{"index.docker.io": {}})
		_, found := ring.Lookup(*q.Image)
		return map[string]any{"default": found}, nil
	case q.Key != nil:
		ring.Add(nil, credentialprovider.DockerConfig{*q.Key: {}})
		index := reflect.ValueOf(ring).FieldByName("index")
		if index.Len() == 0 {
			return map[string]any{"normalised": nil}, nil
		}
		return map[string]any{"normalised": index.Index(0).String()}, nil
	}
	for _, keys := range q.AuthKeysByProvider {
		ring.Add(nil, named(keys))
	}
	answers := []found{}
	for _, lookup := range q.Lookups {
		credentials, ok := ring.Lookup(lookup.Image)
		names := []string{}
		for _, credential := range credentials {
			names = append(names, credential.Username)
		}
		answers = append(answers, found{names, ok})
	}
	return map[string]any{"lookups": answers}, nil
}

// named takes keys with the name of a credential after the last equals sign.
func named(keys []string) credentialprovider.DockerConfig {
	config := credentialprovider.DockerConfig{}
	for _, key := range keys {
		name := ""
		if at := strings.LastIndex(key, "="); at >= 0 {
			key, name = key[:at], key[at+1:]
		}
		config[key] = credentialprovider.DockerConfigEntry{Username: name}
	}
	return config
}
