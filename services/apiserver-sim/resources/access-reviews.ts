/**
 * Reviews of access: may this user, or the caller, do this? They are answered, not stored.
 * @source pkg/registry/authorization, pkg/apis/authorization/validation, release 1.37
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { parseLabelSelector } from '../../../lib/kube/label-selector.ts';
import { labelValueProblems, qualifiedNameProblems } from '../../../lib/kube/names.ts';
import { forbiddenField, invalid, required, requireValid } from '../../../lib/kube/object-meta.ts';
import { type ApiResource, apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import type {
	KubeObject,
	NonResourceAttributes,
	ResourceAttributes,
	SelectorAttributes,
	SelectorRequirement,
	SubjectAccessReview,
	SubjectAccessReviewStatus,
	UserInfo,
} from '../../../lib/kube/types.ts';
import type { Attributes, Authorizer, FieldRequirement } from '../authorize/attributes.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';
import { parseFieldSelector } from '../selectors.ts';

interface Question {
	readonly resourceAttributes?: ResourceAttributes;
	readonly nonResourceAttributes?: NonResourceAttributes;
}
/** The parts that the three kinds of review differ in. */
interface ReviewKind {
	readonly resource: ApiResource;
	readonly problems: (review: SubjectAccessReview) => FieldProblem[];
	readonly userOf: (request: ApiRequest) => UserInfo;
}

export const subjectAccessReviews = (authorizer: Authorizer): ResourceStorage =>
	reviewsOf(authorizer, {
		resource: resources.subjectAccessReviews,
		problems: (review) => [...userProblems(review), ...metadataProblems(review, 'must be empty', [])],
		userOf: namedUser,
	});

export const selfSubjectAccessReviews = (authorizer: Authorizer): ResourceStorage =>
	reviewsOf(authorizer, {
		resource: resources.selfSubjectAccessReviews,
		problems: (review) => metadataProblems(review, 'must be empty', []),
		userOf: ({ user }) => user,
	});

/** For a namespace, so that a namespace's admin can be allowed to ask. */
export const localSubjectAccessReviews = (authorizer: Authorizer): ResourceStorage =>
	reviewsOf(authorizer, {
		resource: resources.localSubjectAccessReviews,
		problems: (review) => [
			...userProblems(review),
			...metadataProblems(review, 'must be empty except for namespace', ['namespace']),
			...localProblems(review),
		],
		userOf: namedUser,
	});

const reviewsOf = (authorizer: Authorizer, { resource, problems, userOf }: ReviewKind): ResourceStorage => ({
	subresources: [],
	async create(request) {
		const review = request.object as SubjectAccessReview;
		const { spec = {}, metadata = {} } = review;
		// Upstream's review has no kind here.
		requireValid({ ...resource, kind: '' }, '', [...questionProblems(spec), ...problems(review)]);
		const answer: KubeObject & Pick<SubjectAccessReview, 'spec' | 'status'> = {
			apiVersion: apiVersionOf(resource),
			kind: resource.kind,
			metadata,
			spec,
			status: decide(authorizer, userOf(request), spec),
		};
		return answer;
	},
});

function namedUser({ object }: ApiRequest): UserInfo {
	const { user = '', groups, uid, extra } = (object as SubjectAccessReview).spec ?? {};
	return {
		username: user,
		groups: groups ?? [],
		...(uid ? { uid } : {}),
		...(extra ? { extra } : {}),
	};
}

const isFilled = (value: unknown): boolean =>
	value !== undefined && value !== null && value !== '' && !(typeof value === 'object' && isEmpty(value));
const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

/** Those who answer a review keep `managedFields`, as upstream. */
function metadataProblems({ metadata = {} }: KubeObject, detail: string, allowed: readonly string[]): FieldProblem[] {
	const others = Object.entries(metadata).filter(
		([name, value]) => name !== 'managedFields' && !allowed.includes(name) && isFilled(value),
	);
	return others.length === 0 ? [] : [invalid('metadata', metadata, detail)];
}

function userProblems({ spec }: SubjectAccessReview): FieldProblem[] {
	const { user = '', groups } = spec ?? {};
	if (user !== '' || (groups ?? []).length > 0) return [];
	return [invalid('spec.user', user, 'at least one of user or group must be specified')];
}

function localProblems({ metadata, spec }: SubjectAccessReview): FieldProblem[] {
	const { resourceAttributes: asked, nonResourceAttributes: path } = spec ?? {};
	const { namespace = '' } = asked ?? {};
	return [
		...(asked && namespace !== (metadata?.namespace ?? '')
			? [invalid('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace')]
			: []),
		...(path ? [invalid('spec.nonResourceAttributes', internalPath(path), 'disallowed on this kind of request')] : []),
	];
}

/** In upstream's internal type, whose fields have no names of JSON. */
const internalPath = ({ path = '', verb = '' }: NonResourceAttributes) => ({ Path: path, Verb: verb });

function questionProblems({ resourceAttributes, nonResourceAttributes }: Question): FieldProblem[] {
	const isOne = Boolean(resourceAttributes) !== Boolean(nonResourceAttributes);
	const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
	const { fieldSelector, labelSelector } = resourceAttributes ?? {};
	return [
		...(isOne ? [] : [invalid('spec', nonResourceAttributes ? internalPath(nonResourceAttributes) : null, detail)]),
		...selectorProblems(fieldSelector, 'fieldSelector'),
		...selectorProblems(labelSelector, 'labelSelector'),
	];
}

