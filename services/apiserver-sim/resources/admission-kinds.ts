/**
 * The configuration of admission: policies, their bindings, and webhooks. They are stored and validated.
 *
 * @source pkg/apis/admissionregistration/v1/defaults.go, pkg/apis/admissionregistration/validation, release 1.37
 * @differs no policy is evaluated and no webhook is called: a CEL expression is stored as text
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { pathSegmentProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import { duplicate, forbiddenField, invalid, notSupported, required } from '../../../lib/kube/object-meta.ts';
import type { ApiResource } from '../../../lib/kube/resources.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import {
	actionProblems,
	type ClientConfig,
	clientConfigProblems,
	conditionProblems,
	isBlank,
	type MatchCondition,
	type MatchResources,
	matchPolicyProblems,
	matchProblems,
	paramKindProblems,
	type Rule,
	reviewVersionProblems,
	ruleProblems,
	variableProblems,
} from './admission-rules.ts';
import { type LabelSelector, labelSelectorProblems, qualifiedProblems, repeatedIn } from './field-rules.ts';
import { kindStrategy, specOf } from './kind.ts';
import { type Condition, statusConditionProblems } from './status-conditions.ts';

const STATIC_SUFFIX = '.static.k8s.io';
/** Upstream keeps the suffix for configurations in files of the API server. @source ValidateStaticSuffix */
const staticNameProblems = ({ metadata: { name = '' } }: KubeObject): FieldProblem[] => {
	const detail =
		`names ending with "${STATIC_SUFFIX}" are reserved for static manifest-based configurations ` +
		'and cannot be managed via the API';
	return name.endsWith(STATIC_SUFFIX) ? [invalid('metadata.name', name, detail)] : [];
};

interface Webhook {
	readonly name?: string;
	readonly clientConfig?: ClientConfig;
	readonly rules?: readonly Rule[];
	readonly sideEffects?: string;
	readonly admissionReviewVersions?: readonly string[];
	readonly failurePolicy?: string;
	readonly timeoutSeconds?: number;
	readonly matchPolicy?: string;
	readonly namespaceSelector?: LabelSelector;
	readonly objectSelector?: LabelSelector;
	readonly matchConditions?: readonly MatchCondition[];
	readonly [field: string]: unknown;
}
interface Webhooks extends KubeObject {
	readonly webhooks?: readonly Webhook[];
}

const withScope = (rules: readonly Rule[] = []) => rules.map((rule) => ({ scope: '*', ...rule }));
const webhookDefaults = {
	failurePolicy: 'Fail',
	matchPolicy: 'Equivalent',
	namespaceSelector: {},
	objectSelector: {},
	timeoutSeconds: 10,
};
const withService = (config: Webhook['clientConfig']) =>
	config?.service === undefined ? config : { ...config, service: { port: 443, ...config.service } };

const failurePolicies = ['Fail', 'Ignore'];
const sideEffects = ['None', 'NoneOnDryRun'];
const reinvocationPolicies = ['IfNeeded', 'Never'];
const MAX_TIMEOUT = 30;

