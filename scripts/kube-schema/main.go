// Writes lib/kube/schema/schema-text.ts: the types of the served kinds, from the Go types of k8s.io/api (which fields
// are written when they are empty) and from the OpenAPI documents of k8s.io/kubernetes (list types, patch strategies,
// defaults). Run by hand when the reference version changes, in a module of its own:
//
//	mkdir /tmp/kube-schema && cp scripts/kube-schema/main.go /tmp/kube-schema && cd /tmp/kube-schema
//	go mod init kube-schema && go get k8s.io/api@v0.37.2 k8s.io/apimachinery@v0.37.2
//	spec=$(go mod download -json k8s.io/kubernetes@v1.37.2 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/api/openapi-spec/v3
//	go run . "$spec" > <repository>/lib/kube/schema/schema-text.ts
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	certificatesv1beta1 "k8s.io/api/certificates/v1beta1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	nodev1 "k8s.io/api/node/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

const version = "v1.37.2"

type schema struct {
	Ref                  string             `json:"$ref"`
	AllOf                []schema           `json:"allOf"`
	Type                 string             `json:"type"`
	Properties           map[string]*schema `json:"properties"`
	Items                *schema            `json:"items"`
	AdditionalProperties json.RawMessage    `json:"additionalProperties"`
	Default              json.RawMessage    `json:"default"`
	ListType             string             `json:"x-kubernetes-list-type"`
	ListMapKeys          []string           `json:"x-kubernetes-list-map-keys"`
	MapType              string             `json:"x-kubernetes-map-type"`
	PatchStrategy        string             `json:"x-kubernetes-patch-strategy"`
	PatchMergeKey        string             `json:"x-kubernetes-patch-merge-key"`
}

func (s *schema) ref() string {
	if s.Ref == "" && len(s.AllOf) == 1 {
		return strings.TrimPrefix(s.AllOf[0].Ref, "#/components/schemas/")
	}
	return strings.TrimPrefix(s.Ref, "#/components/schemas/")
}

// Kinds, with the group and version that the API server serves them under.
var kinds = []struct {
	apiVersion string
	object     runtime.Object
}{
	{"v1", &corev1.Namespace{}}, {"v1", &corev1.Node{}}, {"v1", &corev1.Secret{}}, {"v1", &corev1.ConfigMap{}},
	{"v1", &corev1.ServiceAccount{}}, {"v1", &corev1.Event{}}, {"v1", &corev1.Pod{}}, {"v1", &corev1.Service{}},
	{"v1", &corev1.Endpoints{}}, {"v1", &corev1.ResourceQuota{}}, {"v1", &corev1.LimitRange{}},
	{"v1", &corev1.PodTemplate{}},
	{"events.k8s.io/v1", &eventsv1.Event{}},
	{"coordination.k8s.io/v1", &coordinationv1.Lease{}},
	{"discovery.k8s.io/v1", &discoveryv1.EndpointSlice{}},
	{"certificates.k8s.io/v1", &certificatesv1.CertificateSigningRequest{}},
	{"certificates.k8s.io/v1", &certificatesv1.ClusterTrustBundle{}},
	{"certificates.k8s.io/v1beta1", &certificatesv1beta1.ClusterTrustBundle{}},
	{"authentication.k8s.io/v1", &authenticationv1.TokenRequest{}},
	{"rbac.authorization.k8s.io/v1", &rbacv1.Role{}}, {"rbac.authorization.k8s.io/v1", &rbacv1.ClusterRole{}},
	{"rbac.authorization.k8s.io/v1", &rbacv1.RoleBinding{}},
	{"rbac.authorization.k8s.io/v1", &rbacv1.ClusterRoleBinding{}},
	{"storage.k8s.io/v1", &storagev1.CSINode{}}, {"storage.k8s.io/v1", &storagev1.CSIDriver{}},
	{"node.k8s.io/v1", &nodev1.RuntimeClass{}},
	{"scheduling.k8s.io/v1", &schedulingv1.PriorityClass{}},
	{"admissionregistration.k8s.io/v1", &admissionregistrationv1.ValidatingAdmissionPolicy{}},
	{"admissionregistration.k8s.io/v1", &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}},
	{"admissionregistration.k8s.io/v1", &admissionregistrationv1.MutatingAdmissionPolicy{}},
	{"admissionregistration.k8s.io/v1", &admissionregistrationv1.MutatingAdmissionPolicyBinding{}},
	{"admissionregistration.k8s.io/v1", &admissionregistrationv1.ValidatingWebhookConfiguration{}},
	{"admissionregistration.k8s.io/v1", &admissionregistrationv1.MutatingWebhookConfiguration{}},
	{"authentication.k8s.io/v1", &authenticationv1.TokenReview{}},
	{"authorization.k8s.io/v1", &authorizationv1.SubjectAccessReview{}},
	{"authorization.k8s.io/v1", &authorizationv1.SelfSubjectAccessReview{}},
	{"authorization.k8s.io/v1", &authorizationv1.LocalSubjectAccessReview{}},
}

