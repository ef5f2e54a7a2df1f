/**
 * The configuration of admission: policies, their bindings, and webhooks. They are stored and validated.
 *
 * @source pkg/apis/admissionregistration/v1/defaults.go, pkg/apis/admissionregistration/validation, release 1.37
 * @differs no policy is evaluated and no webhook is called: a CEL expression is stored as text
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { subdomainProblems } from '../../../lib/kube/names.ts';
import { duplicate, invalid, notSupported, required } from '../../../lib/kube/object-meta.ts';
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

interface Policy extends KubeObject {
	readonly spec?: {
		readonly failurePolicy?: string;
		readonly matchConstraints?: { readonly resourceRules?: readonly Rule[]; readonly [field: string]: unknown };
		readonly validations?: readonly { readonly expression?: string }[];
		readonly auditAnnotations?: readonly object[];
		readonly [field: string]: unknown;
	};
}

export const validatingAdmissionPolicies = kindStrategy<Policy>(resources.validatingAdmissionPolicies, {
	requiresVersionOnUpdate: true,
	generationOf: specOf,
	setDefaults: ({ spec, ...policy }) => ({
		...policy,
		spec: {
			failurePolicy: 'Fail',
			...spec,
			...(spec?.matchConstraints === undefined
				? {}
				: {
						matchConstraints: {
							namespaceSelector: {},
							objectSelector: {},
							matchPolicy: 'Equivalent',
							...spec.matchConstraints,
							...(spec.matchConstraints.resourceRules === undefined
								? {}
								: { resourceRules: withScope(spec.matchConstraints.resourceRules) }),
						},
					}),
		},
	}),
	validate({ spec = {} }) {
		const { validations = [], auditAnnotations = [], matchConstraints, failurePolicy = '' } = spec;
		const problems: FieldProblem[] = [];
		if (!failurePolicies.includes(failurePolicy))
			problems.push(notSupported('spec.failurePolicy', failurePolicy, failurePolicies));
		if (matchConstraints === undefined) problems.push(required('spec.matchConstraints'));
		else if ((matchConstraints.resourceRules ?? []).length === 0)
			problems.push(required('spec.matchConstraints.resourceRules'));
		if (validations.length === 0 && auditAnnotations.length === 0) {
			const detail = 'validations or auditAnnotations must contain at least one item';
			problems.push(required('spec.validations', detail), required('spec.auditAnnotations', detail));
		}
		return [
			...problems,
			...validations.flatMap(({ expression = '' }, index) =>
				expression.trim() === ''
					? [required(`spec.validations[${index}].expression`, 'expression is not specified')]
					: [],
			),
		];
	},
});

interface PolicyBinding extends KubeObject {
	readonly spec?: { readonly policyName?: string; readonly validationActions?: readonly string[] };
}
const actions = ['Audit', 'Deny', 'Warn'];
export const validatingAdmissionPolicyBindings = kindStrategy<PolicyBinding>(
	resources.validatingAdmissionPolicyBindings,
	{
		requiresVersionOnUpdate: true,
		generationOf: specOf,
		validate({ spec: { policyName = '', validationActions = [] } = {} }) {
			return [
				...(policyName === '' ? [required('spec.policyName')] : []),
				...(validationActions.length === 0 ? [required('spec.validationActions')] : []),
				...validationActions.flatMap((action, index) =>
					actions.includes(action) ? [] : [notSupported(`spec.validationActions[${index}]`, action, actions)],
				),
			];
		},
	},
);