function webhookProblems(webhook: Webhook, at: string): FieldProblem[] {
	const { name = '', clientConfig, sideEffects: effects, admissionReviewVersions = [], timeoutSeconds = 0 } = webhook;
	const { failurePolicy = 'Fail', rules = [] } = webhook;
	const mustBe = 'must specify one of None, NoneOnDryRun';
	const isTimely = timeoutSeconds >= 1 && timeoutSeconds <= MAX_TIMEOUT;
	const timeDetail = 'the timeout value must be between 1 and 30 seconds';
	return [
		...(name === '' ? [required(`${at}.name`)] : fullyQualifiedProblems(`${at}.name`, name)),
		...rules.flatMap((rule, index) => ruleProblems(rule, `${at}.rules[${index}]`)),
		...(failurePolicies.includes(failurePolicy)
			? []
			: [notSupported(`${at}.failurePolicy`, failurePolicy, failurePolicies)]),
		...matchPolicyProblems(webhook.matchPolicy, at),
		...(effects === undefined ? [required(`${at}.sideEffects`, mustBe)] : []),
		...(effects === undefined || sideEffects.includes(effects)
			? []
			: [notSupported(`${at}.sideEffects`, effects, sideEffects)]),
		...(isTimely ? [] : [invalid(`${at}.timeoutSeconds`, timeoutSeconds, timeDetail)]),
		...labelSelectorProblems(webhook.namespaceSelector, `${at}.namespaceSelector`),
		...labelSelectorProblems(webhook.objectSelector, `${at}.objectSelector`),
		...clientConfigProblems(clientConfig, `${at}.clientConfig`),
		...conditionProblems(webhook.matchConditions, `${at}.matchConditions`),
		...reinvocationProblems(webhook.reinvocationPolicy, `${at}.reinvocationPolicy`),
		...reviewVersionProblems(admissionReviewVersions, `${at}.admissionReviewVersions`),
	];
}

const reinvocationProblems = (policy: unknown, at: string): FieldProblem[] =>
	policy === undefined || reinvocationPolicies.includes(String(policy))
		? []
		: [notSupported(at, String(policy), reinvocationPolicies)];

/** @source apimachinery/pkg/util/validation IsFullyQualifiedName */
function fullyQualifiedProblems(field: string, name: string): FieldProblem[] {
	const problems = subdomainProblems(name);
	if (problems.length > 0) return [invalid(field, name, problems.join(','))];
	if (name.split('.').length >= 3) return [];
	return [invalid(field, name, 'should be a domain with at least three segments separated by dots')];
}

/** No webhook is called for these. @source pkg/kubeapiserver/admission/exclusion/resources.go */
const excluded: ReadonlyMap<string, readonly string[]> = new Map([
	['authentication.k8s.io', ['selfsubjectreviews', 'tokenreviews']],
	[
		'authorization.k8s.io',
		['localsubjectaccessreviews', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'subjectaccessreviews'],
	],
]);

/** @source pkg/apis/admissionregistration/validation/warnings.go */
function* webhookWarnings({ webhooks = [] }: Webhooks): Generator<string> {
	for (const [at, { rules = [] }] of webhooks.entries())
		for (const [index, { apiGroups = [], resources: sent = [] }] of rules.entries()) {
			if (apiGroups.includes('*') || sent.includes('*')) continue;
			const named = new Set(sent);
			for (const group of new Set(apiGroups)) {
				const reviews = excluded.get(group) ?? [];
				for (const review of reviews.length === 0 ? [] : named)
					if (reviews.includes(review))
						yield `webhooks[${at}].rules[${index}]: ${review}.${group} is excluded from admission webhooks; ` +
							'this rule will have no effect';
			}
		}
}

const webhookKind = (resource: ApiResource, more: object) =>
	kindStrategy<Webhooks>(resource, {
		requiresVersionOnUpdate: true,
		validateCreate: staticNameProblems,
		warningsOf: webhookWarnings,
		generationOf: ({ webhooks }) => webhooks,
		setDefaults: ({ webhooks, ...object }) => ({
			...object,
			...(webhooks === undefined
				? {}
				: {
						webhooks: webhooks.map((webhook) => ({
							...webhookDefaults,
							...more,
							...webhook,
							clientConfig: withService(webhook.clientConfig),
							rules: withScope(webhook.rules),
						})),
					}),
		}),
		validate({ webhooks = [] }) {
			const names = new Set<string | undefined>();
			return webhooks.flatMap((webhook, index) => {
				const at = `webhooks[${index}]`;
				const problems = webhookProblems(webhook, at);
				if (webhook.name && names.has(webhook.name)) problems.push(duplicate(`${at}.name`, webhook.name ?? ''));
				names.add(webhook.name);
				return problems;
			});
		},
	});