type writer struct {
	definitions map[string]*schema
	lines       map[string]string
	unserved    []string
}

func main() {
	w := &writer{definitions: readDefinitions(os.Args[1]), lines: map[string]string{}}
	var rows []string
	for _, kind := range kinds {
		t := reflect.TypeOf(kind.object).Elem()
		name := definitionOf(t)
		if w.definitions[name] == nil {
			w.unserved = append(w.unserved, name)
			continue
		}
		w.writeStruct(name, t)
		rows = append(rows, fmt.Sprintf("%s %s %s", kind.apiVersion, t.Name(), shortName(name)))
	}
	fmt.Fprintln(os.Stderr, "not in the OpenAPI documents:", w.unserved)
	names := make([]string, 0, len(w.lines))
	for name := range w.lines {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Println("/**")
	fmt.Printf(" * Generated by scripts/kube-schema/main.go from Kubernetes %s; schema.ts documents the form.\n */\n", version)
	fmt.Println("\n/** In each line an API version, a kind and the name of its type. */\nexport const kindRows = `")
	fmt.Println(strings.Join(rows, "\n") + "\n`;")
	fmt.Println("\n/** A type and its fields; a line that begins with a space continues the line before. */")
	fmt.Println("export const typeRows = `")
	for _, name := range names {
		fmt.Println(wrapped(w.lines[name]))
	}
	fmt.Println("`;")
}

func readDefinitions(directory string) map[string]*schema {
	files, err := filepath.Glob(filepath.Join(directory, "*_openapi.json"))
	check(err)
	definitions := map[string]*schema{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		var document struct {
			Components struct {
				Schemas map[string]*schema `json:"schemas"`
			} `json:"components"`
		}
		check(json.Unmarshal(text, &document))
		for name, definition := range document.Components.Schemas {
			definitions[name] = definition
		}
	}
	return definitions
}

// k8s.io/api/core/v1.Pod -> io.k8s.api.core.v1.Pod
func definitionOf(t reflect.Type) string {
	return "io.k8s." + strings.ReplaceAll(strings.TrimPrefix(t.PkgPath(), "k8s.io/"), "/", ".") + "." + t.Name()
}

// io.k8s.api.core.v1.Pod -> core.Pod, io.k8s.api.certificates.v1beta1.X -> certificates.v1beta1.X
func shortName(definition string) string {
	parts := strings.Split(definition, ".")
	group, version, name := parts[len(parts)-3], parts[len(parts)-2], parts[len(parts)-1]
	if version == "v1" {
		return group + "." + name
	}
	return group + "." + version + "." + name
}

func (w *writer) writeStruct(name string, t reflect.Type) {
	short := shortName(name)
	if _, ok := w.lines[short]; ok {
		return
	}
	definition := w.definitions[name]
	w.lines[short] = ""
	line := short
	if definition.MapType == "atomic" {
		line += "@atomic"
	}
	w.lines[short] = line + w.fields(definition, t)
}

func (w *writer) fields(definition *schema, t reflect.Type) string {
	line := ""
	for i := 0; i < t.NumField(); i++ {
		field := t.Field(i)
		tag := strings.Split(field.Tag.Get("json"), ",")
		if tag[0] == "-" {
			continue
		}
		if tag[0] == "" {
			line += w.fields(definition, field.Type)
			continue
		}
		property := definition.Properties[tag[0]]
		if property == nil {
			continue // Behind a feature gate that is off.
		}
		options := strings.Join(tag[1:], ",")
		text := w.typeOf(property, field.Type)
		mayBeOmitted := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		if text == "time" || text == "quantity" || text == "intOrString" {
			// Go never omits a struct for omitempty.
			mayBeOmitted = field.Type.Kind() == reflect.Pointer || strings.Contains(options, "omitzero")
		}
		line += " " + tag[0] + ":" + text + flags(property, field.Type, mayBeOmitted)
	}
	return line
}

// "!": written when it is empty; "*": a pointer, of which only the absent one is empty.
func flags(property *schema, t reflect.Type, mayBeOmitted bool) string {
	text := ""
	if property.MapType == "atomic" {
		text += "@atomic"
	}
	switch property.ListType {
	case "map":
		text += "@map(" + strings.Join(property.ListMapKeys, ",") + ")"
	case "set":
		text += "@set"
	}
	if !mayBeOmitted {
		text += "!"
	}
	if t.Kind() == reflect.Pointer {
		text += "*"
	}
	if property.PatchStrategy != "" {
		text += "~" + property.PatchStrategy
	}
	if property.PatchMergeKey != "" {
		text += "(" + property.PatchMergeKey + ")"
	}
	if value := string(property.Default); isDefault(value) || value == `""` && mayBeOmitted {
		text += "=" + value
	}
	return text
}

// A field that Go always writes is known to be empty without a default.
func isDefault(value string) bool {
	return value != "" && value != `""` && value != "{}" && value != "null" && value != "0"
}

func (w *writer) typeOf(property *schema, t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if ref := property.ref(); ref != "" {
		definition := w.definitions[ref]
		if definition == nil {
			panic(ref)
		}
		if len(definition.Properties) > 0 {
			w.writeStruct(ref, t)
			return shortName(ref)
		}
		if strings.HasSuffix(ref, ".Time") || strings.HasSuffix(ref, ".MicroTime") {
			return "time"
		}
		if strings.HasSuffix(ref, "Quantity") {
			return "quantity"
		}
		if strings.HasSuffix(ref, "IntOrString") {
			return "intOrString"
		}
		if t.Kind() == reflect.Struct && t.NumField() == 0 {
			w.writeStruct(ref, t)
			return shortName(ref)
		}
		if definition.Type == "object" {
			return "any"
		}
		return w.typeOf(definition, t)
	}
	switch property.Type {
	case "array":
		if t.Kind() == reflect.Slice {
			return "[]" + w.typeOf(property.Items, t.Elem())
		}
		return "[]string"
	case "object":
		var element schema
		if json.Unmarshal(property.AdditionalProperties, &element) != nil || t.Kind() != reflect.Map {
			return "any"
		}
		return "{}" + w.typeOf(&element, t.Elem())
	case "integer", "number":
		return "number"
	case "boolean":
		return "boolean"
	case "string":
		return "string"
	}
	return "any"
}

func wrapped(line string) string {
	const width = 118
	var lines []string
	current := ""
	for _, word := range strings.Split(line, " ") {
		if current != "" && len(current)+1+len(word) > width {
			lines = append(lines, current)
			current = " " + word
			continue
		}
		if current != "" {
			current += " "
		}
		current += word
	}
	return strings.Join(append(lines, current), "\n")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
