/** The differences from a real kube-apiserver that the recordings show, with their reasons. */

export interface KnownDifference {
	/** Of the shape of a request; any by default. */
	readonly requests?: RegExp;
	/** Of a line that `differences` prints. */
	readonly difference: RegExp;
	/** A sentence of docs/differences.md. */
	readonly reason: string;
}

const unservedGroups =
	/\/apis\/(?:apiextensions\.k8s\.io|apiregistration\.k8s\.io|apps|autoscaling|batch|flowcontrol\.apiserver\.k8s\.io|networking\.k8s\.io|policy|resource\.k8s\.io|storagemigration\.k8s\.io)\//;
const unservedKinds =
	/\/(?:componentstatuses|endpoints|persistentvolumeclaims|persistentvolumes|podcertificaterequests|replicationcontrollers)\b/;

export const knownDifferences: readonly KnownDifference[] = [
	{
		requests: unservedGroups,
		difference: /^status: wanted 20[01], found 404$/,
		reason: 'Requests of the groups that are not served are 404, as on a server without them.',
	},
	{
		requests: unservedKinds,
		difference: /^status: wanted 200, found 404$/,
		reason: 'So are requests of the kinds that are not served.',
	},
	{
		requests: /^GET \/apis?(?:\/v1|\/[\w.]+\/v1)? /,
		difference: /(?:items|groups|resources|subresources)\[[\w./]+\]: missing$/,
		reason: 'Discovery lists only the groups, kinds and subresources that are served.',
	},
	{
		requests: /^GET \/openapi\//,
		difference: /^body\.(?:paths|schemas|definitions)\b.*: (?:missing|wanted)/,
		reason: 'The OpenAPI documents describe only the kinds that are served.',
	},
	{
		requests: /^GET \/openapi\/v3\//,
		difference: /^body\.info\.version: wanted "1\.37", found "unversioned"$/,
		reason: "The version in an OpenAPI document is that of upstream's repository, `unversioned`.",
	},
	{
		requests: /^GET \/openapi\//,
		difference: /^headers\.accept-ranges: missing/,
		reason: 'OpenAPI documents are served whole: a `Range` header is ignored.',
	},
	{
		requests: /^GET \/openapi\/v2 /,
		difference: /^headers\.vary: wanted "Accept-Encoding \|\| Accept", found "Accept"$/,
		reason: 'Answers are not compressed.',
	},
	{
		requests: /^GET \/apis? /,
		difference: /^headers\.vary: extra "Accept"$/,
		reason: '`Vary: Accept` is in both forms of discovery. Upstream sends it with the aggregated one.',
	},
	{
		requests: /^GET \/(?:healthz|livez|readyz) verbose /,
		difference: /^body: wanted "\[\+\]ping ok/,
		reason: 'Health lists the checks that exist here.',
	},
	{
		requests: /^GET \/metrics /,
		difference: /^headers\.content-type: .*escaping=underscores/,
		reason: 'The media type of `/metrics` has no parameter `escaping`.',
	},
];
