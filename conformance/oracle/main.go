// Oracle answers questions about credential providers with the kubelet's own code, so that a simulator of the kubelet can
// be held to something that is not itself.
//
// It reads one JSON object a line and writes one a line. The field "ask" says what a question is about, the others are
// those of the vectors of that kind; see README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"testing"
)

// What questions are about.
var questions = map[string]func(*testing.T, json.RawMessage) (any, error){
	"version":    answered(version),
	"match":      answered(match),
	"image":      answered(image),
	"duration":   answered(duration),
	"keyring":    answered(keyring),
	"config":     answered(config),
	"config_dir": answered(configDir),
	"response":   answeredInTime(response),
	"cache":      answeredInTime(cacheCase),
	"lookup":     lookUp,
}

func main() {
	answers := os.Stdout
	// The package testing, which owns the clock that tests may turn, ends with a word of its own on standard output.
	os.Stdout, _ = os.Open(os.DevNull)
	serving := testing.InternalTest{Name: "oracle", F: func(t *testing.T) {
		if err := serve(t, os.Stdin, answers); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
	}}
	every := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(every, []testing.InternalTest{serving}, nil, nil)
}

// serve answers every question in turn, at once, so that one process serves a conversation.
func serve(t *testing.T, in io.Reader, out io.Writer) error {
	listenToLogs()
	reader := bufio.NewReader(in)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		}
		if err != nil && err != io.EOF {
			return err
		}
		answer, err := answerTo(t, line)
		if err != nil {
			answer = map[string]string{"refused": err.Error()}
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
	}
}

func answerTo(t *testing.T, line json.RawMessage) (any, error) {
	var about struct{ Ask string }
	if err := json.Unmarshal(line, &about); err != nil {
		return nil, err
	}
	question, ok := questions[about.Ask]
	if !ok {
		return nil, fmt.Errorf("no question is about %q", about.Ask)
	}
	return question(t, line)
}

// answered reads a question's fields.
func answered[Q any](answer func(Q) (any, error)) func(*testing.T, json.RawMessage) (any, error) {
	return func(_ *testing.T, line json.RawMessage) (any, error) {
		var question Q
		if err := json.Unmarshal(line, &question); err != nil {
			return nil, err
		}
		return answer(question)
	}
}

func version(struct{}) (any, error) {
	info, _ := debug.ReadBuildInfo()
	answer := map[string]string{"go": info.GoVersion}
	for _, module := range info.Deps {
		if module.Path == "k8s.io/kubernetes" {
			answer["kubernetes"] = module.Version
		}
	}
	for _, setting := range info.Settings {
		if setting.Key == "DefaultGODEBUG" {
			answer["godebug"] = setting.Value
		}
	}
	return answer, nil
}