export const validatingWebhookConfigurations = webhookKind(resources.validatingWebhookConfigurations, {});
export const mutatingWebhookConfigurations = webhookKind(resources.mutatingWebhookConfigurations, {
	reinvocationPolicy: 'Never',
});

interface Validation {
	readonly expression?: string;
	readonly message?: string;
	readonly messageExpression?: string;
	readonly reason?: string;
}
interface Policy extends KubeObject {
	readonly spec?: {
		readonly failurePolicy?: string;
		readonly matchConstraints?: MatchResources;
		readonly validations?: readonly Validation[];
		readonly auditAnnotations?: readonly { readonly key?: string; readonly valueExpression?: string }[];
		readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string };
		readonly matchConditions?: readonly MatchCondition[];
		readonly variables?: readonly MatchCondition[];
	};
	readonly status?: {
		readonly typeChecking?: {
			readonly expressionWarnings?: readonly { readonly warning?: string; readonly fieldRef?: string }[];
		};
		readonly conditions?: readonly Condition[];
	};
}

const withMatchDefaults = (match: MatchResources) => ({
	namespaceSelector: {},
	objectSelector: {},
	matchPolicy: 'Equivalent',
	...match,
	...(match.resourceRules === undefined ? {} : { resourceRules: withScope(match.resourceRules) }),
	...(match.excludeResourceRules === undefined ? {} : { excludeResourceRules: withScope(match.excludeResourceRules) }),
});

const withPolicyDefaults = <T extends Policy>({ spec, ...policy }: T) => ({
	...policy,
	spec: {
		failurePolicy: 'Fail',
		...spec,
		...(spec?.matchConstraints === undefined ? {} : { matchConstraints: withMatchDefaults(spec.matchConstraints) }),
	},
});

function policyProblems(spec: NonNullable<Policy['spec']>): FieldProblem[] {
	const { failurePolicy = '', matchConstraints: match } = spec;
	const at = 'spec.matchConstraints';
	return [
		...(failurePolicies.includes(failurePolicy)
			? []
			: [notSupported('spec.failurePolicy', failurePolicy, failurePolicies)]),
		...paramKindProblems(spec.paramKind, 'spec.paramKind'),
		...(match === undefined ? [required(at)] : matchProblems(match, at)),
		...(match !== undefined && (match.resourceRules ?? []).length === 0 ? [required(`${at}.resourceRules`)] : []),
		...conditionProblems(spec.matchConditions, 'spec.matchConditions'),
		...variableProblems(spec.variables, 'spec.variables'),
	];
}

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];

/** The expressions are not compiled. @source validateValidation */
function validationProblems(validation: Validation, at: string): FieldProblem[] {
	const { expression, message = '', messageExpression = '', reason } = validation;
	const isEmpty = (text: string): boolean => text !== '' && isBlank(text);
	const notEmpty = 'must be non-empty if specified';
	return [
		...(isBlank(expression) ? [required(`${at}.expression`, 'expression is not specified')] : []),
		...(isEmpty(messageExpression) ? [invalid(`${at}.messageExpression`, messageExpression, notEmpty)] : []),
		...(isEmpty(message) ? [invalid(`${at}.message`, message, notEmpty)] : []),
		...(/[\r\n]/.test(message.trim()) ? [invalid(`${at}.message`, message, 'must not contain line breaks')] : []),
		...(reason === undefined || reasons.includes(reason) ? [] : [notSupported(`${at}.reason`, reason, reasons)]),
	];
}

