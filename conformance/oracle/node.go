package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
	"unsafe"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/sets"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/plugin"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	kubeletconfigv1 "k8s.io/kubernetes/pkg/kubelet/apis/config/v1"
	kubeletconfigv1alpha1 "k8s.io/kubernetes/pkg/kubelet/apis/config/v1alpha1"
	kubeletconfigv1beta1 "k8s.io/kubernetes/pkg/kubelet/apis/config/v1beta1"
)

// The kubelet keeps its providers for as long as it runs, and so knows no way to forget them. These two are emptied where
// a kubelet would be restarted.

//go:linkname providers k8s.io/kubernetes/pkg/credentialprovider/plugin.providers
var providers []struct {
	name string
	impl unsafe.Pointer
}

//go:linkname seenProviderNames k8s.io/kubernetes/pkg/credentialprovider/plugin.seenProviderNames
var seenProviderNames sets.String

// node is a folder with programs and configurations, and what stands for its API server.
type node struct {
	folder, binDir string
	account        func(namespace, name string) (*corev1.ServiceAccount, error)
	token          func(namespace, name string, request *authenticationv1.TokenRequest) (*authenticationv1.TokenRequest, error)
}

func newNode() (*node, error) {
	folder, err := os.MkdirTemp("", "oracle")
	if err != nil {
		return nil, err
	}
	n := &node{folder: folder, binDir: filepath.Join(folder, "bin")}
	return n, os.Mkdir(n.binDir, 0o700)
}

func (n *node) remove() { _ = os.RemoveAll(n.folder) }

// install puts the program that answers as it is told under a name; names that cannot be files are left out.
func (n *node) install(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") || len(name) > 200 {
		return nil
	}
	own, err := os.Executable()
	if err != nil {
		return err
	}
	err = os.Symlink(filepath.Join(filepath.Dir(own), "provider"), filepath.Join(n.binDir, name))
	if os.IsExist(err) {
		return nil
	}
	return err
}

// register starts a kubelet with what a path holds.
func (n *node) register(path string, gate bool) error {
	providers, seenProviderNames = nil, sets.NewString()
	setting := fmt.Sprintf("KubeletServiceAccountTokenForCredentialProviders=%t", gate)
	if err := utilfeature.DefaultMutableFeatureGate.Set(setting); err != nil {
		return err
	}
	return plugin.RegisterCredentialProviderPlugins(path, n.binDir, n.token, n.account)
}

var decoder = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	_ = kubeletconfig.AddToScheme(scheme)
	_ = kubeletconfigv1alpha1.AddToScheme(scheme)
	_ = kubeletconfigv1beta1.AddToScheme(scheme)
	_ = kubeletconfigv1.AddToScheme(scheme)
	return serializer.NewCodecFactory(scheme).UniversalDecoder()
}()

// decodedNames are the names of a configuration that decodes, whether it passes the rules or not.
func decodedNames(content []byte) []string {
	object, _, err := decoder.Decode(content, nil, nil)
	config, ok := object.(*kubeletconfig.CredentialProviderConfig)
	if err != nil || !ok {
		return nil
	}
	names := []string{}
	for _, provider := range config.Providers {
		names = append(names, provider.Name)
	}
	return names
}

// Versions from 1.34 on have a cacheType, and require it.
var hasCacheTypes = func() bool {
	_, ok := reflect.TypeFor[kubeletconfig.ServiceAccountTokenAttributes]().FieldByName("CacheType")
	return ok
}()

// entry is a provider as the kubelet holds it.
type entry struct {
	Name                 string           `json:"name"`
	APIVersion           string           `json:"apiVersion"`
	MatchImages          []string         `json:"matchImages"`
	DefaultCacheDuration int64            `json:"defaultCacheDuration"`
	Args                 []string         `json:"args"`
	Env                  [][2]string      `json:"env"`
	TokenAttributes      *tokenAttributes `json:"tokenAttributes"`
}

type tokenAttributes struct {
	Audience  string   `json:"audience"`
	Requires  bool     `json:"requireServiceAccount"`
	Required  []string `json:"required"`
	Optional  []string `json:"optional"`
	CacheType string   `json:"cacheType"`
}

// registered is what the kubelet holds, read from the keyring that it makes for a pod.
func registered() []entry {
	entries := []entry{}
	for _, provider := range implementations() {
		program := open(provider.FieldByName("plugin")).Elem().Elem()
		it := entry{
			Name:                 program.FieldByName("name").String(),
			APIVersion:           program.FieldByName("apiVersion").String(),
			MatchImages:          texts(provider.FieldByName("matchImages")),
			DefaultCacheDuration: provider.FieldByName("defaultCacheDuration").Int(),
			Args:                 texts(program.FieldByName("args")),
			Env:                  [][2]string{},
		}
		variables := program.FieldByName("envVars")
		for at := range variables.Len() {
			variable := variables.Index(at)
			it.Env = append(it.Env, [2]string{variable.FieldByName("Name").String(), variable.FieldByName("Value").String()})
		}
		if account := provider.FieldByName("serviceAccountProvider"); !account.IsNil() {
			account = account.Elem()
			it.TokenAttributes = &tokenAttributes{
				Audience: account.FieldByName("audience").String(),
				Requires: account.FieldByName("requireServiceAccount").Bool(),
				Required: texts(account.FieldByName("requiredServiceAccountAnnotationKeys")),
				Optional: texts(account.FieldByName("optionalServiceAccountAnnotationKeys")),
			}
			if cacheType := account.FieldByName("cacheType"); cacheType.IsValid() {
				it.TokenAttributes.CacheType = cacheType.String()
			}
		}
		entries = append(entries, it)
	}
	return entries
}

// kept is an answer in the cache of a provider.
type kept struct {
	Key  string                                          `json:"key"`
	Ends int64                                           `json:"ends"`
	Auth map[string]credentialprovider.DockerConfigEntry `json:"auth"`
}

// caches are what each provider keeps by its name, expired answers included, which is read past the cache's own rules.
func caches() map[string][]kept {
	caches := map[string][]kept{}
	for _, provider := range implementations() {
		name := open(provider.FieldByName("plugin")).Elem().Elem().FieldByName("name").String()
		store := open(provider.FieldByName("cache")).Elem().Elem().FieldByName("cacheStorage")
		storage := open(store).Interface().(cache.ThreadSafeStore)
		caches[name] = []kept{}
		for _, key := range storage.ListKeys() {
			object, _ := storage.Get(key)
			held := reflect.ValueOf(object.(*cache.TimestampedEntry).Obj).Elem()
			caches[name] = append(caches[name], kept{
				Key:  fmt.Sprintf("%x", key),
				Ends: open(held.FieldByName("expiresAt")).Interface().(time.Time).UnixNano(),
				Auth: open(held.FieldByName("credentials")).Interface().(credentialprovider.DockerConfig),
			})
		}
	}
	return caches
}

func implementations() []reflect.Value {
	ring := plugin.NewExternalCredentialProviderDockerKeyring("", "", "", "")
	list := reflect.ValueOf(ring).Elem().FieldByName("providers")
	all := []reflect.Value{}
	for at := range list.Len() {
		all = append(all, list.Index(at).Elem().Elem().FieldByName("provider").Elem())
	}
	return all
}

// open makes a field readable that is not exported.
func open(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}

func texts(list reflect.Value) []string {
	texts := []string{}
	for at := range list.Len() {
		texts = append(texts, list.Index(at).String())
	}
	return texts
}
