package main

import (
	"fmt"
	"strings"
	"time"
)

// behaviour plays a case that the vectors of caches tell in words.
func behaviour(words string) (any, error) {
	switch {
	case words == "lookup order":
		return lookupOrder()
	case strings.HasPrefix(words, "cacheDuration "):
		return lasting(strings.TrimPrefix(words, "cacheDuration "))
	case strings.HasPrefix(words, "entry "):
		return entryRead(strings.TrimPrefix(words, "entry "))
	case strings.Contains(words, "cacheKeyType"):
		return refused(`"cacheKeyType":"","auth":{"registry.io":{}}`)
	case strings.Contains(words, "exec or decode error"):
		return refused("")
	}
	return nil, fmt.Errorf("the case %q is not understood", words)
}

var registries = []string{"registry.io", "other.io"}

// lookupOrder keeps one answer of each type, each for a minute longer than the one before, and sees which is found.
func lookupOrder() (any, error) {
	keep := func(keyType, lasts, image string) step {
		fields := fmt.Sprintf(`"cacheKeyType":%q,"cacheDuration":%q,"auth":{"*.io":{"username":%q}}`, keyType, lasts, keyType)
		return step{Image: image, Answers: answers(fields)}
	}
	read := func(after time.Duration) step {
		return step{Image: "registry.io/a", After: int64(after), Answers: answers("")}
	}
	steps, err := alone(registries, nil,
		keep("Image", "1m", "registry.io/a"), keep("Registry", "2m", "registry.io/b"), keep("Global", "3m", "other.io/c"),
		read(time.Minute), read(time.Minute), read(time.Minute))
	if err != nil {
		return nil, err
	}
	names := map[string]string{"Image": "image", "Registry": "registry", "Global": "<global>"}
	order := []string{}
	for _, step := range steps[3:] {
		for _, credential := range step.Credentials {
			order = append(order, names[credential.Username])
		}
	}
	return map[string]any{"order": order}, nil
}

// lasting keeps an answer: `explicit 0`, `nil, defaultCacheDuration 10m`, `-5s`.
func lasting(words string) (any, error) {
	own, defaulted, isGiven := strings.Cut(words, ", defaultCacheDuration ")
	provider := map[string]any{}
	if isGiven {
		if defaulted == "0" {
			defaulted = "0s"
		}
		provider["defaultCacheDuration"] = defaulted
	}
	fields := `"cacheKeyType":"Image"`
	if own = strings.TrimPrefix(own, "explicit "); own != "nil" {
		fields += fmt.Sprintf(`,"cacheDuration":%q`, own)
	}
	steps, err := alone(registries, provider, step{Image: asked, Answers: answers(fields)}, step{Image: asked})
	if err != nil {
		return nil, err
	}
	kept, isServed := steps[0].Kept["one"], len(steps[1].Runs) == 0
	switch {
	case len(kept) == 0:
		return map[string]any{"cached": isServed}, nil
	case !isServed:
		return map[string]any{"cached": "stored, but already expired, so never served"}, nil
	}
	lasts := time.Duration(kept[0].Ends - steps[0].Now)
	return map[string]any{"cached": true, "ttl": strings.TrimSuffix(lasts.String(), "0s")}, nil
}

// entryRead reads an answer that was kept: `1m, read after 1s`, `expiring now, read after 2m`, `read at exactly expiresAt`.
func entryRead(words string) (any, error) {
	lasts, after, isApart := strings.Cut(words, ", read after ")
	switch {
	case !isApart && words == "read at exactly expiresAt":
		lasts, after = "1m", "1m"
	case lasts == "expiring now":
		lasts = "1ns"
	case !isApart:
		return nil, fmt.Errorf("the case %q is not understood", words)
	}
	wait, err := time.ParseDuration(after)
	if err != nil {
		return nil, err
	}
	steps := []step{
		{Image: asked, Answers: answers(fmt.Sprintf(`"cacheKeyType":"Image","cacheDuration":%q`, lasts))},
		{Image: asked, After: int64(wait), Answers: answers("")},
	}
	if lasts == "1ns" {
		// An older one, which nobody asks for.
		older := step{Image: "registry.io/other", Answers: steps[0].Answers}
		steps = append([]step{older}, steps...)
	}
	lived, err := alone(registries, nil, steps...)
	if err != nil {
		return nil, err
	}
	last := lived[len(lived)-1]
	return map[string]any{"served": len(last.Runs) == 0, "keys_after": len(last.Kept["one"])}, nil
}

// refused gives an answer that counts for nothing.
func refused(fields string) (any, error) {
	steps, err := alone(registries, nil, step{Image: asked, Answers: answers(fields)})
	if err != nil {
		return nil, err
	}
	return map[string]any{"cached": len(steps[0].Kept["one"]) > 0, "credentials": steps[0].Credentials}, nil
}
