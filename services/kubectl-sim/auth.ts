/** `kubectl auth`: the authenticated user and its permissions. */
import { hasCode } from '../../lib/errors.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import type { ApiResource } from '../../lib/kube/resources.ts';
import type { SelfSubjectAccessReview } from '../../lib/kube/types.ts';
import { printableCell } from '../../lib/text.ts';
import { invalidCommand } from './command-errors.ts';
import type { Output } from './output.ts';
import { toJson, toYaml } from './print-object.ts';
import { findResource, parseResourceArgument } from './resource-types.ts';
import { alignTabs, tableTabs } from './tabwriter.ts';

/**
 * @throws COMMAND_INVALID  the request is forbidden; errors of the API
 * @source kubectl pkg/cmd/auth/whoami.go
 */
export async function whoAmI(
	format: 'json' | 'yaml' | undefined,
	{ reviews, output }: { readonly reviews: ApiClient['selfSubjectReviews']; readonly output: Output },
): Promise<void> {
	const { metadata, status } = await reviews.create({ metadata: {} }).catch((error: unknown) => {
		const isForbidden = hasCode(error, 'API_FORBIDDEN');
		throw isForbidden
			? invalidCommand(
					'the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it',
					'auth whoami',
				)
			: error;
	});
	const { username = '', uid = '', groups = [], extra = {} } = status?.userInfo ?? {};
	if (format !== undefined) {
		const userInfo = {
			...(username === '' ? {} : { username }),
			...(uid === '' ? {} : { uid }),
			...(groups.length === 0 ? {} : { groups }),
			...(Object.keys(extra).length === 0 ? {} : { extra }),
		};
		const creationTimestamp = metadata.creationTimestamp ?? null;
		const review = {
			kind: 'SelfSubjectReview',
			apiVersion: 'authentication.k8s.io/v1',
			metadata: { creationTimestamp },
			status: { userInfo },
		};
		output.out(format === 'json' ? toJson(review) : await toYaml(review));
		return;
	}
	const lines = [
		'ATTRIBUTE\tVALUE',
		...(username === '' ? [] : [`Username\t${printableCell(username)}`]),
		...(uid === '' ? [] : [`UID\t${printableCell(uid)}`]),
		...(groups.length === 0 ? [] : [`Groups\t${goSlice(groups)}`]),
		...Object.keys(extra)
			.sort()
			.map((key) => `Extra: ${printableCell(key)}\t${goSlice(extra[key] ?? [])}`),
	];
	output.out(alignTabs(`${lines.join('\n')}\n`, tableTabs));
}

const goSlice = (values: readonly string[]): string => printableCell(`[${values.join(' ')}]`);

export interface AccessQuestion {
	readonly verb: string;
	/** `nodes`, `deployments.apps/web`, or a path that begins with a slash. */
	readonly object: string;
	readonly subresource: string;
	readonly namespace: string;
	readonly allNamespaces: boolean;
}

const resourceVerbs = [
	...'get list watch create update patch delete deletecollection'.split(' '),
	...'use bind impersonate * approve sign escalate attest'.split(' '),
];
const pathVerbs = 'get put post head options delete patch *'.split(' ');

export interface AccessReview {
	readonly spec: SelfSubjectAccessReview['spec'];
	/** Problems of the question, which is sent nevertheless. */
	readonly warnings: readonly string[];
}

/** @throws COMMAND_INVALID  a path has no subresource @source kubectl pkg/cmd/auth/cani.go */
export function accessReview({ verb, object, subresource, namespace, allNamespaces }: AccessQuestion): AccessReview {
	const unknownVerb = (known: readonly string[]) =>
		known.includes(verb) ? [] : [`verb '${verb}' is not a known verb`];
	if (object.startsWith('/')) {
		if (subresource !== '') throw invalidCommand('--subresource can not be used with NonResourceURL', 'auth can-i');
		return { spec: { nonResourceAttributes: { verb, path: object } }, warnings: unknownVerb(pathVerbs) };
	}
	const [type = '', ...names] = object.split('/');
	const argument = parseResourceArgument(type);
	const resource = type === '*' ? undefined : findResource(argument);
	const isKnown = resource !== undefined || type === '*' || ['users', 'groups'].includes(type);
	const where = argument.group === '' ? '' : ` in group '${argument.group}'`;
	return {
		spec: {
			resourceAttributes: {
				...(allNamespaces ? {} : { namespace }),
				verb,
				group: resource?.group ?? '',
				resource: resource?.resource ?? type,
				subresource,
				name: names.join('/'),
			},
		},
		warnings: [
			...(isKnown ? [] : [`the server doesn't have a resource type '${argument.resource}'${where}`]),
			...(allNamespaces ? [] : [...scopeWarnings(resource), ...unknownVerb(resourceVerbs)]),
		],
	};
}

function scopeWarnings(resource: ApiResource | undefined): string[] {
	if (resource === undefined || resource.namespaced) return [];
	return [
		`resource '${resource.resource}' is not namespace scoped${
			resource.group === '' ? '' : ` in group '${resource.group}'`
		}`,
	];
}

/** Prints `yes`, or `no` with the reasons. @returns whether the request is allowed */
export async function canI(
	{ spec, warnings }: AccessReview,
	{ reviews, output }: { readonly reviews: ApiClient['selfSubjectAccessReviews']; readonly output: Output },
): Promise<boolean> {
	// The empty line is upstream's.
	for (const warning of warnings) output.err(`Warning: ${warning}\n\n`);
	const {
		allowed = false,
		reason = '',
		evaluationError = '',
	} = (await reviews.create({ metadata: {}, spec })).status ?? {};
	output.out(allowed ? 'yes\n' : `${['no', reason, evaluationError].filter((text) => text !== '').join(' - ')}\n`);
	return allowed;
}