function selectorProblems(
	selector: SelectorAttributes | undefined,
	name: 'fieldSelector' | 'labelSelector',
): FieldProblem[] {
	if (!selector) return [];
	const at = `spec.resourceAttributes.${name}`;
	const { rawSelector = '', requirements } = selector;
	const list = requirements ?? [];
	if (rawSelector === '' && list.length === 0)
		return [required(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`)];
	return [
		...(rawSelector !== '' && list.length > 0
			? [invalid(`${at}.rawSelector`, rawSelector, 'may not specified at the same time as requirements')]
			: []),
		...list.flatMap((requirement, index) => requirementProblems(requirement, name, `${at}.requirements[${index}]`)),
	];
}

/** An operator that is unknown here is no problem: a newer client may send it. */
function requirementProblems(
	{ key = '', operator = '', values }: SelectorRequirement,
	name: 'fieldSelector' | 'labelSelector',
	at: string,
): FieldProblem[] {
	const count = (values ?? []).length;
	const ofValues =
		(operator === 'In' || operator === 'NotIn') && count === 0
			? [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
			: (operator === 'Exists' || operator === 'DoesNotExist') && count > 0
				? [forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
				: [];
	if (name === 'labelSelector')
		return [
			...ofValues,
			...qualifiedNameProblems(key).map((detail) => invalid(`${at}.key`, key, detail)),
			...(values ?? []).flatMap((value, index) =>
				labelValueProblems(value).map((detail) => invalid(`${at}.values[${index}]`, value, detail)),
			),
		];
	return [...(key === '' ? [required(`${at}.key`, 'must be specified')] : []), ...ofValues];
}

function decide(authorizer: Authorizer, user: UserInfo, question: Question): SubjectAccessReviewStatus {
	const { attributes, ignored } = attributesOf(user, question);
	const { decision, reason, error } = authorizer.authorize(attributes);
	const evaluationError = [...(error === undefined ? [] : [error]), ...ignored].join('; ');
	return {
		allowed: decision === 'Allow',
		...(decision === 'Deny' ? { denied: true } : {}),
		...(reason === '' ? {} : { reason }),
		...(evaluationError === '' ? {} : { evaluationError }),
	};
}

/** The question for the authorizer, and which parts of it could not be read. */
function attributesOf(
	user: UserInfo,
	{ resourceAttributes: asked, nonResourceAttributes: path }: Question,
): { readonly attributes: Attributes; readonly ignored: readonly string[] } {
	if (!asked)
		return {
			attributes: { resourceRequest: false, user, verb: path?.verb ?? '', path: path?.path ?? '' },
			ignored: [],
		};
	const fields = asked.fieldSelector ? readFields(asked.fieldSelector) : undefined;
	const labels = asked.labelSelector ? unreadLabels(asked.labelSelector) : undefined;
	const ignored = (name: string, { isBroken, count }: { isBroken: boolean; count: number }) =>
		isBroken ? [`spec.resourceAttributes.${name} ${count > 0 ? 'partially ' : ''}ignored due to parse error`] : [];
	return {
		attributes: {
			resourceRequest: true,
			user,
			verb: asked.verb ?? '',
			apiGroup: asked.group ?? '',
			apiVersion: asked.version || '*',
			resource: asked.resource ?? '',
			subresource: asked.subresource ?? '',
			namespace: asked.namespace ?? '',
			name: asked.name ?? '',
			...(fields === undefined || fields.read.length === 0 ? {} : { fieldSelector: fields.read }),
		},
		ignored: [
			...(fields === undefined ? [] : ignored('fieldSelector', { ...fields, count: fields.read.length })),
			...(labels === undefined ? [] : ignored('labelSelector', labels)),
		],
	};
}

/** Requirements are combined with "and", so a question without the broken ones is a wider one. */
function readFields({ rawSelector = '', requirements }: SelectorAttributes): {
	readonly read: readonly FieldRequirement[];
	readonly isBroken: boolean;
} {
	const list = requirements ?? [];
	if (list.length > 0) {
		const read = list.flatMap(({ key = '', operator = '', values = [] }): FieldRequirement[] => {
			const [value] = values ?? [];
			const symbol = operator === 'In' ? '=' : operator === 'NotIn' ? '!=' : undefined;
			return symbol === undefined || value === undefined || values?.length !== 1
				? []
				: [{ field: key, operator: symbol, value }];
		});
		return { read, isBroken: read.length < list.length };
	}
	const isBroken = !isReadable(() => parseFieldSelector(rawSelector));
	return { read: isBroken ? [] : parseFieldSelector(rawSelector), isBroken };
}

function isReadable(parse: () => unknown): boolean {
	try {
		parse();
		return true;
	} catch {
		return false;
	}
}

/** No authorizer here reads label selectors, so only what cannot be read of them counts. */
function unreadLabels({ rawSelector = '', requirements }: SelectorAttributes): {
	readonly isBroken: boolean;
	readonly count: number;
} {
	const list = requirements ?? [];
	const known = list.filter(
		({ operator = '', values }) =>
			['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator) &&
			(values ?? []).every((value) => labelValueProblems(value).length === 0),
	);
	if (list.length === 0) return { isBroken: !isReadable(() => parseLabelSelector(rawSelector)), count: 0 };
	return { isBroken: known.length < list.length, count: known.length };
}