export const validatingAdmissionPolicies = kindStrategy<Policy>(resources.validatingAdmissionPolicies, {
	resetsMetadataOfStatus: true,
	requiresVersionOnUpdate: true,
	validateCreate: staticNameProblems,
	generationOf: specOf,
	setDefaults: withPolicyDefaults,
	validate({ metadata: { name = '' }, spec = {}, status }, _previous, subresource) {
		if (subresource === 'status') return policyStatusProblems(status);
		const { validations = [], auditAnnotations = [] } = spec;
		const repeated = repeatedIn(auditAnnotations.map(({ key = '' }) => key));
		const problems = policyProblems(spec);
		if (validations.length === 0 && auditAnnotations.length === 0) {
			const detail = 'validations or auditAnnotations must contain at least one item';
			problems.push(required('spec.validations', detail), required('spec.auditAnnotations', detail));
		}
		return [
			...problems,
			...validations.flatMap((one, index) => validationProblems(one, `spec.validations[${index}]`)),
			...auditAnnotations.flatMap(({ key = '', valueExpression }, index) => {
				const at = `spec.auditAnnotations[${index}]`;
				return [
					...(name === ''
						? [invalid(`${at}.key`, key, 'requires metadata.name be non-empty')]
						: qualifiedProblems(`${at}.key`, `${name}/${key}`)),
					...(isBlank(valueExpression) ? [required(`${at}.valueExpression`, 'valueExpression is not specified')] : []),
					...repeated(index, `${at}.key`),
				];
			}),
		];
	},
});

function policyStatusProblems({ typeChecking, conditions = [] }: NonNullable<Policy['status']> = {}): FieldProblem[] {
	const warnings = typeChecking?.expressionWarnings ?? [];
	return [
		...warnings.flatMap(({ warning = '', fieldRef = '' }, index) => {
			const at = `status.typeChecking.expressionWarnings[${index}]`;
			return [
				...(warning === '' ? [required(`${at}.warning`)] : []),
				...(isBlank(fieldRef) ? [required(`${at}.fieldRef`)] : []),
			];
		}),
		...statusConditionProblems(conditions, 'status.conditions'),
	];
}

interface Mutation {
	readonly patchType?: string;
	readonly jsonPatch?: { readonly expression?: string };
	readonly applyConfiguration?: { readonly expression?: string };
}
interface MutatingPolicy extends Policy {
	readonly spec?: NonNullable<Policy['spec']> & {
		readonly mutations?: readonly Mutation[];
		readonly reinvocationPolicy?: string;
	};
}
const mutatedOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
/** A mutation has the field of its patch type, and no other. */
const patchFields = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;
const patchTypes = Object.keys(patchFields);
const isPatchType = (type: string): type is keyof typeof patchFields => patchTypes.includes(type);

const operationProblems = ({ resourceRules = [] }: MatchResources, at: string): FieldProblem[] =>
	resourceRules
		.flatMap(({ operations = [] }) => operations)
		.filter((operation) => !mutatedOperations.includes(operation))
		.map((operation) => notSupported(`${at}.resourceRules.operations`, operation, mutatedOperations));

function mutationProblems(mutation: Mutation, at: string): FieldProblem[] {
	const { patchType = '' } = mutation;
	if (patchType === '') return [required(`${at}.patchType`)];
	if (!isPatchType(patchType)) return [notSupported(`${at}.patchType`, patchType, patchTypes)];
	const field = patchFields[patchType];
	const other = field === 'jsonPatch' ? 'applyConfiguration' : 'jsonPatch';
	const problems: FieldProblem[] = [];
	const patch = mutation[field];
	if (patch === undefined)
		problems.push(required(`${at}.${field}`, `must be specified when patchType is ${patchType}`));
	else if (isBlank(patch.expression)) problems.push(required(`${at}.${field}.expression`));
	if (mutation[other] !== undefined)
		problems.push(invalid(`${at}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`));
	return problems;
}

export const mutatingAdmissionPolicies = kindStrategy<MutatingPolicy>(resources.mutatingAdmissionPolicies, {
	requiresVersionOnUpdate: true,
	validateCreate: staticNameProblems,
	generationOf: specOf,
	setDefaults: withPolicyDefaults,
	validate({ spec = {} }) {
		const { mutations = [], matchConstraints = {}, reinvocationPolicy = '' } = spec;
		const problems = [...policyProblems(spec), ...operationProblems(matchConstraints, 'spec.matchConstraints')];
		if (mutations.length === 0) problems.push(required('spec.mutations', 'mutations must contain at least one item'));
		for (const [index, mutation] of mutations.entries())
			problems.push(...mutationProblems(mutation, `spec.mutations[${index}]`));
		if (reinvocationPolicy === '') problems.push(required('spec.reinvocationPolicy'));
		else if (!reinvocationPolicies.includes(reinvocationPolicy))
			problems.push(notSupported('spec.reinvocationPolicy', reinvocationPolicy, reinvocationPolicies));
		return problems;
	},
});

