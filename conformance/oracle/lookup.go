package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/credentialprovider/plugin"
)

// A kubelet's life: a configuration and look-ups one after another. With BinDir the programs there are run by the real
// clock; without it, a program that answers as it is told is run for each name, and time passes when a step says so.
type lookupQuestion struct {
	Config string
	Gate   bool `json:"feature_gate_sa_token"`
	BinDir string
	Steps  []step
}

type step struct {
	// Nanoseconds that pass before the look-up.
	After int64
	Image string
	Pod   struct {
		Namespace, Name, UID string
		ServiceAccountName   string
	}
	// The pod's service account; without it the API server has none.
	Account *account
	// The token for every request; without it the API server refuses.
	Token *string
	// What programs answer from here on, by name.
	Answers map[string]json.RawMessage
}

type account struct {
	UID         string
	Annotations map[string]string
}

type credential struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type run struct {
	Provider    string   `json:"provider"`
	Arguments   []string `json:"arguments"`
	Environment []string `json:"environment"`
	Stdin       string   `json:"stdin"`
}

type tokenRequest struct {
	Namespace string                            `json:"namespace"`
	Account   string                            `json:"account"`
	Spec      authenticationv1.TokenRequestSpec `json:"spec"`
	UID       types.UID                         `json:"uid"`
}

type stepAnswer struct {
	Credentials []credential      `json:"credentials"`
	Runs        []run             `json:"runs"`
	Tokens      []tokenRequest    `json:"tokens"`
	Kept        map[string][]kept `json:"kept"`
	Now         int64             `json:"now"`
	Log         []string          `json:"log"`
}

type lookupAnswer struct {
	started
	Steps []stepAnswer `json:"steps"`
}

func lookUp(t *testing.T, line json.RawMessage) (any, error) {
	var question lookupQuestion
	if err := json.Unmarshal(line, &question); err != nil {
		return nil, err
	}
	if question.BinDir != "" {
		return life(question)
	}
	return inTime(t, func() (any, error) { return life(question) })
}

// answeredInTime is answered by a clock that stands still while programs run, and otherwise moves by sleeping only.
func answeredInTime[Q any](answer func(Q) (any, error)) func(*testing.T, json.RawMessage) (any, error) {
	return func(t *testing.T, line json.RawMessage) (any, error) {
		var question Q
		if err := json.Unmarshal(line, &question); err != nil {
			return nil, err
		}
		return inTime(t, func() (any, error) { return answer(question) })
	}
}

func inTime(t *testing.T, answer func() (any, error)) (given any, err error) {
	synctest.Test(t, func(*testing.T) { given, err = answer() })
	return given, err
}

func life(q lookupQuestion) (any, error) {
	n, err := newNode()
	if err != nil {
		return nil, err
	}
	defer n.remove()
	if q.BinDir != "" {
		n.binDir = q.BinDir
	}
	path := filepath.Join(n.folder, "config.yaml")
	if err := os.WriteFile(path, []byte(q.Config), 0o600); err != nil {
		return nil, err
	}
	var now step
	answer := stepAnswer{}
	n.stand(&now, &answer)
	contents := []string{q.Config}
	if q.BinDir != "" {
		contents = nil
	}
	start, err := n.start(path, q.Gate, contents)
	if err != nil {
		return nil, err
	}
	told()
	lived := lookupAnswer{started: start.(started), Steps: []stepAnswer{}}
	for at := range q.Steps {
		if len(lived.Providers) == 0 {
			break
		}
		now, answer = q.Steps[at], stepAnswer{Credentials: []credential{}, Runs: []run{}, Tokens: []tokenRequest{}}
		if err := n.take(&now, &answer); err != nil {
			return nil, err
		}
		lived.Steps = append(lived.Steps, answer)
	}
	return lived, nil
}

// take does what a step says.
func (n *node) take(now *step, answer *stepAnswer) error {
	for name, told := range now.Answers {
		if err := os.WriteFile(filepath.Join(n.binDir, name+".answer"), told, 0o600); err != nil {
			return err
		}
	}
	time.Sleep(time.Duration(now.After))
	pod := now.Pod
	ring := plugin.NewExternalCredentialProviderDockerKeyring(pod.Namespace, pod.Name, pod.UID, pod.ServiceAccountName)
	found, _ := ring.Lookup(now.Image)
	for _, it := range found {
		answer.Credentials = append(answer.Credentials, credential{it.Username, it.Password})
	}
	answer.Log = told()
	answer.Kept, answer.Now = caches(), time.Now().UnixNano()
	return n.runs(answer)
}

// runs collects what programs were asked, and forgets it.
func (n *node) runs(answer *stepAnswer) error {
	for _, provider := range registered() {
		path := filepath.Join(n.binDir, provider.Name+".asked")
		lines, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		for line := range bytes.Lines(lines) {
			asked := run{Provider: provider.Name}
			if err := json.Unmarshal(line, &asked); err != nil {
				return err
			}
			answer.Runs = append(answer.Runs, asked)
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// stand makes the node's API server say what the present step says.
func (n *node) stand(now *step, answer *stepAnswer) {
	n.account = func(namespace, name string) (*corev1.ServiceAccount, error) {
		if now.Account == nil {
			return nil, fmt.Errorf("serviceaccounts %q not found", name)
		}
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, UID: types.UID(now.Account.UID), Annotations: now.Account.Annotations,
		}}
		return account, nil
	}
	n.token = func(namespace, name string, request *authenticationv1.TokenRequest) (*authenticationv1.TokenRequest, error) {
		answer.Tokens = append(answer.Tokens, tokenRequest{namespace, name, request.Spec, request.UID})
		if now.Token == nil {
			return nil, errors.New("no token is given for the pod")
		}
		issued := request.DeepCopy()
		issued.Status.Token = *now.Token
		return issued, nil
	}
}

type responseQuestion struct {
	Stdout     string
	APIVersion string `json:"expected_api_version"`
}

const asked = "registry.io/image"

// response says what the kubelet makes of a provider's standard output; what it decodes is seen in what it keeps.
func response(q responseQuestion) (any, error) {
	config, err := json.Marshal(map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig",
		"providers": []any{map[string]any{
			"name": "one", "apiVersion": q.APIVersion, "matchImages": []string{"registry.io"},
			"defaultCacheDuration": "8760h",
		}},
	})
	if err != nil {
		return nil, err
	}
	told, err := json.Marshal(map[string]any{"stdout": q.Stdout})
	if err != nil {
		return nil, err
	}
	answer, err := life(lookupQuestion{Config: string(config), Steps: []step{
		{Image: asked, Answers: map[string]json.RawMessage{"one": told}},
	}})
	if err != nil {
		return nil, err
	}
	lived := answer.(lookupAnswer)
	if len(lived.Steps) != 1 {
		return nil, fmt.Errorf("the kubelet did not start: %s", lived.Words)
	}
	return judged(lived.Steps[0]), nil
}

func judged(step stepAnswer) map[string]any {
	failure := ""
	for _, line := range step.Log {
		if strings.HasPrefix(line, "E ") && !strings.Contains(line, "dockercfg invalid") {
			failure = line
		}
	}
	answer := map[string]any{
		"usable_ge_1_32":  failure == "",
		"decodes_ge_1_32": failure == "" || strings.Contains(failure, "did not return a valid cacheKeyType"),
		"credentials":     step.Credentials,
	}
	if failure != "" {
		answer["words"] = failure
	}
	if kept := step.Kept["one"]; len(kept) == 1 {
		answer["key"], answer["lasts"], answer["auth"] = kept[0].Key, kept[0].Ends-step.Now, kept[0].Auth
	}
	return answer
}
