/**
 * The configuration of admission: policies, their bindings, and webhooks. They are stored and validated.
 *
 * @source pkg/apis/admissionregistration/v1/defaults.go, pkg/apis/admissionregistration/validation, release 1.37
 * @differs no policy is evaluated and no webhook is called: a CEL expression is stored as text
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { subdomainProblems } from '../../../lib/kube/names.ts';
import { duplicate, forbiddenField, invalid, notSupported, required } from '../../../lib/kube/object-meta.ts';
import type { ApiResource } from '../../../lib/kube/resources.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { kindStrategy, specOf } from './kind.ts';

interface Rule {
	readonly apiGroups?: readonly string[];
	readonly apiVersions?: readonly string[];
	readonly resources?: readonly string[];
	readonly operations?: readonly string[];
	readonly scope?: string;
}
interface Webhook {
	readonly name?: string;
	readonly clientConfig?: { readonly url?: string; readonly service?: { readonly port?: number } };
	readonly rules?: readonly Rule[];
	readonly sideEffects?: string;
	readonly admissionReviewVersions?: readonly string[];
	readonly failurePolicy?: string;
	readonly timeoutSeconds?: number;
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
const MAX_TIMEOUT = 30;

function webhookProblems(webhook: Webhook, at: string): FieldProblem[] {
	const { name = '', clientConfig, sideEffects: effects, admissionReviewVersions = [], timeoutSeconds = 0 } = webhook;
	const problems = name === '' ? [required(`${at}.name`)] : fullyQualifiedProblems(`${at}.name`, name);
	if (effects === undefined) problems.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
	else if (!sideEffects.includes(effects)) problems.push(notSupported(`${at}.sideEffects`, effects, sideEffects));
	if (admissionReviewVersions.length === 0)
		problems.push(required(`${at}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
	if ((clientConfig?.url === undefined) === (clientConfig?.service === undefined))
		problems.push(required(`${at}.clientConfig`, 'exactly one of url or service is required'));
	if (timeoutSeconds < 1 || timeoutSeconds > MAX_TIMEOUT)
		problems.push(
			invalid(
				`${at}.timeoutSeconds`,
				timeoutSeconds,
				timeoutSeconds < 1 ? 'the timeout value must be between 1 and 30 seconds' : 'must be between 1 and 30 seconds',
			),
		);
	const { failurePolicy = 'Fail' } = webhook;
	if (!failurePolicies.includes(failurePolicy))
		problems.push(notSupported(`${at}.failurePolicy`, failurePolicy, failurePolicies));
	return problems;
}

const fullyQualifiedProblems = (field: string, name: string): FieldProblem[] => [
	...subdomainProblems(name).map((detail) => invalid(field, name, detail)),
	...(name.split('.').length < 3
		? [invalid(field, name, 'should be a domain with at least three segments separated by dots')]
		: []),
];

const webhookKind = (resource: ApiResource, more: object) =>
	kindStrategy<Webhooks>(resource, {
		requiresVersionOnUpdate: true,
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
				if (names.has(webhook.name)) problems.push(duplicate(`${at}.name`, webhook.name ?? ''));
				names.add(webhook.name);
				return problems;
			});
		},
	});

export const validatingWebhookConfigurations = webhookKind(resources.validatingWebhookConfigurations, {});
export const mutatingWebhookConfigurations = webhookKind(resources.mutatingWebhookConfigurations, {
	reinvocationPolicy: 'Never',
});

interface MatchResources {
	readonly resourceRules?: readonly Rule[];
	readonly excludeResourceRules?: readonly Rule[];
	readonly [field: string]: unknown;
}
interface Policy extends KubeObject {
	readonly spec?: {
		readonly failurePolicy?: string;
		readonly matchConstraints?: MatchResources;
		readonly validations?: readonly { readonly expression?: string }[];
		readonly auditAnnotations?: readonly object[];
		readonly [field: string]: unknown;
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

function policyProblems({ failurePolicy = '', matchConstraints }: NonNullable<Policy['spec']>): FieldProblem[] {
	const problems: FieldProblem[] = [];
	if (!failurePolicies.includes(failurePolicy))
		problems.push(notSupported('spec.failurePolicy', failurePolicy, failurePolicies));
	if (matchConstraints === undefined) problems.push(required('spec.matchConstraints'));
	else if ((matchConstraints.resourceRules ?? []).length === 0)
		problems.push(required('spec.matchConstraints.resourceRules'));
	return problems;
}

const isBlank = (text = ''): boolean => text.trim() === '';

export const validatingAdmissionPolicies = kindStrategy<Policy>(resources.validatingAdmissionPolicies, {
	requiresVersionOnUpdate: true,
	generationOf: specOf,
	setDefaults: withPolicyDefaults,
	validate({ spec = {} }) {
		const { validations = [], auditAnnotations = [] } = spec;
		const problems = policyProblems(spec);
		if (validations.length === 0 && auditAnnotations.length === 0) {
			const detail = 'validations or auditAnnotations must contain at least one item';
			problems.push(required('spec.validations', detail), required('spec.auditAnnotations', detail));
		}
		return [
			...problems,
			...validations.flatMap(({ expression }, index) =>
				isBlank(expression) ? [required(`spec.validations[${index}].expression`, 'expression is not specified')] : [],
			),
		];
	},
});

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
const reinvocationPolicies = ['IfNeeded', 'Never'];
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
	readonly selector?: object;
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
	const problems: FieldProblem[] = [];
	if (name !== '' && selector !== undefined)
		problems.push(forbiddenField(`${at}.name`, EXCLUSIVE), forbiddenField(`${at}.selector`, EXCLUSIVE));
	if (name === '' && selector === undefined) problems.push(required(at, 'one of name or selector must be specified'));
	if (action === '') problems.push(required(`${at}.parameterNotFoundAction`));
	else if (!notFoundActions.includes(action))
		problems.push(notSupported(`${at}.parameterNotFoundAction`, action, notFoundActions));
	return problems;
}

const policyBindingProblems = ({ policyName = '', paramRef }: NonNullable<PolicyBinding['spec']>): FieldProblem[] => [
	...(policyName === ''
		? [required('spec.policyName')]
		: subdomainProblems(policyName).map((detail) => invalid('spec.policyName', policyName, detail))),
	...(paramRef === undefined ? [] : paramRefProblems(paramRef)),
];

const actions = ['Audit', 'Deny', 'Warn'];
export const validatingAdmissionPolicyBindings = kindStrategy<PolicyBinding>(
	resources.validatingAdmissionPolicyBindings,
	{
		requiresVersionOnUpdate: true,
		generationOf: specOf,
		setDefaults: withBindingDefaults,
		validate({ spec = {} }) {
			const { validationActions = [] } = spec;
			return [
				...policyBindingProblems(spec),
				...(validationActions.length === 0 ? [required('spec.validationActions')] : []),
				...validationActions.flatMap((action, index) =>
					actions.includes(action) ? [] : [notSupported(`spec.validationActions[${index}]`, action, actions)],
				),
			];
		},
	},
);

export const mutatingAdmissionPolicyBindings = kindStrategy<PolicyBinding>(resources.mutatingAdmissionPolicyBindings, {
	requiresVersionOnUpdate: true,
	generationOf: specOf,
	setDefaults: withBindingDefaults,
	validate: ({ spec = {} }) => [
		...policyBindingProblems(spec),
		...operationProblems(spec.matchResources ?? {}, 'spec.matchResources'),
	],
});