interface PolicyBinding extends KubeObject {
	readonly spec?: {
		readonly policyName?: string;
		readonly paramRef?: ParamRef;
		readonly matchResources?: MatchResources;
		readonly validationActions?: readonly string[];
	};
}
interface ParamRef {
	readonly name?: string;
	readonly selector?: LabelSelector;
	readonly parameterNotFoundAction?: string;
}

const withBindingDefaults = ({ spec, ...binding }: PolicyBinding): PolicyBinding => ({
	...binding,
	...(spec === undefined
		? {}
		: {
				spec: {
					...spec,
					...(spec.matchResources === undefined ? {} : { matchResources: withMatchDefaults(spec.matchResources) }),
				},
			}),
});

const notFoundActions = ['Deny', 'Allow'];
const EXCLUSIVE = 'name and selector are mutually exclusive';

function paramRefProblems({ name = '', selector, parameterNotFoundAction: action = '' }: ParamRef): FieldProblem[] {
	const at = 'spec.paramRef';
	const isBoth = name !== '' && selector !== undefined;
	return [
		...(name === '' ? [] : pathSegmentProblems(name).map((detail) => invalid(`${at}.name`, name, detail))),
		...(isBoth ? [forbiddenField(`${at}.name`, EXCLUSIVE)] : []),
		...labelSelectorProblems(selector, `${at}.selector`),
		...(isBoth ? [forbiddenField(`${at}.selector`, EXCLUSIVE)] : []),
		...(name === '' && selector === undefined ? [required(at, 'one of name or selector must be specified')] : []),
		...(action === '' ? [required(`${at}.parameterNotFoundAction`)] : []),
		...(action === '' || notFoundActions.includes(action)
			? []
			: [notSupported(`${at}.parameterNotFoundAction`, action, notFoundActions)]),
	];
}

const policyBindingProblems = (spec: NonNullable<PolicyBinding['spec']>): FieldProblem[] => {
	const { policyName = '', paramRef, matchResources } = spec;
	return [
		...(policyName === ''
			? [required('spec.policyName')]
			: subdomainProblems(policyName).map((detail) => invalid('spec.policyName', policyName, detail))),
		...(paramRef === undefined ? [] : paramRefProblems(paramRef)),
		...(matchResources === undefined ? [] : matchProblems(matchResources, 'spec.matchResources')),
	];
};

const actions = ['Audit', 'Deny', 'Warn'];
export const validatingAdmissionPolicyBindings = kindStrategy<PolicyBinding>(
	resources.validatingAdmissionPolicyBindings,
	{
		requiresVersionOnUpdate: true,
		generationOf: specOf,
		setDefaults: withBindingDefaults,
		validate({ spec = {}, ...object }, previous) {
			const { validationActions = [] } = spec;
			const ofName = previous === undefined ? staticNameProblems(object) : [];
			return [
				...ofName,
				...policyBindingProblems(spec),
				...actionProblems(validationActions, actions, 'spec.validationActions'),
			];
		},
	},
);

export const mutatingAdmissionPolicyBindings = kindStrategy<PolicyBinding>(resources.mutatingAdmissionPolicyBindings, {
	requiresVersionOnUpdate: true,
	validateCreate: staticNameProblems,
	generationOf: specOf,
	setDefaults: withBindingDefaults,
	validate: ({ spec = {} }) => [
		...policyBindingProblems(spec),
		...operationProblems(spec.matchResources ?? {}, 'spec.matchResources'),
	],
});
