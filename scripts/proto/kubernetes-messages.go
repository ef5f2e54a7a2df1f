// Prints the table of Kubernetes messages, proto/kubernetes.txt, from the Go types of upstream: for each field its
// JSON name, its protobuf number, its Go type and when its JSON is omitted. Number 0: the field is in JSON only. Name
// ".": the field's message is embedded, so its fields are in the JSON of the outer object. Run by
// scripts/proto/update.ts.
package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscaling "k8s.io/api/autoscaling/v1"
	certificates "k8s.io/api/certificates/v1"
	certificatesbeta "k8s.io/api/certificates/v1beta1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	node "k8s.io/api/node/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
)

var groups = []struct {
	version schema.GroupVersion
	add     func(*runtime.Scheme) error
}{
	{core.SchemeGroupVersion, core.AddToScheme},
	{admissionregistration.SchemeGroupVersion, admissionregistration.AddToScheme},
	{authentication.SchemeGroupVersion, authentication.AddToScheme},
	{authorization.SchemeGroupVersion, authorization.AddToScheme},
	{autoscaling.SchemeGroupVersion, autoscaling.AddToScheme},
	{certificates.SchemeGroupVersion, certificates.AddToScheme},
	{certificatesbeta.SchemeGroupVersion, certificatesbeta.AddToScheme},
	{coordination.SchemeGroupVersion, coordination.AddToScheme},
	{discovery.SchemeGroupVersion, discovery.AddToScheme},
	{events.SchemeGroupVersion, events.AddToScheme},
	{node.SchemeGroupVersion, node.AddToScheme},
	{policy.SchemeGroupVersion, policy.AddToScheme},
	{rbac.SchemeGroupVersion, rbac.AddToScheme},
	{scheduling.SchemeGroupVersion, scheduling.AddToScheme},
	{storage.SchemeGroupVersion, storage.AddToScheme},
}

// Every group version has these kinds, with its own apiVersion.
var common = []any{
	metav1.Status{}, metav1.DeleteOptions{}, metav1.CreateOptions{}, metav1.UpdateOptions{}, metav1.PatchOptions{},
	metav1.GetOptions{}, metav1.ListOptions{}, metav1.WatchEvent{}, metav1.List{}, metav1.Table{},
	metav1.PartialObjectMetadata{}, metav1.PartialObjectMetadataList{}, metav1.APIVersions{}, metav1.APIGroup{},
	metav1.APIGroupList{}, metav1.APIResourceList{}, runtime.TypeMeta{},
}

// These have no struct form in JSON, so the codec writes them.
var special = []reflect.Type{
	reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime](), reflect.TypeFor[metav1.Duration](),
	reflect.TypeFor[metav1.FieldsV1](), reflect.TypeFor[resource.Quantity](), reflect.TypeFor[intstr.IntOrString](),
	reflect.TypeFor[runtime.RawExtension](),
}

type table struct {
	messages map[string][]string
}

func nameOf(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	last := parts[len(parts)-1]
	if strings.HasPrefix(last, "v") {
		last = parts[len(parts)-2] + "/" + last
	}
	return last + "." + t.Name()
}

// typeOf is Go's notation with short package names. A named scalar follows its type: `string:types.UID`.
func (t *table) typeOf(of reflect.Type) string {
	named := func(underlying string) string {
		if of.PkgPath() == "" {
			return underlying
		}
		return underlying + ":" + of.String()
	}
	switch of.Kind() {
	case reflect.Pointer:
		return "*" + t.typeOf(of.Elem())
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return named("bytes")
		}
		if _, isMessage := reflect.PointerTo(of).MethodByName("Marshal"); isMessage {
			name := nameOf(of)
			t.messages[name] = []string{"items 1 []" + t.typeOf(of.Elem())}
			return name
		}
		return named("[]" + t.typeOf(of.Elem()))
	case reflect.Map:
		return named("map[" + t.typeOf(of.Key()) + "]" + t.typeOf(of.Elem()))
	case reflect.Struct:
		t.add(of)
		return nameOf(of)
	default:
		return named(of.Kind().String())
	}
}

func (t *table) add(of reflect.Type) {
	name := nameOf(of)
	if _, known := t.messages[name]; known {
		return
	}
	t.messages[name] = nil
	if slices.Contains(special, of) {
		return
	}
	for i := range of.NumField() {
		field := of.Field(i)
		if of == reflect.TypeFor[metav1.TableRow]() && field.Name == "Cells" {
			t.messages[name] = append(t.messages[name], "cells 0 []any")
			continue
		}
		json := strings.Split(field.Tag.Get("json"), ",")
		if json[0] == "-" || !field.IsExported() {
			continue
		}
		number := "0"
		if tag := strings.Split(field.Tag.Get("protobuf"), ","); len(tag) > 1 {
			number = tag[1]
		}
		if field.Anonymous && json[0] == "" && number == "0" && field.Type.Kind() == reflect.Struct {
			t.add(field.Type)
			for _, line := range t.messages[nameOf(field.Type)] {
				parts := strings.SplitN(line, " ", 3)
				t.messages[name] = append(t.messages[name], parts[0]+" 0 "+parts[2])
			}
			continue
		}
		flags := json[1:]
		if json[0] == "" && !field.Anonymous {
			json[0] = field.Name
		}
		if field.Anonymous && json[0] == "" {
			json[0] = "."
			flags = nil
		}
		line := fmt.Sprintf("%s %s %s", json[0], number, t.typeOf(field.Type))
		for _, flag := range flags {
			if flag == "omitempty" || flag == "omitzero" {
				line += " " + flag
			}
		}
		t.messages[name] = append(t.messages[name], line)
	}
}

func main() {
	t := table{map[string][]string{}}
	for _, object := range common {
		t.add(reflect.TypeOf(object))
	}
	versions := []string{}
	for _, group := range groups {
		scheme := runtime.NewScheme()
		if err := group.add(scheme); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		directory := ""
		for _, kind := range scheme.KnownTypes(group.version) {
			if strings.HasPrefix(kind.PkgPath(), "k8s.io/api/") {
				directory = strings.TrimPrefix(kind.PkgPath(), "k8s.io/api/")
				t.add(kind)
			}
		}
		versions = append(versions, group.version.String()+" "+directory)
	}
	names := []string{}
	for name := range t.messages {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Println("apiVersions")
	for _, version := range versions {
		fmt.Println("\t" + version)
	}
	for _, name := range names {
		fmt.Println(name)
		for _, field := range t.messages[name] {
			fmt.Println("\t" + field)
		}
	}
}
