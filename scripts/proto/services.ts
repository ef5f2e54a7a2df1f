/** The contract proto/kubejoin/apiserver-sim.proto, made from the rows of the resources. */
import { messageNamed, messageOf } from '../../lib/codec/schema.ts';
import { messageOfResource } from '../../lib/kube/codec/message-of-resource.ts';
import { type ApiResource, type ApiSubresource, apiVersionOf } from '../../lib/kube/resources.ts';

const HEAD = `// Made by npm run docs from lib/kube/resources.ts.
//
// The contract of apiserver-sim over gRPC: a service for each resource and a method for each verb, so that the name of
// a method states the authorized action. UpdateStatus is \`update\` on the subresource \`status\`. Create and Update read
// their options from metadata: dry-run, field-manager and field-validation. With the metadata \`managed-fields: omit\`,
// answers and events have no managedFields. Renew is \`update\` of one Lease after another, each of which is answered
// before the next is read; an error ends the stream.
syntax = "proto3";
package kubejoin.v1;
`;
const REQUESTS = `
message GetRequest {
  string namespace = 1;
  string name = 2;
  // The answer has the metadata of the object without managedFields, and nothing else.
  bool metadata_only = 3;
}

// The answer is one page. \`metadata.continue\` of the answer is where the next one begins; without it there is none.
message ListRequest {
  string namespace = 1;
  string field_selector = 2;
  // At most so many objects; a page never has more than 500, and fewer when they are large.
  int64 limit = 3;
  // The \`metadata.continue\` of the page before.
  string continue = 4;
  string label_selector = 5;
  string resource_version = 6;
  // Exact or NotOlderThan.
  string resource_version_match = 7;
  int64 timeout_seconds = 8;
  bool metadata_only = 9;
}

message WatchRequest {
  string namespace = 1;
  string field_selector = 2;
  // Events after this version; empty or "0": begins with the existing objects as ADDED.
  string resource_version = 3;
  string label_selector = 4;
  string resource_version_match = 5;
  bool send_initial_events = 6;
  bool allow_watch_bookmarks = 7;
  int64 timeout_seconds = 8;
  bool metadata_only = 9;
}

message PatchRequest {
  string namespace = 1;
  string name = 2;
  // json, merge, strategic or apply.
  string type = 3;
  // JSON.
  string document = 4;
  string field_manager = 5;
  string field_validation = 6;
  // Of an apply: take over fields of other managers.
  bool force = 7;
  // All, or absent.
  repeated string dry_run = 8;
}

message DeleteRequest {
  string namespace = 1;
  string name = 2;
  k8s.io.apimachinery.pkg.apis.meta.v1.Preconditions preconditions = 3;
  int64 grace_period_seconds = 4;
  // Orphan, Background or Foreground.
  string propagation_policy = 5;
  repeated string dry_run = 6;
}

message DeleteCollectionRequest {
  string namespace = 1;
  string field_selector = 2;
  string label_selector = 3;
  int64 limit = 4;
  string continue = 5;
  string resource_version = 6;
  string resource_version_match = 7;
  int64 grace_period_seconds = 8;
  string propagation_policy = 9;
  repeated string dry_run = 10;
}
`;
const STATUS = 'k8s.io.apimachinery.pkg.apis.meta.v1.Status';

export function servicesProto(resources: readonly ApiResource[]): string {
	const services = resources.map(serviceText);
	const packages = new Set(
		[...`${REQUESTS}${services.join('')}`.matchAll(/\bk8s\.io\.([\w.]+)\.\w+/g)].map(([, path]) => path),
	);
	const imports = [...packages].map((path) => `import "k8s.io/${path?.replaceAll('.', '/')}/generated.proto";`).sort();
	return `${HEAD}\n${imports.join('\n')}\n${REQUESTS}${services.join('')}`;
}

function serviceText(resource: ApiResource): string {
	const { service, verbs } = resource;
	const kind = protoName(messageOfResource(resource).name);
	const rpc = (method: string, request: string, response: string) =>
		`  rpc ${method}(${request}) returns (${response});`;
	const methods: [verb: string, line: string][] = [
		['create', rpc('Create', kind, kind)],
		['get', rpc('Get', 'GetRequest', kind)],
		['list', rpc('List', 'ListRequest', `${kind}List`)],
		['watch', rpc('Watch', 'WatchRequest', `stream ${service}Event`)],
		['update', rpc('Update', kind, kind)],
		['patch', rpc('Patch', 'PatchRequest', kind)],
		['delete', rpc('Delete', 'DeleteRequest', STATUS)],
		['deletecollection', rpc('DeleteCollection', 'DeleteCollectionRequest', `${kind}List`)],
	];
	const lines = [
		...methods.flatMap(([verb, line]) => (verbs.includes(verb) ? [line] : [])),
		...(resource.resource === 'leases' ? [rpc('Renew', `stream ${kind}`, `stream ${kind}`)] : []),
		...resource.subresources.flatMap((subresource) => subresourceLines(resource, subresource, rpc)),
	];
	const event = `\nmessage ${service}Event {\n  string type = 1;\n  ${kind} object = 2;\n}\n`;
	return `\nservice ${service} {\n${lines.join('\n')}\n}\n${verbs.includes('watch') ? event : ''}`;
}

/** A subresource that streams or proxies has no method. */
const httpOnly = ['attach', 'exec', 'log', 'portforward', 'proxy'];

function subresourceLines(
	resource: ApiResource,
	{ name, verbs, ...typed }: ApiSubresource,
	rpc: (method: string, request: string, response: string) => string,
): string[] {
	if (httpOnly.includes(name)) return [];
	const { group, version, kind } = { ...resource, ...typed };
	const type = messageOf({ apiVersion: apiVersionOf({ group, version }), kind });
	if (type === undefined) throw new TypeError(`no message for ${resource.resource}/${name}`);
	const message = protoName(type.name);
	const suffix = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
	const lines: Readonly<Record<string, string>> = {
		create: rpc(`Create${suffix}`, message, isAnswered(name) ? message : STATUS),
		get: rpc(`Get${suffix}`, 'GetRequest', message),
		update: rpc(`Update${suffix}`, message, message),
		patch: rpc(`Patch${suffix}`, 'PatchRequest', message),
	};
	return Object.entries(lines).flatMap(([verb, line]) => (verbs.includes(verb) ? [line] : []));
}

/** The others are answered with a Status. */
const isAnswered = (subresource: string): boolean => !['binding', 'eviction'].includes(subresource);

/** `k8s.io.api.core.v1.Node` of `core/v1.Node`. */
function protoName(name: string): string {
	messageNamed(name);
	const path = name.replace('/', '.');
	return name.startsWith('meta/') ? `k8s.io.apimachinery.pkg.apis.${path}` : `k8s.io.api.${path}`;
}
