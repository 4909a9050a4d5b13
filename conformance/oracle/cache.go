package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

// A key, or a case in words, as the vectors of caches have them.
type cacheQuestion struct {
	Fn                   string
	Namespace, Name, UID string
	Annotations          map[string]string
	CacheType            string `json:"cache_type"`
	Token                string
	Base                 string
	AccountKey           string `json:"sa_key_hex"`
	CacheKeyType, Image  string
	Case                 string
}

// cacheCase finds keys in the cache after a look-up, since what makes them is not exported.
func cacheCase(q cacheQuestion) (any, error) {
	switch q.Fn {
	case "service_account_cache_key":
		_, account, err := keyOf("registry.io/image", "Image", q)
		return map[string]any{"hex": hex.EncodeToString(account)}, err
	case "cache_key", "stored_key":
		if err := q.readAccount(); err != nil {
			return nil, err
		}
		if q.Fn == "cache_key" {
			q.Image, q.CacheKeyType = q.Base, "Image"
		}
		whole, _, err := keyOf(q.Image, q.CacheKeyType, q)
		return map[string]any{"hex": whole}, err
	case "parse_registry":
		whole, _, err := keyOf(q.Image, "Registry", q)
		if err != nil {
			return nil, err
		}
		base, _, err := parts(whole)
		return map[string]any{"registry": string(base)}, err
	case "":
		return behaviour(q.Case)
	}
	return nil, fmt.Errorf("%s is not to be seen from outside", q.Fn)
}

// readAccount takes the account from the part of a key that stands for it.
func (q *cacheQuestion) readAccount() error {
	key, err := hex.DecodeString(q.AccountKey)
	if err != nil || len(key) == 0 {
		return err
	}
	input, count := cryptobyte.String(key), uint32(0)
	text := func() string {
		var part cryptobyte.String
		if !input.ReadUint16LengthPrefixed(&part) {
			err = errors.New("the key of the account is cut short")
		}
		return string(part)
	}
	q.Namespace, q.Name, q.UID = text(), text(), text()
	q.CacheType, q.Annotations = "ServiceAccount", map[string]string{}
	input.ReadUint32(&count)
	for range count {
		name := text()
		q.Annotations[name] = text()
	}
	if err == nil && !input.Empty() {
		err = errors.New("the key of the account holds a token's hash, which has no token")
	}
	return err
}

// keyOf is the key under which an answer is kept, and the part of it that stands for the service account.
func keyOf(image, keyType string, q cacheQuestion) (string, []byte, error) {
	provider := map[string]any{}
	now := step{Image: image, Answers: answers(fmt.Sprintf(`"cacheKeyType":%q`, keyType))}
	if q.CacheType != "" {
		names := []string{}
		for name := range q.Annotations {
			names = append(names, name)
		}
		attributes := map[string]any{
			"serviceAccountTokenAudience": "a", "requireServiceAccount": true, "requiredServiceAccountAnnotationKeys": names,
		}
		if hasCacheTypes {
			attributes["cacheType"] = q.CacheType
		} else if q.CacheType != "ServiceAccount" {
			return "", nil, errors.New("this version has no cacheType")
		}
		provider["tokenAttributes"] = attributes
		now.Pod.Namespace, now.Pod.Name, now.Pod.ServiceAccountName = q.Namespace, "pod", q.Name
		now.Account = &account{q.UID, q.Annotations}
		token := q.Token
		if token == "" {
			token = "token"
		}
		now.Token = &token
	}
	steps, err := alone([]string{image}, provider, now)
	if err != nil {
		return "", nil, err
	}
	if len(steps[0].Kept["one"]) != 1 {
		return "", nil, fmt.Errorf("nothing is kept: %s", strings.Join(steps[0].Log, "; "))
	}
	whole := steps[0].Kept["one"][0].Key
	_, account, err := parts(whole)
	return whole, account, err
}

func parts(whole string) (base, account cryptobyte.String, err error) {
	key, err := hex.DecodeString(whole)
	input := cryptobyte.String(key)
	if err == nil && (!input.ReadUint16LengthPrefixed(&base) || !input.ReadUint16LengthPrefixed(&account)) {
		err = fmt.Errorf("%s is no key of two parts", whole)
	}
	return base, account, err
}

// alone is the life of a kubelet with one provider.
func alone(images []string, provider map[string]any, steps ...step) ([]stepAnswer, error) {
	all := map[string]any{
		"name": "one", "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "matchImages": images,
		"defaultCacheDuration": "1h",
	}
	for name, value := range provider {
		all[name] = value
	}
	config, err := json.Marshal(map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig", "providers": []any{all},
	})
	if err != nil {
		return nil, err
	}
	answer, err := life(lookupQuestion{Config: string(config), Gate: true, Steps: steps})
	if err != nil {
		return nil, err
	}
	lived := answer.(lookupAnswer)
	if len(lived.Steps) != len(steps) {
		return nil, fmt.Errorf("the kubelet did not start: %s%s", lived.Words, lived.Program)
	}
	return lived.Steps, nil
}

// answers makes the provider answer with fields, or fail without any.
func answers(fields string) map[string]json.RawMessage {
	told := map[string]any{"stdout": fmt.Sprintf(
		`{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1",%s}`, fields)}
	if fields == "" {
		told = map[string]any{"exit": 1}
	}
	line, _ := json.Marshal(told)
	return map[string]json.RawMessage{"one": line}
}
